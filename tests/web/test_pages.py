"""Every page: nothing serious for axe, a silent console, a title, no sideways scrolling."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, TimeoutError, expect

from tests.conftest import PASSWORD, Arena
from tests.web.browser import DESKTOP, PHONE, Window, findings, window
from tests.web.world import World, make_world

pytestmark = pytest.mark.xdist_group("web-pages")
LOOKS = [(DESKTOP, "dark"), (PHONE, "light")]
WHO = ["visitor", "player", "operator"]


@pytest.fixture(scope="module")
def world(arena: Arena) -> Iterator[World]:
    with make_world(arena) as world:
        yield world


@pytest.mark.parametrize(("size", "scheme"), LOOKS, ids=["desktop-dark", "phone-light"])
@pytest.mark.parametrize("who", WHO)
def test_every_page_is_sound(
    arena: Arena, world: World, browser: Browser, who: str, size: tuple[int, int], scheme: str
) -> None:
    wrong: dict[str, list[str]] = {}
    titles: dict[str, str] = {}
    with window(browser, arena.url, size, scheme) as mine:
        if who != "visitor":
            mine.sign_in(world.player if who == "player" else arena.admin, PASSWORD)
        for path in world.pages(who):
            found = look_at(mine, path)
            title = mine.page.title()
            if title in titles.values() and "?" not in path:
                found.append(f"has the title of another page: {title}")
            titles[path] = title
            if found:
                wrong[path] = found
            mine.complaints.clear()
    assert not wrong, "\n".join(
        f"{path}: {each}" for path, found in wrong.items() for each in found
    )


def look_at(mine: Window, path: str) -> list[str]:
    page = mine.open(path)
    try:
        page.locator("main h1").first.wait_for(state="attached")
        expect(page.get_by_label("Loading")).to_have_count(0)
    except (AssertionError, TimeoutError) as error:
        return [*mine.complaints, f"does not come up: {error}"]
    page.wait_for_timeout(150)  # what fades in has its colours then
    found = findings(page) + mine.lasting()
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        found.append(f"is {wide} px too wide")
    if page.get_by_text("This could not be loaded").count():
        found.append(page.get_by_role("alert").first.inner_text())
    if page.locator("h1").count() != 1:
        found.append(f"has {page.locator('h1').count()} first headings")
    return found


def test_every_address_of_the_router_is_looked_at(world: World) -> None:
    seen = {path.partition("?")[0] for who in WHO for path in world.pages(who)}
    assert world.uncovered(seen) == set()
