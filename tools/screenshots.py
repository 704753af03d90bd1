"""Pictures of every page, light and dark; those that the documentation shows are made anew."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import expect  # noqa: E402

from ctfy.sdk import PlatformClient  # noqa: E402
from ctfy.server.database.embedded import EmbeddedPostgres  # noqa: E402
from ctfy.server.database.migrate import upgrade  # noqa: E402
from tests.conftest import (  # noqa: E402
    ADMIN_EMAIL,
    PASSWORD,
    Arena,
    make_admin,
    mint_invite,
    sign_in,
)
from tests.processes import stack  # noqa: E402
from tests.web.browser import launched, window  # noqa: E402
from tests.web.world import World, make_world  # noqa: E402

PICTURES = ROOT / "dist" / "screenshots"
SHOWN = ROOT / "docs" / "images"
SIZE, QUALITY = (1120, 700), 50


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ctfy-pictures-") as name:
        folder = Path(name)
        postgres = EmbeddedPostgres(folder)
        database = postgres.start()
        try:
            upgrade(database)
            make_admin(database)
            with (
                stack(database, folder, mint_invite) as up,
                sign_in(up.url, ADMIN_EMAIL) as admin,
                make_world(Arena(up.url, admin)) as world,
            ):
                for scheme in ("dark", "light"):
                    take(up.url, world, admin, scheme)
        finally:
            postgres.stop()
    for picture in SHOWN.iterdir():
        shutil.copyfile(PICTURES / picture.name, picture)


def take(url: str, world: World, admin: PlatformClient, scheme: str) -> None:
    """Pictures of what visitors, players and operators see, in one scheme."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        for who in ("visitor", "player", "operator"):
            with window(browser, url, SIZE, scheme) as mine:
                if who != "visitor":
                    mine.sign_in(world.player if who == "player" else admin, PASSWORD)
                for path in world.pages(who):
                    page = mine.open(path)
                    page.locator("main h1").first.wait_for(state="attached")
                    expect(page.get_by_label("Loading")).to_have_count(0)
                    page.wait_for_timeout(900)  # until what rises on the wall has risen
                    address = re.sub(r"[^a-z0-9]+", "-", world.named(path).lower()).rstrip("-")
                    page.screenshot(
                        path=PICTURES / f"{who}{address}-{scheme}.jpg", type="jpeg", quality=QUALITY
                    )
                    mine.complaints.clear()  # of the address that is not there


if __name__ == "__main__":
    main()
