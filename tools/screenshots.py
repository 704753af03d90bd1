"""Pictures of every page, light and dark, and the page of the documentation that shows them."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import expect  # noqa: E402

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

PICTURES = ROOT / "docs" / "images"
PAGE = ROOT / "docs" / "screens.md"
SIZE, QUALITY = (1120, 700), 50
TITLES = {
    "visitor": "For visitors",
    "player": "For players",
    "operator": "For operators",
}


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
                taken = [
                    picture
                    for scheme in ("dark", "light")
                    for picture in take(up.url, world, admin, scheme)
                ]
        finally:
            postgres.stop()
    write_page(dict(taken))


def take(url, world: World, admin, scheme: str):  # type: ignore[no-untyped-def]
    """Pictures in one scheme: (address, who and file)."""
    PICTURES.mkdir(exist_ok=True)
    with launched() as browser:
        for who in TITLES:
            with window(browser, url, SIZE, scheme) as mine:
                if who != "visitor":
                    mine.sign_in(world.player if who == "player" else admin, PASSWORD)
                for path in world.pages(who):
                    page = mine.open(path)
                    page.locator("main h1").first.wait_for(state="attached")
                    expect(page.get_by_label("Loading")).to_have_count(0)
                    page.wait_for_timeout(400)
                    address = world.named(path)
                    file = f"{who}{re.sub(r'[^a-z0-9]+', '-', address.lower()).rstrip('-')}"
                    page.screenshot(
                        path=PICTURES / f"{file}-{scheme}.jpg", type="jpeg", quality=QUALITY
                    )
                    mine.complaints.clear()  # of the address that is not there
                    yield (who, address), file


def write_page(pictures: dict[tuple[str, str], str]) -> None:
    lines = ["# Every page", "", "Made by `make screenshots`, dark and light.", ""]
    for who, title in TITLES.items():
        lines += [f"## {title}", ""]
        for (seen_by, address), file in pictures.items():
            if seen_by == who:
                lines += [f"### `{address}`", ""]
                lines += [f"![{address}, {s}](images/{file}-{s}.jpg)" for s in ("dark", "light")]
                lines.append("")
    PAGE.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
