"""What happens elsewhere shows on an open page, without a reload."""

from __future__ import annotations

import json
import uuid

import psycopg
import pytest
from playwright.sync_api import Browser, Route, expect

from ctfy.challenge.modes.dynamic import Dynamic
from ctfy.server.instances.answers import derive
from tests.available import needs
from tests.conftest import PASSWORD, Arena
from tests.playing import start
from tests.web.browser import window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-live-updates")]


def test_a_pardon_reaches_the_team(arena: Arena, browser: Browser, secret: bytes) -> None:
    competition = arena.competition("relay-station")
    player = arena.registered(competition)
    ready = start(player, competition.id, "relay-station")
    passphrase = Dynamic(id="passphrase", prompt="?", format="raw")
    first = derive(secret, ready.id, passphrase)
    assert player.submissions.submit(ready.id, first, question_id="passphrase").correct
    path = f"/competitions/{competition.id}/challenges/relay-station"
    with window(browser, arena.url) as answering, window(browser, arena.url) as watching:
        pages = [each.sign_in(player, PASSWORD).open(path) for each in (answering, watching)]
        for page in pages:
            expect(page.get_by_text("3 attempts left")).to_be_visible()
        pages[0].get_by_label("Passwords are compared without regard to case").check()
        pages[0].get_by_role("button", name="Submit").nth(1).click()
        expect(pages[0].get_by_text("Not the answer.")).to_be_visible()
        for page in pages:
            expect(page.get_by_text("2 attempts left")).to_be_visible()
        team_id = player.competition(competition.id).detail().my_team_id
        arena.admin.admin.challenges.reset_question_attempts(team_id, "relay-station", "weakness")
        for page in pages:
            expect(page.get_by_text("3 attempts left")).to_be_visible()
        expect(pages[0].get_by_text("Not the answer.")).to_have_count(0)
        player.instances.stop(ready.id)


def test_what_happens_before_the_stream_is_open_shows_all_the_same(
    arena: Arena, browser: Browser
) -> None:
    competition = arena.competition("field-notes")
    captain, friend = arena.registered(competition, "Asker"), arena.player("Asked")
    held: list[Route] = []
    with window(browser, arena.url) as mine:
        mine.sign_in(friend, PASSWORD)
        mine.page.route("**/api/v1/events", lambda route: held.append(route))
        page = mine.open("/inbox")
        accept = page.get_by_role("button", name="Accept")
        announcements = page.get_by_role("heading", name="Announcements")
        expect(page.get_by_text("Nothing new").or_(announcements)).to_be_visible()
        captain.competition(competition.id).team.invites.send(friend.me.get().email)
        expect(accept).to_have_count(0)
        for each in held:
            each.continue_()
        expect(accept).to_be_visible()


def test_a_pardon_of_a_question_without_instance_frees_its_form(
    arena: Arena, browser: Browser
) -> None:
    competition = arena.competition("field-notes")
    player = arena.registered(competition)
    with window(browser, arena.url) as mine:
        mine.sign_in(player, PASSWORD)
        page = mine.open(f"/competitions/{competition.id}/challenges/field-notes")
        submit = page.get_by_role("button", name="Submit").nth(1)
        wrong = {"SHA-1": "2 attempts", "SHA-256": "1 attempt", "BLAKE2b": "0 attempts"}
        for choice, left in wrong.items():
            page.get_by_label(choice, exact=True).check()
            submit.click()
            expect(page.get_by_text(f"{left} left")).to_be_visible()
        expect(submit).to_be_disabled()
        team_id = player.competition(competition.id).detail().my_team_id
        arena.admin.admin.challenges.reset_question_attempts(team_id, "field-notes", "algorithm")
        expect(page.get_by_text("0 attempts left")).to_have_count(0)
        submit.click()
        expect(page.get_by_text("2 attempts left")).to_be_visible()


def test_a_reaction_given_elsewhere_shows(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("field-notes")
    name = f"Reader {uuid.uuid4().hex[:6]}"
    player = arena.registered(competition, name)
    with window(browser, arena.url) as mine, window(browser, arena.url) as operator:
        mine.sign_in(player, PASSWORD)
        page = mine.open(f"/competitions/{competition.id}/challenges/field-notes")
        reaction = page.get_by_role("button", name="mind-blowing")
        expect(reaction).to_have_attribute("aria-pressed", "false")
        operator.sign_in(arena.admin, PASSWORD).open("/admin/challenges/field-notes")
        player.challenges.add_reaction("field-notes", "mindblown")
        expect(reaction).to_have_attribute("aria-pressed", "true")
        expect(operator.page.get_by_text(name)).to_be_visible()


def test_an_account_linked_elsewhere_shows(
    arena: Arena, browser: Browser, database_url: str
) -> None:
    player = arena.player()
    me = player.me.get().id
    with window(browser, arena.url) as mine:
        page = mine.sign_in(player, PASSWORD).open("/settings?tab=signing-in")
        expect(page.get_by_text("None yet.")).to_be_visible()
        told = {"team_id": "", "team_name": "", "challenge_id": "", "provider": "github"}
        with psycopg.connect(database_url) as database:  # as the way over GitHub writes it
            database.execute(
                "INSERT INTO identities (id, user_id, provider, subject, email, display_name,"
                " login, avatar_url, created_at, last_used_at)"
                " VALUES (%s, %s, 'github', %s, '', '', 'octo', '', now(), now())",
                [f"identity-{me}", me, me],
            )
            database.execute(
                "INSERT INTO events (name, audience, payload, created_at)"
                " VALUES ('identity_linked', 'person', %s, now())",
                [json.dumps(told | {"user_id": me})],
            )
        expect(page.get_by_text("github · octo")).to_be_visible()
