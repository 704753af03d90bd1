"""Ctrl-K finds anything, and single keys do what the page says they do."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.available import needs
from tests.conftest import PASSWORD, Arena
from tests.web.browser import DESKTOP, PHONE, Window, findings, window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-finding")]


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def mine(request: pytest.FixtureRequest, arena: Arena, browser: Browser) -> Iterator[Window]:
    competition = arena.competition("field-notes", title="Finders Cup")
    player = arena.registered(competition, "Seeker")
    with window(browser, arena.url, request.param) as opened:
        page = opened.sign_in(player, PASSWORD).open(f"/competitions/{competition.id}")
        expect(page.get_by_role("heading", name="Finders Cup")).to_be_visible()
        yield opened


def test_ctrl_k_finds_a_challenge_a_team_and_a_page(mine: Window) -> None:
    page = mine.page
    box = page.get_by_role("combobox", name="Find a page, a competition, a challenge, a team")
    for text, kind, address in (
        ("field", "Challenges", re.compile("/challenges/field-notes$")),
        ("seeker", "Teams", re.compile("/teams/")),
        ("achieve", "Pages", re.compile("/achievements$")),
        ("finders", "Competitions", re.compile("/competitions/")),
    ):
        page.keyboard.press("Control+k")
        box.fill(text)
        expect(page.get_by_role("listbox").get_by_text(kind, exact=True)).to_be_visible()
        expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
        box.press("Enter")
        expect(page).to_have_url(address)
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_finder_is_sound_and_says_when_there_is_nothing(mine: Window) -> None:
    page = mine.page
    page.get_by_role("button", name="Find", exact=True).click()
    box = page.get_by_role("combobox")
    expect(page.get_by_role("option").first).to_be_visible()
    assert findings(page) == []
    box.fill("no such thing")
    expect(page.get_by_text("Nothing is called that.")).to_be_visible()
    box.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_single_keys_do_what_the_page_lists_and_nothing_while_one_writes(mine: Window) -> None:
    page = mine.page
    page.get_by_role("tab", name="Challenges").wait_for()
    page.keyboard.press("2")
    expect(page).to_have_url(re.compile("/challenges$"))
    page.get_by_role("link", name="Field notes").first.click()
    answer = page.get_by_role("textbox").first
    expect(answer).to_be_visible()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys.get_by_role("row").filter(has_text=re.compile("^a"))).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    page.keyboard.press("a")
    expect(answer).to_be_focused()
    page.keyboard.type("gs?2")
    expect(answer).to_have_value("gs?2")
    answer.blur()
    page.keyboard.press("?")
    keys.get_by_role("switch", name="Single keys do something").click()
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    here = page.url
    page.keyboard.press("2")
    page.keyboard.press("?")
    expect(keys).to_have_count(0)
    assert page.url == here
