"""Every page: nothing serious for axe, a silent console, a title, no sideways scrolling."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, TimeoutError, expect

from tests.available import needs
from tests.conftest import PASSWORD, Arena
from tests.web.browser import DESKTOP, PHONE, Window, findings, settled, window
from tests.web.world import World, make_world

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-pages")]
# Only then has it its colours. What moves for as long as it is there is not waited for.
FADED_IN = (
    "document.getAnimations().every(a => a.playState !== 'running'"
    " || a.effect.getComputedTiming().endTime === Infinity)"
)
# Texts of which a part is cut off, unless a title says them whole; what is there for screen
# readers alone is a pixel wide.
CUT_OFF = """() => [...document.querySelectorAll("body *")].filter(e =>
    e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1 && e.checkVisibility()
    && !e.closest("[title]")
    && ["hidden", "clip"].includes(getComputedStyle(e).overflowX)
    && [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim())
  ).map(e => e.innerText.slice(0, 80))"""
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
    dialogs: set[str] = set()
    with window(browser, arena.url, size, scheme) as mine:
        if who != "visitor":
            mine.sign_in(world.player if who == "player" else arena.admin, PASSWORD)
        for path in world.pages(who):
            found = look_at(mine, path)
            title = mine.page.title()
            if title in titles.values() and "?" not in path:
                found.append(f"has the title of another page: {title}")
            titles[path] = title
            found += look_at_dialogs(mine, dialogs)
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
    page.wait_for_timeout(150)
    settled(page, FADED_IN)
    found = findings(page) + mine.complaints
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        found.append(f"is {wide} px too wide")
    found += [f"cuts off: {words}" for words in page.evaluate(CUT_OFF)]
    if page.get_by_text("This could not be loaded").count():
        found.append(page.get_by_role("alert").first.inner_text())
    if page.locator("h1").count() != 1:
        found.append(f"has {page.locator('h1').count()} first headings")
    return found


def look_at_dialogs(mine: Window, seen: set[str]) -> list[str]:
    """What is wrong with the dialogs that a page's buttons open; each kind of button once."""
    found = []
    buttons = mine.page.locator("main button[aria-haspopup=dialog]:visible:enabled")
    labels = [button.inner_text() for button in buttons.all()]
    for place, label in enumerate(labels):
        if label in seen:
            continue
        seen.add(label)
        buttons.nth(place).click()
        dialog = mine.page.get_by_role("dialog")
        dialog.wait_for()
        settled(mine.page, FADED_IN)
        found += [f"dialog of “{label}”: {each}" for each in findings(mine.page)]
        found += [f"“{label}” cuts off: {words}" for words in mine.page.evaluate(CUT_OFF)]
        mine.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    return found


def test_every_address_of_the_router_is_looked_at(world: World) -> None:
    seen = {path.partition("?")[0] for who in WHO for path in world.pages(who)}
    assert world.uncovered(seen) == set()


def test_descriptions_are_markdown_and_nothing_more(arena: Arena, browser: Browser) -> None:
    written = (
        "# Rules\n\n**Bold**, `a < b` &amp; [rules](https://example.org/rules) "
        "[bad](javascript:alert(1)) ![sun](https://example.org/sun.png) <b>raw</b>\n\n"
        "1. one\n2. two\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```\n<script>code</script>\n```\n"
    )
    deep = arena.competition(description=">" * 5000 + " deep")
    competition = arena.competition(description=written)
    with window(browser, arena.url) as mine:
        page = mine.sign_in(arena.player("Reader"), PASSWORD).open(
            f"/competitions/{competition.id}"
        )
        prose = page.locator("main .prose")
        expect(prose.get_by_role("heading", name="Rules")).to_be_visible()
        expect(prose.locator("strong")).to_have_text("Bold")
        expect(prose.locator("p code")).to_have_text("a < b")
        expect(prose.get_by_role("link")).to_have_text(["rules", "sun"])
        expect(prose).to_contain_text("& rules bad sun <b>raw</b>")
        expect(prose.get_by_role("listitem")).to_have_text(["one", "two"])
        expect(prose.get_by_role("cell")).to_have_text(["1", "2"])
        expect(prose.locator("pre")).to_have_text("<script>code</script>\n")
        assert prose.locator("img, script, b").count() == 0
        mine.open(f"/competitions/{deep.id}")
        expect(page.get_by_text("deep")).to_be_visible()
