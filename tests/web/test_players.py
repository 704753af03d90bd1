"""What players do in the browser, on a desk and on a phone."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.server.accounts.totp import code_at
from tests.available import needs
from tests.conftest import ADMIN_EMAIL, PASSWORD, Arena, lone_server, sign_in
from tests.playing import solved
from tests.processes import PATIENCE_S, wait_for
from tests.web.browser import DESKTOP, PHONE, window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-players")]
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@SIZES
def test_from_signing_up_to_a_scoreboard_that_moves(
    arena: Arena, browser: Browser, size: tuple[int, int]
) -> None:
    competition = arena.competition("notes", "field-notes", rank_by="points")
    watcher = arena.player("Watcher")
    name = f"Newcomer {uuid.uuid4().hex[:6]}"
    with window(browser, arena.url, size) as player, window(browser, arena.url) as other:
        other.sign_in(watcher, PASSWORD).open(f"/competitions/{competition.id}/scoreboard")
        expect(other.page.get_by_text("No team yet")).to_be_visible()

        page = player.open("/")
        page.get_by_role("main").get_by_role("link", name="Sign up").click()
        page.get_by_label("Display name").fill(name)
        page.get_by_label("E-mail").fill(f"{uuid.uuid4().hex}@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()
        page.get_by_role("link", name=competition.title, exact=True).click()
        page.get_by_role("button", name="Play solo").click()
        row = other.page.get_by_role("row", name=re.compile(name))
        expect(row).to_be_visible()  # without a reload

        page.get_by_role("link", name="Pocket Notes").click()
        page.get_by_role("button", name="Start the instance").click()
        link = page.get_by_role("link", name="Open in the browser")
        expect(link).to_be_visible()
        answer = page.get_by_label("What does the private note say?")
        answer.fill("FLAG{nonsense}")
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text("Not the answer.")).to_be_visible()
        answer.fill(solved("notes", link.get_attribute("href") or ""))
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text("Your team answered every question.")).to_be_visible()
        expect(row).to_contain_text("500")  # the other browser, without a reload

        with page.expect_response(re.compile("/renew")):
            page.get_by_role("button", name="Renew").click()
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("dialog").get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Start the instance")).to_be_visible()


def test_questions_without_an_instance(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("field-notes")
    player = arena.registered(competition)
    with window(browser, arena.url) as mine:
        mine.sign_in(player, PASSWORD)
        page = mine.open(f"/competitions/{competition.id}/challenges/field-notes")
        page.get_by_label(re.compile("What does the word")).fill("hello")
        page.get_by_role("button", name="Submit").first.click()
        expect(page.get_by_role("img", name="Answered")).to_have_count(1)
        page.get_by_label("MD5").check()
        page.get_by_role("button", name="Submit").first.click()
        expect(page.get_by_role("img", name="Answered")).to_have_count(2)
        page.get_by_label("Collision resistance").check()
        page.get_by_label("Preimage resistance").check()
        page.get_by_role("button", name="Submit").first.click()
        expect(page.get_by_text("Your team answered every question.")).to_be_visible()


def test_a_number_is_asked_for_as_its_question_says(tmp_path: Path, browser: Browser) -> None:
    (tmp_path / "challenges" / "circle").mkdir(parents=True)
    (tmp_path / "challenges" / "circle" / "metadata.yaml").write_text(
        "{name: Circle, description: Round., difficulty: easy, tags: [numbers], questions: "
        "[{id: ratio, prompt: How far around?, answer: 3.14159, tolerance: 0.01}]}"
    )
    with (
        lone_server(tmp_path, CTFY_CHALLENGES_DIR=str(tmp_path / "challenges")) as url,
        sign_in(url, ADMIN_EMAIL) as admin,
        window(browser, url, PHONE) as mine,
    ):
        arena = Arena(url, admin)
        competition = arena.competition("circle")
        mine.sign_in(arena.registered(competition), PASSWORD)
        page = mine.open(f"/competitions/{competition.id}/challenges/circle")
        expect(page.get_by_text("A number, as 42, -0.5 or 1e3, right within 0.01.")).to_be_visible()
        answer = page.get_by_label("How far around?")
        expect(answer).to_have_attribute("inputmode", "decimal")
        answer.fill("3,14")
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text("This is no number")).to_be_visible()
        mine.complaints.clear()  # the browser notes the refusal in its console
        answer.fill("3.14")
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text("Your team answered every question.")).to_be_visible()


def test_an_answer_outlives_the_end_of_its_session(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("field-notes")
    player = arena.registered(competition)
    with window(browser, arena.url) as mine:
        mine.sign_in(player, PASSWORD)
        page = mine.open(f"/competitions/{competition.id}/challenges/field-notes")
        page.get_by_label(re.compile("What does the word")).fill("hello")
        mine.context.clear_cookies()
        # At once: what the page asks for by itself may be refused first, and leads away, too.
        page.evaluate("document.querySelector('form')?.requestSubmit()")
        expect(page.get_by_text("Your session has ended")).to_be_visible()
        page.get_by_label("E-mail").fill(player.me.get().email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_label(re.compile("What does the word"))).to_have_value("hello")
        page.get_by_role("button", name="Submit").first.click()
        expect(page.get_by_role("img", name="Answered")).to_have_count(1)
        mine.complaints.clear()  # the browser notes the refusal in its console


def test_a_question_at_its_cap_takes_no_more_answers(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("field-notes")
    arena.admin.admin.competitions.set_challenge(competition.id, "field-notes", max_attempts=1)
    player = arena.registered(competition)
    with window(browser, arena.url) as mine:
        mine.sign_in(player, PASSWORD)
        page = mine.open(f"/competitions/{competition.id}/challenges/field-notes")
        page.get_by_label(re.compile("What does the word")).fill("goodbye")
        page.get_by_role("button", name="Submit").first.click()
        expect(page.get_by_text("The organisers can give you more.")).to_be_visible()
        expect(page.get_by_role("button", name="Submit").first).to_be_disabled()


def test_a_hint_is_bought(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("notes", rank_by="points")
    player = arena.registered(competition)
    with window(browser, arena.url) as mine:
        mine.sign_in(player, PASSWORD)
        page = mine.open(f"/competitions/{competition.id}/challenges/notes")
        page.get_by_role("tab", name="Hints (2)").click()
        page.get_by_role("button", name="Unlock for 25 points").click()
        expect(page.get_by_text("Your team pays for it")).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="Unlock").click()
        expect(page.get_by_text("The search box trusts what it is told.")).to_be_visible()


@SIZES
def test_a_captain_runs_a_team(arena: Arena, browser: Browser, size: tuple[int, int]) -> None:
    competition = arena.competition("field-notes")
    captain, mate, asker = (arena.player(name) for name in ("Captain", "Mate", "Asker"))
    team = f"Team {uuid.uuid4().hex[:8]}"
    with (
        window(browser, arena.url, size) as first,
        window(browser, arena.url, size) as second,
        window(browser, arena.url, size) as third,
    ):
        page = first.sign_in(captain, PASSWORD).open(f"/competitions/{competition.id}")
        page.get_by_label("Team name").fill(team)
        page.get_by_role("button", name="Create the team").click()
        page.wait_for_url("**/challenges")
        page.get_by_role("tab", name="Team").click()
        page.get_by_role("button", name="New code").click()
        code = page.locator("code").first.inner_text()

        joined = second.sign_in(mate, PASSWORD).open(f"/competitions/{competition.id}")
        joined.get_by_label("Invite code").fill(code)
        joined.get_by_role("button", name="Join the team").click()
        expect(page.get_by_text("2 members")).to_be_visible()  # as it happens

        asked = third.sign_in(asker, PASSWORD).open(f"/competitions/{competition.id}")
        asked.get_by_role("button", name=f"Ask {team}").click()
        page.get_by_role("button", name="Take in").click()
        expect(page.get_by_text("3 members")).to_be_visible()

        page.get_by_role("button", name="Remove").first.click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_text("2 members")).to_be_visible()

        page.get_by_role("button", name="Make captain").click()
        page.get_by_role("dialog").get_by_role("button", name="Make captain").click()
        expect(page.get_by_role("button", name="New code")).to_have_count(0)
        page.get_by_role("button", name="Leave").click()
        page.get_by_role("dialog").get_by_role("button", name="Leave").click()
        expect(page.get_by_text("You are on no team here")).to_be_visible()
        # What only captains see may have been asked for once more, before the page knew.
        first.complaints[:] = [line for line in first.complaints if "/invites" not in line]


def test_a_direct_invite_arrives_in_the_inbox(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("field-notes")
    captain, friend = arena.registered(competition, "Inviter"), arena.player("Friend")
    with window(browser, arena.url) as mine:
        page = mine.sign_in(friend, PASSWORD).open("/inbox")
        accept = page.get_by_role("button", name="Accept")
        expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
        expect(accept).to_have_count(0)
        captain.competition(competition.id).team.invites.send(friend.me.get().email)
        accept.click()
        expect(accept).to_have_count(0)
        page.goto(f"{arena.url}/competitions/{competition.id}/team")
        expect(page.get_by_role("link", name="Inviter").first).to_be_visible()


@SIZES
def test_a_token_is_minted_and_works(arena: Arena, browser: Browser, size: tuple[int, int]) -> None:
    player = arena.player("Minter")
    with window(browser, arena.url, size) as mine:
        page = mine.sign_in(player, PASSWORD).open("/settings?tab=tokens")
        page.get_by_label("Label").fill("for the agent")
        page.get_by_role("combobox", name="Profile").select_option("read")
        page.get_by_role("button", name="Make a token").click()
        token = page.locator("code").first.inner_text()
        assert token.startswith("pf_")
        with PlatformClient(arena.url, token) as agent:
            assert agent.me.get().display_name == "Minter"
        page.get_by_role("button", name="Revoke").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(page.get_by_text("No API token yet.", exact=False)).to_be_visible()
        page.reload()
        expect(page.get_by_text("No API token yet.", exact=False)).to_be_visible()
        assert token not in page.content()  # shown once


def test_a_second_factor_is_set_up_and_asked_for(arena: Arena, browser: Browser) -> None:
    player = arena.player("Careful")
    with window(browser, arena.url) as mine:
        page = mine.sign_in(player, PASSWORD).open("/settings?tab=signing-in")
        card = page.locator("section", has_text="Two-factor sign-in")
        card.get_by_role("textbox", name="Current password").fill(PASSWORD)
        card.get_by_role("button", name="Set it up").click()
        expect(card.get_by_role("img", name="QR code")).to_be_visible()
        key = base64.b32decode(card.locator("code").inner_text())
        step = int(time.time()) // 30
        card.get_by_label("The code that it shows").fill(code_at(key, step))
        card.get_by_role("button", name="Turn it on").click()
        recovery = card.get_by_role("status").locator("pre").inner_text().split()[0]
        card.get_by_role("button", name="I have kept them").click()
        expect(card.get_by_text("10 recovery codes are left")).to_be_visible()
    with window(browser, arena.url) as again:
        page = again.open("/login")
        page.get_by_label("E-mail").fill(player.me.get().email or "")
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Code of your authenticator").fill(code_at(key, step))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("This code is wrong, or was used")
        page.get_by_label("Code of your authenticator").fill(recovery)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(re.compile(r"/$"))
        again.complaints[:] = [line for line in again.complaints if "401" not in line]


@SIZES
def test_a_device_is_approved(
    arena: Arena, browser: Browser, size: tuple[int, int], tmp_path: Path
) -> None:
    player = arena.player("Owner")
    program = Path(sys.executable).parent / "ctfy"
    environment = {
        **os.environ,
        "CTFY_CONFIG_DIR": str(tmp_path),
        "CTFY_URL": arena.url,
        "COLUMNS": "200",
    }
    told = tmp_path / "told.txt"
    with told.open("w") as out:
        login = subprocess.Popen(
            [program, "login", "--no-browser"], env=environment, stdout=out, stderr=out
        )
    try:
        address = wait_for(
            "the address", lambda: re.search(r"/device\?user_code=[\w-]+", told.read_text())
        )[0]
        with window(browser, arena.url, size) as mine:
            page = mine.open(address)  # not signed in yet: first that, then back here
            page.get_by_label("E-mail").fill(player.me.get().email or "")
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("button", name="Approve").click()
            expect(page.get_by_text("Approved. You can go back to your device.")).to_be_visible()
        assert login.wait(PATIENCE_S) == 0
        assert "Signed in" in told.read_text()
    finally:
        if login.poll() is None:
            login.kill()
            login.wait()


def test_signing_out_ends_the_session(arena: Arena, browser: Browser) -> None:
    player = arena.player("Leaver")
    with window(browser, arena.url) as mine:
        page = mine.sign_in(player, PASSWORD).open("/settings?tab=sessions")
        expect(page.get_by_text("this session")).to_be_visible()
        names = {cookie["name"]: cookie for cookie in mine.context.cookies()}
        session = names["ctfy_session"]
        assert session["httpOnly"]
        assert session["sameSite"] == "Strict"
        kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
        assert session["value"] not in kept + page.evaluate("document.cookie")
        page.get_by_role("button", name="Account of Leaver").click()
        page.get_by_role("button", name="Sign out", exact=True).click()
        expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
        with pytest.raises(CtfyApiError, match="not valid"):
            PlatformClient(arena.url, session["value"]).me.get()


def test_the_other_language(arena: Arena, browser: Browser) -> None:
    with window(browser, arena.url) as mine:
        mine.context.add_init_script("localStorage.setItem('ctfy-language', 'de')")
        page = mine.open("/login")
        expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
        assert page.evaluate("document.documentElement.lang") == "de"


def test_a_failed_sign_in_elsewhere_says_why(arena: Arena, browser: Browser) -> None:
    with window(browser, arena.url) as mine:
        page = mine.open("/login?error=provider_email_unverified")
        expect(page.get_by_role("alert")).to_contain_text("not verified")
        mine.sign_in(arena.player("Linker"), PASSWORD).open("/login?error=identity_taken")
        expect(page.get_by_role("alert")).to_contain_text("somebody else")
        page.get_by_role("link", name="Settings").click()
        expect(page.get_by_text("Linked accounts")).to_be_visible()


def test_a_session_that_ended_elsewhere_leaves_a_visitor(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("field-notes")
    player = arena.player("Gone")
    with window(browser, arena.url) as mine:
        page = mine.sign_in(player, PASSWORD).open("/settings")
        expect(page.get_by_role("button", name="Account of Gone")).to_be_visible()
        player.auth.set_password(f"{PASSWORD}-2", PASSWORD)  # which ends every other session
        page.goto(f"{arena.url}/wall/{competition.id}")
        expect(page.get_by_role("heading", name=competition.title)).to_be_visible()
        page.goto(f"{arena.url}/scoreboard")
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        mine.complaints.clear()  # the browser notes the refusals in its console


@pytest.fixture
def registration(arena: Arena) -> Iterator[Callable[[str], object]]:
    """Sets the rule of registration; it is open again afterwards."""
    settings = arena.admin.admin.settings
    settings.set("registration_code", "blue moon")
    yield lambda rule: settings.set("registration", rule)
    settings.unset("registration")
    settings.unset("registration_code")


def test_the_sign_up_page_says_who_may_and_asks_for_the_code(
    arena: Arena, browser: Browser, registration: Callable[[str], object]
) -> None:
    with window(browser, arena.url) as opened:
        registration("closed")
        page = opened.open("/register")
        expect(page.get_by_text("the organisers make the accounts")).to_be_visible()
        expect(page.get_by_role("textbox", name="Password")).to_have_count(0)
        registration("code")
        page = opened.open("/register")
        page.get_by_label("Display name").fill("Moon")
        page.get_by_label("E-mail").fill(f"moon-{uuid.uuid4().hex}@example.org")
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_label("Code of the organisers").fill("red moon")
        page.get_by_role("button", name="Sign up").click()
        expect(page.get_by_role("alert")).to_contain_text("not the organisers' code")
        page.get_by_label("Code of the organisers").fill("blue moon")
        page.get_by_role("button", name="Sign up").click()
        expect(page.get_by_role("button", name="Account of Moon")).to_be_visible()
        opened.complaints.clear()  # the browser tells of the wrong code's answer, 401
