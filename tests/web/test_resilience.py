"""The server off, slow or starting again: the page says so, and catches up by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.available import needs
from tests.conftest import (
    ADMIN_EMAIL,
    PASSWORD,
    Arena,
    cloned_database,
    make_admin,
    mint_invite,
    sign_in,
)
from tests.processes import Stack, stack, wait_for
from tests.web.browser import window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-resilience")]


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Arena, Stack]]:
    """A platform of its own, whose server may be killed."""
    with cloned_database() as database:
        make_admin(database)
        folder = tmp_path_factory.mktemp("frail")
        with stack(database, folder, mint_invite) as up, sign_in(up.url, ADMIN_EMAIL) as admin:
            yield Arena(up.url, admin), up


def test_a_page_outlives_the_server(frail: tuple[Arena, Stack], browser: Browser) -> None:
    arena, up = frail
    competition = arena.competition("field-notes")
    watcher, solver = arena.registered(competition, "Watcher"), arena.registered(competition, "Ace")
    with window(browser, arena.url) as mine:
        page = mine.sign_in(watcher, PASSWORD).open(f"/competitions/{competition.id}/scoreboard")
        expect(page.get_by_role("row", name="Ace")).to_contain_text("0")
        up.server.kill()
        expect(page.get_by_text("Connection lost. Trying again…")).to_be_visible()
        page.get_by_role("tab", name="Team", exact=True).click()
        expect(page.get_by_role("heading", name="This could not be loaded")).to_have_count(0)
        page.get_by_role("tab", name="Scoreboard").click()
        up.server.start()
        wait_for("the server", up.server_answers)
        for question, answer in (("answer", "hello"), ("algorithm", "MD5")):
            solver.submissions.submit_qa(
                "field-notes", competition.id, answer, question_id=question
            )
        solver.submissions.submit_qa(
            "field-notes",
            competition.id,
            ["Collision resistance", "Preimage resistance"],
            question_id="properties",
        )
        expect(page.get_by_text("Connection lost. Trying again…")).to_have_count(0)
        expect(page.get_by_role("row", name="Ace")).to_contain_text("1")
        mine.complaints.clear()  # the browser itself noted the lost connections


def test_a_page_opened_while_the_server_is_away_comes_up_later(
    frail: tuple[Arena, Stack], browser: Browser
) -> None:
    arena, _ = frail
    with window(browser, arena.url) as mine:
        failing = {"on": True}

        def answer(route: Route) -> None:
            if failing["on"]:
                route.abort("connectionrefused")
            else:
                route.continue_()

        mine.sign_in(arena.player("Patient"), PASSWORD)
        mine.context.route("**/api/v1/competitions?*", answer)
        page = mine.open("/")
        expect(page.get_by_text("The server does not answer.")).to_be_visible()
        failing["on"] = False
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", name="Competitions")).to_be_visible()
        expect(page.get_by_text("The server does not answer.")).to_have_count(0)
        mine.complaints.clear()


def test_two_tabs_share_one_stream(frail: tuple[Arena, Stack], browser: Browser) -> None:
    arena, _ = frail
    competition = arena.competition("field-notes")
    with window(browser, arena.url) as mine:
        mine.sign_in(arena.player("Tabby"), PASSWORD)
        streams: list[str] = []
        mine.context.on(
            "request",
            lambda sent: streams.append(sent.url) if sent.url.endswith("/events") else None,
        )
        pages = [mine.page, mine.context.new_page(), mine.context.new_page()]
        for page in pages:
            page.goto(f"{arena.url}/competitions/{competition.id}/scoreboard")
            expect(page.get_by_text("No team yet")).to_be_visible()
        arena.registered(competition, "Newcomer")
        for page in pages:
            expect(page.get_by_role("row", name="Newcomer")).to_be_visible()
        assert len(streams) == 1
        pages[0].close()  # the one that held it: another takes over
        arena.registered(competition, "Latecomer")
        for page in pages[1:]:
            expect(page.get_by_role("row", name="Latecomer")).to_be_visible()
