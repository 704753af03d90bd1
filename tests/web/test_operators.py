"""What operators do in the browser, on a desk and on a phone."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from ctfy.server.accounts.totp import code_at
from tests.available import needs
from tests.conftest import (
    ADMIN_EMAIL,
    PASSWORD,
    Arena,
    cloned_database,
    lone_server,
    make_admin,
    mint_invite,
    sign_in,
)
from tests.playing import start
from tests.processes import CHALLENGES, stack
from tests.web.browser import DESKTOP, PHONE, Window, window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-operators")]
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


def as_admin(opened: Window, arena: Arena) -> Window:
    return opened.sign_in(arena.admin, PASSWORD)


@SIZES
def test_a_competition_from_the_first_click_to_its_end(
    arena: Arena, browser: Browser, size: tuple[int, int]
) -> None:
    title = f"Cup of {uuid.uuid4().hex[:8]}"
    with window(browser, arena.url, size) as mine:
        page = as_admin(mine, arena).open("/admin/competitions/new")
        page.get_by_label("Title").fill(title)
        page.get_by_label("Description").fill("Made in the **browser**.")
        page.get_by_label("First blood bonus").fill("50")
        page.get_by_role("button", name="Add Pocket Notes").click()
        page.get_by_role("button", name="Add Field Notes").click()
        page.get_by_role("button", name="Move Field Notes up").click()
        page.get_by_role("button", name="Create", exact=True).click()
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        (made,) = [c for c in arena.admin.competitions.list(limit=500) if c.title == title]
        assert made.challenge_ids == ["field-notes", "notes"]
        assert made.first_blood_bonus == 50

        page.get_by_role("tab", name="Challenges").click()
        page.get_by_role("button", name="Change Pocket Notes").click()
        page.get_by_label("State").select_option("draft")
        page.get_by_label("Visible from").fill("2040-01-02T12:00")
        page.get_by_label("Value").fill("250")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("row", name=re.compile("Pocket Notes draft until"))).to_be_visible()
        offered = arena.admin.admin.competitions.challenges(made.id)[1]
        assert (offered.state, offered.value) == ("draft", 250)

        page.get_by_role("button", name="Duplicate").click()
        expect(page.get_by_role("heading", name=f"Copy of {title}")).to_be_visible()
        page.get_by_role("button", name="Delete").click()
        page.get_by_label(re.compile("Type")).fill(f"Copy of {title}")
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", name="Competitions")).to_be_visible()

        page.goto(f"{arena.url}/admin/competitions/{made.id}?tab=people")
        page.get_by_label("E-mail").last.fill("later@example.org")
        page.get_by_role("button", name="Add").last.click()
        expect(page.get_by_text("later@example.org")).to_be_visible()
        page.goto(f"{arena.url}/admin/competitions/{made.id}")
        page.get_by_label("Title").fill("")
        page.get_by_label("Starts").fill("2030-01-02T00:00")
        page.get_by_label("Ends").fill("2030-01-01T00:00")
        page.get_by_label("Title").fill(title)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text(re.compile("must be later"))).to_be_visible()
        mine.complaints.clear()  # the browser notes the refusal in its console


def test_a_clock_is_stopped_and_its_end_put_off_by_clicking(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("notes", ends_at=datetime.now(UTC) + timedelta(hours=1))
    player = arena.registered(competition, "Clocked")
    with window(browser, arena.url) as operating, window(browser, arena.url) as playing:
        page = as_admin(operating, arena).open(f"/admin/competitions/{competition.id}")
        playing.sign_in(player, PASSWORD)
        played = playing.open(f"/competitions/{competition.id}/challenges/notes")
        launch = played.get_by_role("button", name="Start the instance")
        expect(launch).to_be_enabled()
        page.get_by_role("button", name="Pause", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Pause", exact=True).click()
        expect(page.get_by_text("Paused since")).to_be_visible()
        expect(played.get_by_text("The organisers have stopped the clock.")).to_be_visible()
        expect(launch).to_be_disabled()
        stands = played.get_by_role("timer").first.inner_text()
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_text("Paused since")).to_have_count(0)
        expect(launch).to_be_enabled()
        expect(played.get_by_role("timer").first).not_to_have_text(stands)
        before = arena.admin.competitions.get(competition.id).ends_at
        page.get_by_role("button", name="+15 min").click()
        expect(page.get_by_text("Extended")).to_be_visible()
        after = arena.admin.competitions.get(competition.id).ends_at
        assert before
        assert after
        assert after - before == timedelta(minutes=15)


def test_the_scoreboard_is_not_offered_to_whom_it_is_not_shown(
    arena: Arena, browser: Browser
) -> None:
    competition = arena.competition("notes", scoreboard_visibility="hidden")
    player = arena.registered(competition, "Unranked")
    with window(browser, arena.url) as operating, window(browser, arena.url) as playing:
        page = as_admin(operating, arena).open(f"/competitions/{competition.id}/scoreboard")
        expect(page.get_by_role("table", name="Scoreboard")).to_contain_text("Unranked")
        playing.sign_in(player, PASSWORD)
        played = playing.open(f"/competitions/{competition.id}/scoreboard")
        expect(played.get_by_text("Only its organisers see them.")).to_be_visible()
        expect(played.get_by_role("tab", name="Scoreboard")).to_have_count(0)
        played = playing.open(f"/wall/{competition.id}")
        expect(played.get_by_text("The standings are not shown here.")).to_be_visible()


def test_a_challenge_is_made_changed_and_rolled_back_by_clicking(
    arena: Arena, browser: Browser
) -> None:
    name = f"Sums {uuid.uuid4().hex[:8]}"
    id_ = name.lower().replace(" ", "-")
    challenges = arena.admin.admin.challenges
    with window(browser, arena.url, DESKTOP) as mine:
        page = as_admin(mine, arena).open("/admin/challenges")
        page.get_by_role("link", name="New challenge").click()
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("Description").fill("How *much* is it?")
        page.get_by_label("Answer", exact=True).fill("FLAG{two}")
        page.get_by_role("button", name="Make it").click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()

        page.get_by_role("button", name="Add a question").click()
        page.get_by_label("What players are asked").last.fill("1 + 1?")
        page.get_by_label("The answer is").last.select_option("numeric")
        page.get_by_label("Right answer", exact=True).fill("2")
        page.get_by_role("button", name="Add a hint").click()
        page.get_by_label("Hint 1", exact=True).fill("Count.")
        page.get_by_label("Value", exact=True).select_option("decay")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Saved as version 2")).to_be_visible()
        made = challenges.files(id_).metadata
        assert [question["mode"] for question in made["questions"]] == ["static", "numeric"]
        assert made["value"] == {"initial": 100, "minimum": 20, "decay": 20}
        assert made["hints"] == [{"id": "hint_1", "text": "Count.", "cost": 0}]

        # Somebody else saves another field meanwhile: both hold. The same field: one is asked.
        page.get_by_label("Difficulty").select_option("hard")
        challenges.set_metadata(id_, {**made, "tags": ["theirs"]}, base=2)
        expect(page.get_by_text("theirs", exact=True)).to_be_visible()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Saved as version 4")).to_be_visible()
        made = challenges.files(id_).metadata
        assert (made["difficulty"], made["tags"]) == ("hard", ["theirs"])
        page.get_by_label("Name", exact=True).fill("Mine")
        challenges.set_metadata(id_, {**made, "name": "Theirs"}, base=4)
        page.get_by_role("button", name="Take theirs").click()
        expect(page.get_by_label("Name", exact=True)).to_have_value("Theirs")

        page.get_by_role("tab", name="Files").click()
        handout = {"name": "hand.txt", "mimeType": "text/plain", "buffer": b"out"}
        page.locator("input[type=file]").first.set_input_files(files=[handout])
        expect(page.get_by_text("attachments/hand.txt")).to_be_visible()
        page.get_by_role("button", name="Edit metadata.yaml").click()
        page.get_by_role("textbox", name="metadata.yaml").fill("name: [")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Not saved: the audit refuses it")).to_be_visible()
        mine.complaints.clear()  # the browser notes the refusal in its console
        page.get_by_role("button", name="Cancel").click()

        page.get_by_role("tab", name="Versions").click()
        page.get_by_role("button", name="Compare version 6").click()
        expect(page.get_by_role("dialog")).to_contain_text("hand.txt")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Use version 1").click()
        expect(page.get_by_role("row", name=re.compile("^1 ?current"))).to_be_visible()
        assert "hints" not in challenges.files(id_).metadata


def test_a_challenge_folder_is_brought_by_clicking(
    arena: Arena, browser: Browser, tmp_path: Path
) -> None:
    name = f"brought-{uuid.uuid4().hex[:8]}"
    shutil.copytree(CHALLENGES / "two-time", tmp_path / name)
    with window(browser, arena.url, DESKTOP) as mine:
        page = as_admin(mine, arena).open("/admin/new-challenge")
        page.get_by_label("Choose a folder").and_(page.locator("input")).first.set_input_files(
            tmp_path / name
        )
        expect(page.get_by_text("Saved as version 1")).to_be_visible()
        expect(page).to_have_url(re.compile(name))
    held = {file.path for file in arena.admin.admin.challenges.files(name).files}
    assert held == {
        str(path.relative_to(tmp_path / name))
        for path in (tmp_path / name).rglob("*")
        if path.is_file()
    }


@SIZES
def test_builds_traffic_and_a_stop(arena: Arena, browser: Browser, size: tuple[int, int]) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition, "Watched")
    with window(browser, arena.url, size) as mine:
        page = as_admin(mine, arena).open("/admin/challenges/notes")
        page.get_by_role("button", name="Build").click()
        expect(page.get_by_text("Started: see the tasks")).to_be_visible()
        # What the nodes say stands beside it, while they say it.
        expect(page.get_by_role("region", name="Log")).to_contain_text("build asked for")
        expect(page.get_by_role("region", name="Log")).to_contain_text(re.compile(": built"))
        page.goto(f"{arena.url}/admin/tasks")
        page.get_by_role("link", name="challenge build").first.click()
        expect(page.get_by_text("succeeded").first).to_be_visible()

        ready = start(player, competition.id)
        page.goto(f"{arena.url}/admin/instances/{ready.id}")
        expect(page.get_by_text("No traffic yet")).to_be_visible()
        httpx.get(f"{ready.surface.services[0].url}?q=watched-by-an-operator")
        page.get_by_role("button", name=re.compile("watched-by-an-operator")).click()
        expect(page.get_by_role("region", name="Request")).to_contain_text("GET /?q=watched")
        page.get_by_role("tab", name="Response").click()
        expect(page.get_by_role("region", name="Response")).to_contain_text("200")
        with page.expect_download() as download:
            page.get_by_role("link", name="HAR").click()
        assert "watched-by-an-operator" in Path(download.value.path()).read_text()

        page.get_by_role("button", name="Stop").click()
        page.get_by_role("dialog").get_by_role("button", name="Stop").click()
        page.get_by_role("link", name="Record", exact=True).click()
        expect(page.get_by_text("instance stopped").first).to_be_visible()
        page.get_by_role("tab", name="Traffic").click()
        expect(page.get_by_role("button", name=re.compile("watched-by"))).to_be_visible()
        mine.complaints.clear()  # the record was asked for until it was there


def test_a_broken_challenge_is_shown_where_it_is(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "challenges"
    shutil.copytree(CHALLENGES / "field-notes", folder / "field-notes")
    with lone_server(tmp_path, CTFY_CHALLENGES_DIR=str(folder)) as url:
        metadata = folder / "field-notes" / "metadata.yaml"
        metadata.write_text(metadata.read_text().replace("difficulty: easy", "difficulty: no"))
        with sign_in(url, ADMIN_EMAIL) as admin, window(browser, url) as mine:
            page = mine.sign_in(admin, PASSWORD).open("/admin/challenges")
            expect(page.get_by_text("field-notes/metadata.yaml:")).to_be_visible()
            mine.open("/admin/challenges/field-notes")
            expect(page.get_by_text("The audit found 1 mistake")).to_be_visible()


def test_people_settings_jobs_and_words(arena: Arena, browser: Browser) -> None:
    name = f"Troublesome {uuid.uuid4().hex[:6]}"
    troublesome = arena.player(name)
    user_id = troublesome.me.get().id
    with window(browser, arena.url) as mine:
        page = as_admin(mine, arena).open("/admin/users")
        page.get_by_label("Find by name or e-mail").fill(name)
        page.get_by_role("link", name=name).click()
        page.get_by_role("button", name="Suspend").click()
        page.get_by_role("dialog").get_by_label("Reason").fill("for the test")
        page.get_by_role("dialog").get_by_role("button", name="Suspend").click()
        expect(page.get_by_role("button", name="Reinstate")).to_be_visible()
        assert arena.admin.admin.users.get(user_id).suspended_reason == "for the test"
        page.get_by_role("button", name="Reinstate").click()
        expect(page.get_by_role("button", name="Suspend")).to_be_visible()

        page.goto(f"{arena.url}/admin/announcements")
        words = f"Lunch {uuid.uuid4().hex[:6]}"
        page.get_by_label("Title").fill(words)
        page.get_by_label("Text").fill("At **noon**.")
        page.get_by_role("button", name="Announce").click()
        expect(page.get_by_role("main").get_by_text(words)).to_be_visible()

        page.goto(f"{arena.url}/admin/notifications")
        page.get_by_label("Name").fill(words)
        page.get_by_label("Kind").select_option("webhook")
        page.get_by_label("Address").fill("http://127.0.0.2:9/a-secret-path")
        page.get_by_label("An incident").check()
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_text("it is shown this once")).to_be_visible()
        card = page.get_by_role("article").filter(has_text=words)
        expect(card.get_by_text("http://127.0.0.2:9/…")).to_be_visible()
        card.get_by_role("button", name="Send a test").click()
        expect(card.get_by_text("is not a public address")).to_be_visible()
        card.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(card).to_have_count(0)

        page.goto(f"{arena.url}/admin/mail")
        page.get_by_label("Server").fill("127.0.0.1")
        page.get_by_label("Port").fill("9")  # where nobody listens
        page.get_by_role("textbox", name="Password").fill("a-password")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_placeholder("set, and never shown")).to_have_value("")
        page.get_by_role("button", name="Send a test mail").click()
        expect(page.get_by_text("127.0.0.1:9 took no mail")).to_be_visible()
        page.get_by_role("button", name="Reset").click()
        expect(page.get_by_label("Server")).to_have_value("")

        page.goto(f"{arena.url}/admin/jobs")
        page.get_by_role("button", name="Run now").first.click()
        expect(page.get_by_text("Started: see the tasks")).to_be_visible()

        page.goto(f"{arena.url}/admin/settings")
        box = page.get_by_label("admin_shell_idle_timeout_s")
        box.fill("601")
        page.get_by_role("button", name="Save").and_(page.locator(":enabled")).click()
        expect(page.get_by_text(re.compile("from db"))).to_be_visible()
        page.get_by_role("button", name="Reset").click()
        expect(box).to_have_value("600")
        few = page.get_by_label("rate_limits: login")
        before = few.input_value()
        few.fill("nonsense")
        page.get_by_role("button", name="Save").and_(page.locator(":enabled")).click()
        expect(page.get_by_text("That did not work")).to_be_visible()
        few.fill("7/minute")
        page.get_by_role("button", name="Save").and_(page.locator(":enabled")).click()
        page.get_by_role("button", name="Reset").click()
        expect(few).to_have_value(before)
        mine.complaints.clear()  # the browser notes the refusal in its console

        page.goto(f"{arena.url}/admin/activity?event=account_suspended")
        said = page.get_by_role("cell", name=re.compile("suspended"))
        expect(said.first).to_contain_text(re.compile(r"^\S.* suspended \S"))
        expect(said.first.get_by_role("link").first).to_be_visible()

        page.goto(f"{arena.url}/admin/nodes")
        page.get_by_role("button", name="Invite a node").click()
        expect(page.get_by_text(re.compile("ctfy-admin node join"))).to_be_visible()
        page.goto(f"{arena.url}/admin/nodes")
        page.get_by_role("button", name="Revoke").first.click()


def test_people_get_accounts_without_a_shell(
    arena: Arena, browser: Browser, tmp_path: Path
) -> None:
    cup = arena.competition("notes", title="People's cup")
    file = tmp_path / "people.csv"
    file.write_text(
        "Name;E-Mail;Team\nJürgen;juergen@example.org;Rockets\nNobody;;Rockets\n",
        encoding="latin-1",
    )
    with window(browser, arena.url) as opened:
        page = opened.sign_in(arena.admin, PASSWORD).open("/admin/users")
        page.get_by_role("button", name="New account").click()
        asked = page.get_by_role("dialog")
        asked.get_by_label("Display name").fill("Nina")
        asked.get_by_label("E-mail").fill("nina@example.org")
        asked.get_by_role("button", name="Create", exact=True).click()
        link = page.locator("code", has_text="#token=").inner_text()
        page.get_by_role("button", name="Done").click()
        page.get_by_role("link", name="From a file").click()
        page.get_by_label("Competition of rows").select_option(cup.id)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose a file").click()
        chooser.value.set_files(file)
        expect(page.get_by_text("It is not UTF-8")).to_be_visible()
        expect(page.get_by_text("refused: no e-mail address")).to_be_visible()
        page.get_by_role("button", name="Make 1 account").click()
        page.get_by_role("link", name="Cards to print").click()
        page.get_by_role("button", name="Make the cards").click()
        card = page.get_by_role("listitem").filter(has_text="Jürgen")
        expect(card.get_by_role("img", name="Link of Jürgen")).to_be_visible()
        printed = card.get_by_text("#token=").inner_text()
        assert opened.complaints == []
    for url, name in ((link, "Nina"), (printed, "Jürgen")):
        with window(browser, arena.url) as opened:
            page = opened.open(url.removeprefix(arena.url))
            page.get_by_label("New password").fill(PASSWORD)
            page.get_by_role("button", name="Set it and sign in").click()
            expect(page.get_by_role("button", name=f"Account of {name}")).to_be_visible()


def test_an_incident_is_settled(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("notes")
    one, other = (arena.registered(competition, name) for name in ("Giver", "Taker"))
    given, taken = start(one, competition.id), start(other, competition.id)
    solver = [sys.executable, str(CHALLENGES / "notes" / "solve.py")]
    address = given.surface.services[0].url
    flag = subprocess.run([*solver, address], capture_output=True, text=True, check=True)
    assert not other.submissions.submit(taken.id, flag.stdout.strip()).correct
    with window(browser, arena.url) as mine:
        page = as_admin(mine, arena).open("/admin/incidents")
        found = page.get_by_role("article").filter(has_text="Taker").first
        expect(found).to_contain_text("Giver")
        found.get_by_label("Note").fill("talked to them")
        found.get_by_role("button", name="Dismiss").click()
        expect(page.get_by_role("article").filter(has_text="Taker")).to_have_count(0)


def test_a_first_run_is_led_to_a_running_competition(fresh: Arena, browser: Browser) -> None:
    with window(browser, fresh.url) as mine:
        page = as_admin(mine, fresh).open("/")
        expect(page.get_by_text("No competition yet")).to_be_visible()
        page.goto(f"{fresh.url}/admin")
        steps = page.get_by_role("region", name="First steps")
        steps.get_by_role("link", name="Create a competition").click()
        page.get_by_label("Title").fill("The first")
        page.get_by_role("button", name="Add all").click()
        page.get_by_role("button", name="Create", exact=True).click()
        page.get_by_role("link", name="Open", exact=True).click()
        expect(page.get_by_role("button", name="Play solo")).to_be_visible()
        page.goto(f"{fresh.url}/admin")
        expect(page.get_by_text("Nothing needs your attention.")).to_be_visible()
        expect(steps).to_have_count(0)


def test_two_operators_who_edit_one_competition_lose_nothing(
    arena: Arena, browser: Browser
) -> None:
    competition = arena.competition("field-notes")
    other = arena.admin.admin.competitions
    mine_is, theirs_is = (f"Cup of {uuid.uuid4().hex[:8]}" for _ in range(2))
    with window(browser, arena.url) as mine:
        page = as_admin(mine, arena).open(f"/admin/competitions/{competition.id}")
        page.get_by_label("Title").fill(mine_is)
        other.update(competition.id, description="Theirs.")
        expect(page.get_by_label("Description")).to_have_value("Theirs.")
        expect(page.get_by_label("Title")).to_have_value(mine_is)
        other.update(competition.id, title=theirs_is)
        expect(page.get_by_text("Somebody else has changed this meanwhile")).to_be_visible()
        page.get_by_role("button", name="Take theirs").click()
        expect(page.get_by_label("Title")).to_have_value(theirs_is)
        page.get_by_label("Title").fill(mine_is)
        page.get_by_role("tab", name="People").click()
        page.get_by_role("dialog").get_by_role("button", name="Stay").click()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved")).to_be_visible()
        page.get_by_role("tab", name="People").click()
        expect(page.get_by_role("heading", name="Allow-list")).to_be_visible()
    saved = arena.admin.competitions.get(competition.id)
    assert (saved.title, saved.description) == (mine_is, "Theirs.")


def test_a_competitions_own_administrator_edits_it_and_sees_nothing_else(
    arena: Arena, browser: Browser
) -> None:
    arena.competition("notes")  # an administrator of one competition adds what they see in others
    competition = arena.competition("field-notes")
    helper = arena.player("Helper")
    arena.admin.admin.competition_admins.grant(competition.id, user_id=helper.me.get().id)
    with window(browser, arena.url) as mine:
        page = mine.sign_in(helper, PASSWORD).open(f"/competitions/{competition.id}")
        page.get_by_role("link", name="Edit").click()
        page.get_by_role("button", name="Add Pocket Notes").click()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved")).to_be_visible()
        page.goto(f"{arena.url}/admin")
        expect(page.get_by_text("There is nothing at this address")).to_be_visible()


def test_a_shell_and_its_recording(fresh: Arena, browser: Browser) -> None:
    competition = fresh.competition("notes")
    instance_id = start(fresh.registered(competition), competition.id).id
    with window(browser, fresh.url) as mine:
        page = as_admin(mine, fresh).open(f"/admin/instances/{instance_id}?tab=shell")
        page.get_by_label("Reason").fill("to look at the test's file")
        page.get_by_role("button", name="Open", exact=True).click()
        page.locator(".xterm").click()
        page.keyboard.type("echo in-the-$((40+2))\n")
        expect(page.locator(".xterm-rows")).to_contain_text("in-the-42")
        page.keyboard.type("exit\n")
        expect(page.get_by_role("alert")).to_contain_text("shell ended")
        page.goto(f"{fresh.url}/admin/shells")
        page.get_by_role("region", name="Recordings").get_by_role("link").first.click()
        expect(page.locator(".xterm-rows")).to_contain_text("in-the-42")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A platform of its own with nothing in it, whose operators may open shells."""
    with cloned_database() as database:
        make_admin(database)
        folder = tmp_path_factory.mktemp("fresh")
        with (
            stack(database, folder, mint_invite, CTFY_ADMIN_SHELL_ENABLED="true") as up,
            sign_in(up.url, ADMIN_EMAIL) as admin,
        ):
            yield Arena(up.url, admin)


