"""What is asked at registration, from the operator who asks to the operator who reads."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.available import needs
from tests.conftest import PASSWORD, Arena
from tests.hostile_images import drawn
from tests.web.browser import PHONE, settled, window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-operators")]


def test_what_an_operator_asks_is_answered_at_registration_and_read_by_them(
    arena: Arena, browser: Browser
) -> None:
    competition = arena.competition("notes")
    page_of_operators = f"/admin/competitions/{competition.id}?tab="
    with window(browser, arena.url) as mine:
        page = mine.sign_in(arena.admin, PASSWORD).open(f"{page_of_operators}fields")
        page.get_by_role("button", name="New field").click()
        page.get_by_label("Label", exact=True).fill("Motto of your team")
        page.get_by_label("Name for programs").fill("motto")
        page.get_by_label("It must be answered").check()
        page.get_by_label("Everybody sees the answer").check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Text · required · public · 0 answers")).to_be_visible()
        with window(browser, arena.url, PHONE) as theirs:
            player = arena.player("Asked")
            asked = theirs.sign_in(player, PASSWORD).open(f"/competitions/{competition.id}")
            asked.get_by_label("Motto of your team").fill("Be kind")
            asked.get_by_role("button", name="Play solo").click()
            expect(asked.get_by_text("Pocket Notes").first).to_be_visible()
            asked.goto(f"{arena.url}/competitions/{competition.id}/team")
            asked.get_by_label("Motto of your team").fill("Be kinder")
            asked.get_by_role("button", name="Save").last.click()
            expect(asked.get_by_text("Saved")).to_be_visible()
        page.goto(f"{arena.url}{page_of_operators}people")
        expect(page.get_by_role("row", name="Asked Asked Be kinder")).to_be_visible()
        page.goto(f"{arena.url}{page_of_operators}fields")
        page.get_by_role("tabpanel").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("dialog").get_by_text("1 answer goes with it.")).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_text("Nothing is asked.")).to_be_visible()
    assert arena.admin.admin.fields.list(competition.id) == []


def test_who_was_not_asked_yet_is_asked_and_can_put_it_off(arena: Arena, browser: Browser) -> None:
    player, fields = arena.player("Imported"), arena.admin.admin.fields
    agree = fields.create("agree", "I know the rules", kind="consent", required=True)
    try:
        with window(browser, arena.url) as mine:
            page = mine.sign_in(player, PASSWORD).open("/settings")
            page.get_by_role("button", name="Later").click()
            expect(page.get_by_role("heading", name="Settings")).to_be_visible()
            page.get_by_label("Upload a picture").set_input_files(
                {"name": "me.png", "mimeType": "image/png", "buffer": drawn(size=(300, 200))}
            )
            settled(page, "document.querySelector('main img')?.naturalWidth === 200")
            shown = page.locator("main img").get_attribute("src")
            assert shown == player.me.get().avatar_url
        with window(browser, arena.url) as mine:
            page = mine.sign_in(player, PASSWORD).open("/achievements")
            page.get_by_label("I know the rules").check()
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("heading", name="Achievements").first).to_be_visible()
        assert player.me.get().missing_fields == []
    finally:
        fields.delete(agree.id, force=True)
