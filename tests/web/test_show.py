"""What there is to see: the wall in a hall, a right answer, ranks that move, teams compared."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from ctfy.sdk import PlatformClient
from ctfy.server.models.competitions import CompetitionInfo
from tests.available import needs
from tests.conftest import PASSWORD, Arena
from tests.web.browser import settled, window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-show")]
HOSTILE = ["W" * 60, "فريق القراصنة", "<b>bold</b>", "פריצת מערכות", "a b " * 15]
ANSWERS: dict[str, str | list[str]] = {
    "answer": "hello",
    "algorithm": "MD5",
    "properties": ["Collision resistance", "Preimage resistance"],
}
# Which rows were set in motion.
MOVES = """
window.moved = [];
const animate = Element.prototype.animate;
Element.prototype.animate = function (...how) {
  if (this.dataset.row) window.moved.push(this.textContent);
  return animate.apply(this, how);
};
"""
# How far a page goes, and what of it is beyond the screen.
SCROLLED = """
(({ scrollWidth, scrollHeight }) => [scrollWidth, scrollHeight])(document.documentElement)
"""
OUTSIDE = """
[...document.querySelectorAll("header, h1, h2, li, tr, button")].filter((part) => {
  const { left, top, right, bottom } = part.getBoundingClientRect();
  return left < 0 || top < 0 || right > innerWidth || bottom > innerHeight;
}).map((part) => part.textContent)
"""


def answer(player: PlatformClient, competition: CompetitionInfo, *questions: str) -> None:
    for question in questions:
        player.submissions.submit_qa(
            "field-notes", competition.id, ANSWERS[question], question_id=question
        )


def test_the_wall_fits_its_screen(arena: Arena, browser: Browser) -> None:
    competition = arena.competition(
        "field-notes",
        title="The Cup of Everybody Who Ever Gave Us Anything, and Friends " * 2,
        rank_by="points",
        ends_at=datetime.now(UTC) + timedelta(days=2),
    )
    players = [arena.registered(competition, name) for name in HOSTILE]
    for player in players[:4]:
        answer(player, competition, "answer")
    answer(players[0], competition, "algorithm", "properties")
    heights = []
    for size in ((1920, 1080), (3840, 2160), (390, 844)):
        with window(browser, arena.url, size) as mine:
            page = mine.open(f"/wall/{competition.id}")
            expect(page.get_by_role("list", name="Podium").get_by_role("listitem")).to_have_count(3)
            expect(page.locator("tbody tr")).to_have_count(2)
            assert page.evaluate(SCROLLED) == list(size)
            assert page.evaluate(OUTSIDE) == []
            heights.append(page.get_by_role("timer").evaluate("(clock) => clock.offsetHeight"))
    assert heights[0] > 1080 * 0.1  # for the last row of a hall
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.02)


def test_a_first_blood_is_an_event_on_the_wall(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("field-notes")
    solver = arena.registered(competition, "Quickest")
    with window(browser, arena.url) as mine:
        mine.page.clock.install()
        page = mine.open(f"/wall/{competition.id}")
        expect(page.get_by_text("Nobody has solved anything yet")).to_be_visible()
        sound = page.get_by_role("button", name="Sound")
        sound.click()
        expect(sound).to_have_attribute("aria-pressed", "true")
        answer(solver, competition, *ANSWERS)
        told = page.get_by_role("status").filter(has_text="First blood!")
        expect(told).to_contain_text("Field Notes")
        expect(told).to_contain_text("Quickest")
        banner = told.locator(".wall-blood")
        assert banner.evaluate("(banner) => banner.offsetWidth === innerWidth")
        page.clock.fast_forward(10_000)
        expect(told).to_have_count(0)
        page.reload()
        expect(sound).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_text("Quickest").first).to_be_visible()
        expect(told).to_have_count(0)  # what was there before is no news


def test_a_right_answer_is_celebrated_and_in_words_where_nothing_may_move(
    arena: Arena, browser: Browser
) -> None:
    competition = arena.competition("field-notes", rank_by="points", first_blood_bonus=25)
    ahead, player = arena.registered(competition, "Ahead"), arena.registered(competition)
    answer(ahead, competition, "answer")
    with window(browser, arena.url) as mine:
        mine.page.clock.install()
        mine.page.emulate_media(reduced_motion="reduce")
        page = mine.sign_in(player, PASSWORD).open(
            f"/competitions/{competition.id}/challenges/field-notes"
        )
        page.get_by_label("MD5").check()
        page.get_by_role("button", name="Submit").nth(1).click()
        told = page.get_by_role("status").filter(has_text="Correct!")
        expect(told).to_contain_text("+33 points")
        expect(page.locator("canvas")).to_have_count(0)
        page.get_by_label(re.compile("What does the word")).fill("hello")
        page.get_by_role("button", name="Submit").first.click()
        expect(page.get_by_role("status").filter(has_text="Your team is now #1.")).to_be_visible()

        page.emulate_media(reduced_motion="no-preference")
        for choice in ("Collision resistance", "Preimage resistance"):
            page.get_by_label(choice).check()
        page.get_by_role("button", name="Submit").click()
        first = page.get_by_role("status").filter(has_text="First blood!")
        expect(first).to_contain_text("+59 points")
        expect(page.locator("canvas.confetti")).to_have_css("pointer-events", "none")
        page.clock.fast_forward(12_000)
        expect(first).to_have_count(0)  # by itself


def test_rows_move_to_their_new_ranks(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("field-notes", rank_by="points")
    first, second = arena.registered(competition, "Leader"), arena.registered(competition, "Chaser")
    answer(first, competition, "answer")
    with window(browser, arena.url) as lively, window(browser, arena.url) as calm:
        calm.page.emulate_media(reduced_motion="reduce")
        for each in (lively, calm):
            each.page.add_init_script(MOVES)
            page = each.sign_in(first, PASSWORD).open(f"/competitions/{competition.id}/scoreboard")
            expect(page.get_by_role("row").nth(1)).to_contain_text("Leader")
        answer(second, competition, "answer", "algorithm")
        for each in (lively, calm):
            expect(each.page.get_by_role("row").nth(1)).to_contain_text("Chaser")
        settled(lively.page, "window.moved.some((row) => row.includes('Chaser'))")
        assert calm.page.evaluate("window.moved") == []


def test_teams_are_compared_in_the_graph(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("field-notes", rank_by="points")
    names = [f"{word} {uuid.uuid4().hex[:6]}" for word in ("Alpha", "Beta", "Gamma")]
    players = [arena.registered(competition, name) for name in names]
    for player in players:
        answer(player, competition, "answer")
    with window(browser, arena.url) as mine:
        page = mine.sign_in(players[0], PASSWORD).open(
            f"/competitions/{competition.id}/scoreboard?tab=graph"
        )
        for name in names[1:]:
            page.get_by_role("button", name=f"Take {name} off the graph").click()
        expect(in_graph(page)).to_have_text([re.compile(names[0])])
        page.get_by_label("Add a team").fill("gamma")
        page.get_by_role("button", name=re.compile(names[2])).click()
        expect(in_graph(page)).to_have_text([re.compile(names[0]), re.compile(names[2])])
        page.reload()  # the address holds who is compared
        expect(in_graph(page)).to_have_text([re.compile(names[0]), re.compile(names[2])])

        whole = page.get_by_role("button", name="Whole time")
        expect(whole).to_be_disabled()
        graph = page.locator(".u-over")
        box = graph.bounding_box()
        assert box
        page.mouse.move(box["x"] + 300, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + 600, box["y"] + 60, steps=4)
        page.mouse.up()
        expect(whole).to_be_enabled()
        graph.dblclick()
        expect(whole).to_be_disabled()
        page.get_by_role("button", name="The best 10").click()
        expect(in_graph(page)).to_have_count(3)


def in_graph(page: Page) -> Locator:
    return page.get_by_role("list", name="Teams in the graph").get_by_role("listitem")