def test_points_a_team_and_an_answer_are_corrected(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("field-notes", rank_by="points", brackets=["open", "students"])
    player, friend = arena.registered(competition, "Rude"), arena.player("Friend")
    for answer in ("helo", "hello"):
        player.submissions.submit_qa("field-notes", competition.id, answer)
    team = player.competitions.get(competition.id).my_team_id
    with window(browser, arena.url) as mine, window(browser, arena.url) as theirs:
        watched = theirs.sign_in(player, PASSWORD).open(f"/teams/{team}")
        page = as_admin(mine, arena).open(f"/admin/teams/{team}")
        page.get_by_label("Points").fill("-25")
        page.get_by_role("textbox", name="Reason").first.fill("scanned the platform")
        page.get_by_role("button", name="Take points").click()
        expect(page.get_by_role("button", name="Take back")).to_be_visible()
        expect(watched.get_by_text("scanned the platform").first).to_be_visible()

        page.get_by_label("Name").fill("Polite")
        page.get_by_label("Bracket").select_option("students")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Polite")).to_be_visible()
        page.get_by_role("textbox", name="Reason").nth(1).fill("shared answers")
        page.get_by_label("Players read the reason").check()
        page.get_by_role("button", name="Take out").click()
        page.get_by_role("dialog").get_by_role("button", name="Take out").click()
        expect(watched.get_by_role("alert").get_by_text("shared answers")).to_be_visible()
        page.get_by_label("Put somebody on this team").fill(friend.me.get().email or "")
        page.get_by_role("button", name="Put on this team").click()
        page.get_by_role("button", name="Remove").nth(1).click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_role("button", name="Remove")).to_have_count(1)
        page.get_by_label("Challenge", exact=True).select_option("field-notes")
        page.get_by_role("textbox", name="Reason").last.fill("a typo of ours")
        page.get_by_role("button", name="Reset").click()
        expect(page.get_by_text("The attempts count anew")).to_be_visible()
        page.get_by_role("button", name="Rank it again").click()
        expect(watched.get_by_role("alert").get_by_text("shared answers")).to_have_count(0)

        page.get_by_role("tab", name="Submissions").click()
        page.get_by_label("Grade", exact=True).select_option("no")
        page.get_by_role("button", name="Accept").click()
        page.get_by_role("dialog").get_by_label("Reason").fill("a slip")
        page.get_by_role("dialog").get_by_role("button", name="Accept").click()
        expect(page.get_by_text("No submission")).to_be_visible()
        page.get_by_label("Grade", exact=True).select_option("")
        expect(page.get_by_role("button", name="Strike")).to_have_count(2)
        page.get_by_role("tab", name="Activity").click()
        page.get_by_label("Event", exact=True).select_option("award_given")
        expect(page.get_by_text("scanned the platform")).to_have_count(1)
        page.get_by_role("tab", name="Instances").click()
        expect(page.get_by_text("No instance", exact=True)).to_be_visible()
        page.goto(f"{arena.url}/admin/competitions/{competition.id}?tab=submissions")
        feed = page.get_by_role("link", name="CTFtime feed").get_attribute("href") or ""
        assert httpx.get(arena.url + feed).json()["standings"]
        page.get_by_label("Challenge", exact=True).select_option("field-notes")
        page.get_by_role("button", name="See what changes").click()
        expect(page.get_by_text("Of 2 submissions 0 would become right")).to_be_visible()
        with page.expect_download() as saved:
            page.get_by_role("link", name="Submissions as CSV").click()
        assert "helo" in saved.value.path().read_text()


def test_a_write_up_from_handing_in_to_everybody_reading_it(
    arena: Arena, browser: Browser, tmp_path: Path
) -> None:
    moment = datetime.now(UTC)
    competition = arena.competition("field-notes", writeups_until=moment + timedelta(hours=1))
    player = arena.registered(competition, "Scribe")
    player.submissions.submit_qa("field-notes", competition.id, "hello")
    challenge = f"/competitions/{competition.id}/challenges/field-notes?tab=writeups"
    with window(browser, arena.url) as mine, window(browser, arena.url) as theirs:
        wrote = theirs.sign_in(player, PASSWORD).open(challenge)
        wrote.get_by_label("How did you solve it?").fill("By **reading** it.")
        wrote.get_by_role("button", name="Hand in", exact=True).click()
        expect(wrote.locator("strong", has_text="reading")).to_be_visible()
        paper = tmp_path / "paper.pdf"
        paper.write_bytes(b"%PDF-1.7\n%%EOF\n")
        wrote.locator("input[type=file]").set_input_files(paper)
        expect(wrote.get_by_role("link", name="Download the PDF")).to_be_visible()
        wrote.get_by_label("Write it anew").fill("By **thinking**.")
        wrote.get_by_role("button", name="Replace it").click()
        expect(wrote.locator("strong", has_text="thinking")).to_be_visible()

        page = as_admin(mine, arena).open(f"/admin/competitions/{competition.id}?tab=writeups")
        page.get_by_role("button", name="Read Field Notes of Scribe").click()
        expect(page.locator("strong", has_text="thinking")).to_be_visible()
        page.get_by_label("Notes").fill("a thin one")
        page.get_by_label("Mark").fill("70")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Judged by")).to_be_visible()
        page.get_by_role("button", name="Publish").click()
        expect(page.get_by_role("button", name="Take back")).to_be_visible()
        page.get_by_role("button", name="All write-ups").click()
        with page.expect_download() as saved:
            page.get_by_role("link", name="Download all as a zip").click()
        with zipfile.ZipFile(saved.value.path()) as files:
            assert [name[:18] for name in files.namelist()] == ["field-notes/Scribe"]
        times = {"starts_at": moment - timedelta(hours=2), "ends_at": moment - timedelta(hours=1)}
        arena.admin.admin.competitions.update(competition.id, **times)
    with window(browser, arena.url) as another:
        read = another.sign_in(arena.player("Reader"), PASSWORD).open(challenge)
        read.get_by_role("button", name="Read", exact=True).click()
        expect(read.locator("strong", has_text="thinking")).to_be_visible()
        expect(read.get_by_text("a thin one")).to_have_count(0)


def now_code(secret: str) -> str:
    return code_at(base64.b32decode(secret), int(time.time()) // 30)


def test_an_operator_who_needs_a_second_factor_sees_nothing_before(
    fresh: Arena, browser: Browser
) -> None:
    deputy, settings = fresh.deputy(), fresh.admin.admin.settings
    fresh.admin.admin.competitions.create(title="Draft Cup")
    fresh.admin.auth.confirm_totp(now_code(fresh.admin.auth.set_up_totp(PASSWORD).secret))
    settings.set("require_totp_for_operators", True)
    with window(browser, fresh.url) as mine:
        page = mine.sign_in(deputy, PASSWORD).open("/admin/competitions")
        expect(page.get_by_role("alert")).to_contain_text("Operators need two-factor sign-in")
        expect(page.get_by_text("Draft Cup")).to_have_count(0)
        page.get_by_role("textbox", name="Current password").fill(PASSWORD)
        page.get_by_role("button", name="Set it up").click()
        secret = page.locator("main code").inner_text()
        page.get_by_label("The code that it shows").fill(now_code(secret))
        page.get_by_role("button", name="Turn it on").click()
        page.get_by_role("button", name="I have kept them").click()
        expect(page.get_by_text("Draft Cup")).to_be_visible()
        mine.complaints[:] = [line for line in mine.complaints if "403" not in line]

        lost = fresh.player("Lost")
        lost.auth.confirm_totp(now_code(lost.auth.set_up_totp(PASSWORD).secret))
        page = mine.open(f"/admin/users/{lost.me.get().id}")
        page.get_by_role("button", name="Turn off two-factor sign-in").click()
        page.get_by_role("dialog").get_by_role("button").last.click()
        expect(page.get_by_role("button", name="Turn off two-factor sign-in")).to_have_count(0)
        assert not lost.auth.totp().enabled
    settings.set("require_totp_for_operators", False)
