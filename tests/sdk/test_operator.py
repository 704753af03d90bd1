"""Every operator method of the SDK against a live platform, for both clients."""

from __future__ import annotations

import asyncio
import io
import json
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

import ctfy.sdk.admin as admin_module
from ctfy.challenge.archive import pack
from ctfy.sdk import AdminClient, PlatformClient
from ctfy.sdk.aio import AsyncAdminClient
from ctfy.server.platform_settings.service import KEYS
from tests.conftest import (
    ADMIN_EMAIL,
    PASSWORD,
    Arena,
    cloned_database,
    make_admin,
    mint_invite,
    sign_in,
)
from tests.hostile_images import drawn
from tests.playing import flag
from tests.processes import CHALLENGES, PATIENCE_S, stack, wait_for
from tests.sdk.both_clients import Client, Loop, assert_iterates, public_methods, refused

CLASSES = [
    AdminClient,
    *(cls for name, cls in vars(admin_module).items() if name.endswith("Resource")),
]
METRICS = "for-prometheus"


@pytest.fixture
def arena_of_its_own(tmp_path: Path) -> Iterator[Arena]:
    with cloned_database() as database:
        make_admin(database)
        with (
            stack(
                database,
                tmp_path,
                mint_invite,
                CTFY_ADMIN_SHELL_ENABLED="true",
                CTFY_METRICS_TOKEN=METRICS,
                CTFY_JOB_INTERVALS='{"incident_scan": 3600}',
            ) as running,
            sign_in(running.url, ADMIN_EMAIL) as admin,
        ):
            yield Arena(running.url, admin)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_operators_whole_story(kind: str, arena_of_its_own: Arena, tmp_path: Path) -> None:
    arena = arena_of_its_own
    called: set[str] = set()
    token = arena.admin.token
    made: Any = AdminClient if kind == "sync" else AsyncAdminClient
    loop = Loop() if kind == "async" else None
    target = made.connect(arena.url, token, max_retries=0)
    called.add("AdminClient.close")
    admin = Client(target, called, loop)
    secret = (tmp_path / "platform" / "secret.key").read_bytes().strip()

    people(admin, arena)
    competition_id = competitions(admin, arena)
    team_id, player, instance_id = playing(admin, arena, competition_id, secret)
    announcing(admin)
    telling(admin)
    looking(admin)
    achievements(admin, team_id)
    points(admin, player, competition_id, team_id)
    challenges(admin, team_id, player, competition_id)
    judging(admin, player, competition_id)
    shells(admin, arena, instance_id)
    ending(admin, player, instance_id)
    watching(admin, arena, team_id, competition_id)
    incidents(admin, arena, player, competition_id, secret)
    settings(admin)
    tasks(admin)
    fleet(admin)
    leaving(admin, competition_id)
    assert public_methods(CLASSES) - called == set()
    admin.close()


def people_from_a_file(admin: Any) -> None:
    imports = admin.people_imports
    file = imports.check(b"email;name\ngus@example.org;Gus\nnobody;\n")
    assert (file.to_create, file.refused, file.delimiter) == (1, 1, "semicolon")
    assert [row.reason for row in imports.rows(file.id, outcome="refused")] == ["email_invalid"]
    assert refused(imports.apply, file.id) == "rows_refused"
    assert admin.tasks.wait(imports.apply(file.id, rows="right").id).result["created"] == 1
    (row,) = imports.iterate_rows(file.id, outcome="created")
    assert admin.users.get(row.user_id).display_name == "Gus"
    assert imports.get(file.id).created == 1
    assert [each.id for each in imports.list()] == [file.id]
    imports.forget(file.id)
    assert refused(imports.get, file.id) == "people_import_not_found"


def people(admin: Any, arena: Arena) -> None:
    eve = arena.player("Eve of the north")
    me = eve.me.get()
    assert [u.id for u in admin.users.list(q="of the north")] == [me.id]
    assert_iterates(admin.users, q="of the north")
    assert [u.email for u in admin.users.list(role="super_admin")] == [ADMIN_EMAIL]
    assert admin.users.get(me.id).providers == ["password"]
    assert admin.users.set_role(me.id, "admin").role == "admin"
    with sign_in(arena.url, me.email) as risen:  # who rises signs in anew
        assert risen.me.get().is_admin
    assert admin.users.set_role(me.id, "user").promoted_by == arena.admin.me.get().id
    root = arena.admin.me.get().id
    assert refused(admin.users.set_role, root, "user") == "last_super_admin"
    assert refused(admin.users.set_role, me.id, "owner") == "validation_error"
    assert refused(admin.users.suspend, root) == "cannot_suspend_self"
    assert admin.users.suspend(me.id, reason="spam").suspended_at is not None
    assert refused(eve.me.get) == "unauthorized"
    login = PlatformClient(arena.url).auth.login
    assert refused(login, me.email, PASSWORD) == "account_suspended"
    assert [u.id for u in admin.users.list(standing="suspended")] == [me.id]
    assert admin.users.reinstate(me.id).suspended_at is None
    assert login(me.email, PASSWORD).token
    assert refused(admin.users.reset_totp, me.id) == "totp_not_set_up"
    made = admin.users.create("fay@example.org", "Fay")
    assert (made.user.display_name, made.link.mailed, "#token=" in made.link.url) == (
        "Fay",
        False,
        True,
    )
    assert admin.users.set_avatar(made.user.id, drawn()).avatar_url
    assert admin.users.remove_avatar(made.user.id).avatar_url == ""
    assert admin.users.make_links([made.user.id])[0].url != made.link.url
    edited = admin.users.edit(made.user.id, email="fay@example.com", display_name="Fay F.")
    assert (edited.email, edited.display_name) == ("fay@example.com", "Fay F.")
    assert admin.users.set_password(made.user.id, PASSWORD).providers == ["password"]
    assert login("fay@example.com", PASSWORD).token
    people_from_a_file(admin)


def competitions(admin: Any, arena: Arena) -> str:
    ids = ["notes", "field-notes", "two-time"]
    ends = datetime.now(UTC) + timedelta(days=1)
    cup = admin.competitions.create(
        title="Winter cup", challenge_ids=ids, ends_at=ends, writeups_until=ends
    )
    assert cup.status == "draft"
    cup = admin.competitions.update(cup.id, status="published", access="private_listed")
    assert cup.access == "private_listed"
    assert cup.id in [c.id for c in admin.competitions.list(q="winter")]
    assert_iterates(admin.competitions, q="winter")
    offer = admin.competitions.set_challenge(cup.id, ids[0], value=250)
    assert admin.competitions.challenges(cup.id)[0] == offer
    admin.competitions.order_challenges(cup.id, ids)
    assert [row.challenge_id for row in admin.competitions.challenges(cup.id)] == ids
    assert admin.competitions.pause(cup.id).paused_at
    assert admin.competitions.resume(cup.id).paused_at is None
    longer = admin.competitions.extend(cup.id, minutes=15).ends_at
    assert longer
    assert longer > ends + timedelta(minutes=15)
    ruled = {"scoreboard_visibility": "hidden", "practice": True, "prizes": "A mug"}
    admin.competitions.update(cup.id, **ruled)
    copy = admin.competitions.clone(cup.id, title="Spring cup")
    assert (copy.scoreboard_visibility, copy.practice) == ("hidden", True)
    assert admin.competitions.challenges(copy.id)[0].value == 250
    assert (copy.status, copy.challenge_ids, copy.ends_at) == ("draft", ids, None)
    assert [c.id for c in admin.competitions.list(status="draft")] == [copy.id]
    admin.competitions.delete(copy.id)
    assert refused(admin.competitions.delete, copy.id) == "competition_not_found"
    helper = arena.player("Helper")
    helper_id = helper.me.get().id
    granted = admin.competition_admins.grant(cup.id, email=helper.me.get().email)
    assert [a.user_id for a in admin.competition_admins.list(cup.id)] == [granted.user_id]
    assert_iterates(admin.competition_admins, cup.id)
    assert cup.id in helper.me.get().competition_admin_ids
    admin.competition_admins.revoke(cup.id, helper_id)
    assert cup.id not in helper.me.get().competition_admin_ids
    invited = admin.competition_invites.invite(cup.id, email="later@example.org")
    assert [i.email for i in admin.competition_invites.list(cup.id)] == [invited.email]
    assert_iterates(admin.competition_invites, cup.id)
    admin.competition_invites.revoke(cup.id, "later@example.org")
    admin.competitions.update(cup.id, access="public")
    return str(cup.id)


def playing(
    admin: Any, arena: Arena, competition_id: str, secret: bytes
) -> tuple[str, PlatformClient, str]:
    player = arena.player("Zoe")
    team = player.competition(competition_id).register(name="")
    ready = player.instances.start("notes", competition_id=competition_id, poll_interval=0.2)
    assert httpx.get(ready.surface.services[0].url, params={"q": "its"}).status_code == 200
    player.submissions.submit(ready.id, "wrong")
    assert player.submissions.submit(ready.id, flag(secret, ready.id)).correct
    assert [r.solved for r in admin.competitions.registrations(competition_id)] == [1]
    listed = admin.instances.list(status="ready", team_id=team.id)
    assert [i.id for i in admin.instances.iterate(team_id=team.id)] == [i.id for i in listed]
    assert [i.id for i in listed] == [ready.id]
    assert admin.instances.get(ready.id).node_id
    assert admin.instances.containers(ready.id)[0]["service"] == "service"
    assert isinstance(admin.instances.container_log(ready.id), str)
    live = admin._http.call("GET", f"/admin/instances/{ready.id}/container-log").json()
    assert set(live) == {"logs"}
    (flow,) = admin.instances.traffic(ready.id)["items"]
    assert (flow["request"]["method"], flow["response"]["status"]) == ("GET", 200)
    assert flow["request"]["path"].startswith("/?q=it")
    (entry,) = admin.instances.har(ready.id)["log"]["entries"]
    assert (entry["request"]["queryString"], entry["response"]["status"]) == (
        [{"name": "q", "value": "its"}],
        200,
    )
    assert admin.instances.pcap(ready.id)[:4] == bytes.fromhex("d4c3b2a1")
    return team.id, player, ready.id


def announcing(admin: Any) -> None:
    told = admin.announcements.create(title="Tea", severity="warning")
    assert admin.announcements.update(told.id, body="At five").body == "At five"
    assert [a.id for a in admin.announcements.list()] == [told.id]
    assert_iterates(admin.announcements)
    admin.announcements.delete(told.id)
    assert admin.announcements.list() == []


def telling(admin: Any) -> None:
    address, events = "http://127.0.0.2:9/x", ["first_blood"]
    made = admin.notifications.create(name="Chat", kind="webhook", address=address, events=events)
    assert made.secret
    assert admin.notifications.update(made.id, enabled=False).address == "http://127.0.0.2:9/…"
    assert [c.id for c in admin.notifications.list()] == [made.id]
    assert_iterates(admin.notifications)
    assert admin.notifications.renew_secret(made.id).secret != made.secret
    assert not admin.notifications.test(made.id).ok
    admin.notifications.delete(made.id)


def looking(admin: Any) -> None:
    assert admin.branding.update(event_name="Winter Cup").event_name == "Winter Cup"
    assert admin.branding.update(event_name=None).event_name == "ctfy"
    assert admin.branding.set_image("logo", drawn()).width == 40
    admin.branding.remove_image("logo")
    image = admin.images.upload(drawn(), name="cup.png")
    assert [found.id for found in admin.images.list()] == [image.id]
    assert_iterates(admin.images)
    admin.images.delete(image.id)
    page = admin.pages.create(slug="faq", title="Questions")
    assert admin.pages.get(page.id).status == "draft"
    assert admin.pages.update(page.id, version=page.version, body="Ask.").version == 2
    assert refused(admin.pages.update, page.id, version=page.version) == "page_changed"
    assert [found.slug for found in admin.pages.list()] == ["faq"]
    assert_iterates(admin.pages)
    admin.pages.delete(page.id)


def achievements(admin: Any, team_id: str) -> None:
    assert admin.achievements.grant(team_id, "ambassador").achievement_id == "ambassador"
    admin.achievements.revoke(team_id, "ambassador")
    assert refused(admin.achievements.grant, team_id, "nothing") == "achievement_not_found"


def points(admin: Any, player: PlatformClient, competition_id: str, team_id: str) -> None:
    given = admin.awards.give(competition_id, team_id, points=-5, reason="too many requests")
    assert (given.points, given.team_id) == (-5, team_id)
    assert [award.id for award in admin.awards.list(competition_id)] == [given.id]
    assert_iterates(admin.awards, competition_id, team_id=team_id)
    assert refused(admin.awards.give, competition_id, team_id, points=0, reason="x") == (
        "validation_error"
    )
    assert [award.reason for award in player.teams.awards(team_id)] == ["too many requests"]
    correcting(admin, competition_id, team_id)
    admin.awards.revoke(competition_id, given.id)
    assert admin.awards.list(competition_id, team_id=team_id) == []


def asking(admin: Any, competition_id: str) -> None:
    fields = admin.fields
    motto = fields.create("motto", "Motto", competition_id=competition_id, maximum=20)
    assert [f.name for f in fields.list(competition_id)] == ["motto"]
    assert fields.update(motto.id, competition_id=competition_id, public=True).public
    who = fields.people(competition_id)[0].user_id
    assert next(iter(fields.iterate_people(competition_id))).user_id == who
    (given,) = fields.correct(who, {"motto": "on"}, competition_id=competition_id)
    assert fields.answers(who, competition_id=competition_id) == [given]
    assert refused(fields.delete, motto.id, competition_id=competition_id) == "field_has_answers"
    fields.delete(motto.id, competition_id=competition_id, force=True)
    assert fields.list() == fields.answers(who) == []


def correcting(admin: Any, competition_id: str, team_id: str) -> None:
    changed = admin.teams.update(competition_id, team_id, standing="hidden")
    assert (changed.standing, changed.standing_reason_shown) == ("hidden", False)
    assert admin.teams.update(competition_id, team_id, standing="ranked").standing == "ranked"
    assert refused(admin.teams.update, competition_id, team_id, standing="x") == "validation_error"
    assert admin.teams.set_logo(competition_id, team_id, drawn()).logo_url
    assert admin.teams.remove_logo(competition_id, team_id).logo_url == ""
    asking(admin, competition_id)
    assert refused(admin.teams.move, competition_id, team_id, "nobody") == "user_not_found"
    assert refused(admin.teams.remove_member, competition_id, team_id, "x") == "not_team_member"
    (right,) = admin.submissions.list(competition_id, team_id=team_id, correct=True)
    assert_iterates(admin.submissions, competition_id, challenge_id=right.challenge_id)
    assert admin.submissions.strike(competition_id, right.id, reason="copied").overruled
    assert admin.submissions.accept(competition_id, right.id).correct
    again = admin.submissions.regrade(competition_id, right.challenge_id, right.question_id)
    assert (again.dry_run, again.changes) == (True, [])
    anew = admin.submissions.reset_challenge
    assert anew(competition_id, right.challenge_id).dry_run
    done = anew(competition_id, right.challenge_id, reason="broken", dry_run=False)
    assert admin.submissions.challenge_resets(competition_id) == [done]
    assert admin.submissions.undo_reset(competition_id, done.id).undone_at
    for table in ("standings", "submissions", "people"):
        assert team_id in admin.competitions.table(competition_id, table).decode()


def challenges(admin: Any, team_id: str, player: PlatformClient, competition_id: str) -> None:
    for task in (
        admin.challenges.rescan(),
        admin.challenges.build("notes"),
        admin.challenges.build_all(competition_id=competition_id),
        admin.challenges.pull("notes"),
        admin.challenges.pull_all(),
    ):
        done = admin.tasks.wait(task.id)
        assert (done.status, done.error) == ("succeeded", ""), admin.tasks.logs(task.id)
        assert done.progress == 1.0
    assert refused(admin.challenges.build, "nothing") == "challenge_not_found"
    assert admin.challenges.audit("notes") == []
    buffer = io.BytesIO()
    pack(CHALLENGES / "two-time", buffer)
    archive = buffer.getvalue()
    for content in (archive, io.BytesIO(archive)):
        pushed = admin.challenges.push(content, challenge_id="pushed", bucket="more")
        assert (pushed.challenge_id, pushed.version, pushed.bucket) == ("pushed", 1, "more")
    assert {"notes", "pushed"} <= {row.id for row in admin.challenges.stored()}
    assert [row.version for row in admin.challenges.versions("pushed")] == [1]
    assert "metadata.yaml" in {file.path for file in admin.challenges.diff("pushed", 1).files}
    assert admin.challenges.download_version("pushed", 1)[:2] == b"\x1f\x8b"
    assert admin.challenges.rollback("pushed", 1).is_current
    assert refused(admin.challenges.rollback, "pushed", 2) == "version_not_found"
    collection = io.BytesIO()
    with zipfile.ZipFile(collection, "w") as archive_:
        fields = "name: Taken\ncategory: misc\ndescription: d\nvalue: 1\ntype: standard\nflags: [a]"
        archive_.writestr("old/taken/challenge.yml", fields)
    would = admin.challenges.import_(collection.getvalue(), format="ctfcli")
    assert [(row.id, row.state, row.version) for row in would.challenges] == [("taken", "new", 0)]
    edited = admin.challenges.write_file("pushed", "attachments/a.txt", b"A", base=1)
    assert edited.version == 2
    written = admin.challenges.write_file(
        "pushed", "run", io.BytesIO(b"B"), base=2, executable=True
    )
    held = admin.challenges.files("pushed")
    assert (held.version, held.is_current) == (written.version, True)
    files = {file.path: file for file in held.files}
    assert (files["attachments/a.txt"].size, files["run"].executable) == (1, True)
    assert admin.challenges.read_file("pushed", "attachments/a.txt") == b"A"
    assert refused(admin.challenges.read_file, "pushed", "attachments/a.txt", 1) == "file_not_found"
    # What is as it was in version 2 is that version.
    assert admin.challenges.delete_file("pushed", "run", base=3).version == 2
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive_:
        for name in ("attachments/a.txt", "attachments/b.txt"):
            archive_.writestr(name, "C")
    assert admin.challenges.write_files("pushed", zipped.getvalue(), base=2).version == 4
    assert admin.challenges.read_file("pushed", "attachments/a.txt") == b"C"
    admin.challenges.rollback("pushed", 2)
    renamed = {**held.metadata, "name": "Renamed"}
    assert admin.challenges.set_metadata("pushed", renamed, base=2).version == 5
    assert admin.challenges.files("pushed").metadata["name"] == "Renamed"
    made = admin.challenges.make_example("made-here", "Made here", "web", tags=["t"])
    assert (made.version, admin.challenges.files("made-here").metadata["tags"]) == (1, ["t"])
    played = admin.challenges.test_play("made-here")
    assert played.challenge_id == "made-here"
    admin.competitions.delete(played.competition_id, force=True)
    admin.challenges.remove("made-here")
    admin.challenges.remove("pushed")
    assert "pushed" not in {row.id for row in admin.challenges.stored()}
    source = admin.challenges.add_source("git://127.0.0.1:9/nowhere", folder="ctf")
    assert [row.id for row in admin.challenges.sources()] == [source.id]
    assert admin.tasks.wait(admin.challenges.pull_source(source.id).id).status == "failed"
    admin.challenges.remove_source(source.id)
    assert admin.challenges.sources() == []
    built = {row.challenge_id: row for row in admin.challenges.build_state().rows}
    assert built["notes"].aggregated == "built"
    assert built["notes"].nodes[0].built_at > 0
    pulled = {row.challenge_id: row for row in admin.challenges.pull_state().rows}
    assert pulled["notes"].aggregated == "pulled"
    stats = {row.challenge_id: row for row in admin.challenges.stats(sort="-launches")}
    assert (stats["notes"].launches, stats["notes"].errors) == (1, 0)
    assert (stats["notes"].solve_rate, stats["notes"].running_count) == (1.0, 1)
    assert stats["notes"].p50_launch_s > 0
    assert refused(admin.challenges.stats, sort="colour") == "validation_error"
    assert sum(b.launches for b in admin.challenges.timeseries("notes").buckets) == 1
    assert sum(b.count for b in admin.challenges.latency_histogram()) == 1
    player.challenges.add_reaction("notes", "learned")
    (reaction,) = admin.challenges.feedback("notes")
    assert (reaction.reaction, reaction.user_display_name) == ("learned", "Zoe")
    wrong = player.submissions.submit_qa
    for text in ("no", "neither"):
        wrong("field-notes", competition_id, text, question_id="answer")
    reset = admin.challenges.reset_question_attempts(
        team_id, "field-notes", "answer", reason="the question was unclear"
    )
    assert reset.reason == "the question was unclear"
    answer = wrong("field-notes", competition_id, "no", question_id="answer")
    assert answer.attempts_remaining == 9


def judging(admin: Any, player: PlatformClient, competition_id: str) -> None:
    assert [row.challenge_id for row in admin.writeups.missing(competition_id)] == ["notes"]
    pdf = b"%PDF-1.7\n%%EOF\n"
    written = player.competition(competition_id).writeups.hand_in_pdf("notes", pdf)
    assert [w.id for w in admin.writeups.list(competition_id, judged=False)] == [written.id]
    assert_iterates(admin.writeups, competition_id, challenge_id="notes")
    assert admin.writeups.pdf(written.id) == pdf
    assert admin.writeups.judge(competition_id, written.id, mark=80, notes="neat").mark == 80
    assert admin.writeups.judge(competition_id, written.id, mark=None).notes == "neat"
    assert admin.writeups.get(competition_id, written.id).mark is None
    assert pdf in admin.writeups.archive(competition_id)


def shells(admin: Any, arena: Arena, instance_id: str) -> None:
    reason = "the service answers oddly"
    assert refused(admin.shell.open, instance_id, "nothing", reason=reason) == (
        "container_not_found"
    )
    ticket = admin.shell.open(instance_id, "service", reason=reason, shell="sh")
    assert [s.reason for s in admin.shell.sessions()] == [reason]

    async def type_into() -> str:
        async with connect(ticket.ws_url) as socket:
            await socket.send(json.dumps({"ticket": ticket.session_token}))
            await socket.send(json.dumps({"resize": [100, 30]}))
            await socket.send(b"echo in-$((6 * 7)); ls /answers; id -u\n")
            shown = b""
            async with asyncio.timeout(PATIENCE_S):
                while b"in-42" not in shown or b"flag" not in shown:
                    shown += await socket.recv()
            assert admin_sessions()[0].burned
            close()
            async with asyncio.timeout(PATIENCE_S):
                async for _ in socket:
                    pass
            return shown.decode(errors="replace")

    token = arena.admin.token
    aside = AdminClient.connect(arena.url, token)
    admin_sessions = aside.shell.sessions

    def close() -> None:
        admin.shell.close(ticket.session_id)

    asyncio.run(type_into())

    async def again() -> int:
        async with connect(ticket.ws_url) as socket:
            await socket.send(json.dumps({"ticket": ticket.session_token}))
            await socket.wait_closed()
            return int(socket.close_code or 0)

    assert asyncio.run(again()) == 4401
    wait_for("the session to close", lambda: not aside.shell.sessions())
    assert [r.session_id for r in admin.shell.recordings()] == [ticket.session_id]
    header, *lines = admin.shell.recording(ticket.session_id).decode().splitlines()
    assert json.loads(header)["version"] == 2
    assert any("in-42" in json.loads(line)[2] for line in lines)
    told = [a.event for a in admin.observability.activities(limit=20)]
    assert "admin_shell_recording_viewed" in told
    assert {"admin_shell_session_opened", "admin_shell_session_closed"} <= set(told)
    assert refused(admin.shell.close, ticket.session_id) == "shell_session_not_found"
    limits(admin, instance_id, reason)
    aside.close()


def limits(admin: Any, instance_id: str, reason: str) -> None:
    """A silent shell is closed; so is one that another page asks for; three are enough."""
    admin.settings.set("admin_shell_idle_timeout_s", 1)
    ticket = admin.shell.open(instance_id, "service", reason=reason, shell="sh")

    async def fall_silent() -> str:
        async with connect(ticket.ws_url) as socket:
            await socket.send(json.dumps({"ticket": ticket.session_token}))
            async with asyncio.timeout(PATIENCE_S):
                async for _ in socket:
                    pass
            return str(socket.close_reason)

    assert asyncio.run(fall_silent()) == "idle timeout"
    admin.settings.unset("admin_shell_idle_timeout_s")
    (closed,) = admin.observability.activities(event="admin_shell_session_closed", limit=1)
    assert (closed.detail.reason, closed.detail.container) == ("idle timeout", "service")
    waiting = [admin.shell.open(instance_id, "service", reason=reason) for _ in range(3)]
    assert refused(admin.shell.open, instance_id, "service", reason=reason) == (
        "admin_shell_limit_reached"
    )

    async def from_elsewhere() -> None:
        async with connect(waiting[0].ws_url, origin=Origin("https://evil.example.org")):
            pass

    with pytest.raises(InvalidStatus):
        asyncio.run(from_elsewhere())
    for one in waiting:
        admin.shell.close(one.session_id)
    assert admin.shell.sessions() == []


def ending(admin: Any, player: PlatformClient, instance_id: str) -> None:
    player.instances.stop(instance_id)
    assert refused(admin.instances.pcap, instance_id) == "instance_not_running"
    wait_for("the archive", lambda: admin.records.get(instance_id).artifacts.archived_at > 0)
    (record,) = admin.records.list(challenge_id="notes")
    assert_iterates(admin.records, challenge_id="notes")
    assert (record.id, record.solved, record.attempts) == (instance_id, True, 2)
    assert (record.status, record.stop_reason, record.request_count) == ("stopped", "user", 1)
    kept = admin.records.get(instance_id)
    assert kept.artifacts.has_manifest
    assert (kept.artifacts.traffic_count, kept.artifacts.submissions_count) == (1, 2)
    assert kept.artifacts.pcap_bytes > 100
    events = [e["event"] for e in admin.records.events(instance_id)]
    assert events[0] == "instance_started"
    assert {"flag_wrong", "flag_correct", "instance_stopped"} <= set(events)
    assert [s["correct"] for s in admin.records.submissions(instance_id)] == [False, True]
    assert admin.records.traffic(instance_id)[0]["kind"] == "http"
    assert len(admin.records.har(instance_id)["log"]["entries"]) == 1
    assert len(admin.records.pcap(instance_id)) == kept.artifacts.pcap_bytes
    if kept.artifacts.has_container_log:
        assert admin.records.container_log(instance_id)
        path = f"/admin/instance-records/{instance_id}/container-log"
        assert set(admin._http.call("GET", path).json()) == {"logs"}
    else:
        assert refused(admin.records.container_log, instance_id) == "artifact_not_found"
    with zipfile.ZipFile(io.BytesIO(admin.records.archive(instance_id))) as bundle:
        names = {name.split("/")[1] for name in bundle.namelist()}
    assert {"manifest.json", "events.jsonl", "traffic.jsonl", "capture.pcap"} <= names
    ready = player.instances.start("notes", competition_id=record.competition_id, poll_interval=0.2)
    admin.instances.stop(ready.id)
    wait_for("the stop", lambda: player.instances.status(ready.id).status == "stopped")
    ready = player.instances.start("notes", competition_id=record.competition_id, poll_interval=0.2)
    assert [i["id"] for i in admin.instances.stop_all()] == [ready.id]


def watching(admin: Any, arena: Arena, team_id: str, competition_id: str) -> None:
    seen = admin.observability.overview()
    assert (seen.nodes.total, seen.nodes.healthy, seen.solves_total) == (1, 1, 1)
    assert seen.users_total == 6
    assert admin.observability.health_flags().unhealthy_nodes == []
    matrix = admin.observability.solve_matrix(competition_id=competition_id)
    assert [(c.team_id, c.solved) for c in matrix.cells if c.challenge_id == "notes"] == [
        (team_id, True)
    ]
    assert admin.observability.solve_matrix().teams
    for metric, least in {
        "launches": 3,
        "submissions": 5,
        "solves": 1,
        "teams": 1,
        "active_users": 2,
        "running_instances": 0,
    }.items():
        series = admin.observability.timeseries(metric=metric)
        assert sum(b.value for b in series.buckets) >= least, metric
        assert series.buckets[-1].partial
    assert refused(admin.observability.timeseries, metric="colour") == "validation_error"
    traffic = admin.observability.traffic_summary()
    assert [t.team_id for t in traffic.teams] == [team_id]
    assert traffic.total_requests == 1
    root = arena.admin.me.get().id
    done = admin.observability.activities(actor_id=root, event="account_suspended")
    assert [a.detail.target_user_name for a in done] == ["Eve of the north"]
    changed = admin.observability.activities(event="competition_updated", limit=1)[0]
    assert (changed.detail.before, changed.detail.after) == (
        {"access": "private_listed"},
        {"access": "public"},
    )
    assert admin.observability.activities_timeseries().events
    numbers = httpx.get(f"{arena.url}/metrics", headers={"Authorization": f"Bearer {METRICS}"}).text
    assert 'ctfy_nodes{condition="healthy"} 1.0' in numbers
    assert 'route="/api/v1/submissions"' in numbers
    assert 'route="/api/v1/admin/users/{user_id}"' in numbers


def incidents(
    admin: Any, arena: Arena, player: PlatformClient, competition_id: str, secret: bytes
) -> None:
    mine = player.instances.start("notes", competition_id=competition_id, poll_interval=0.2)
    other = arena.player("Copycat")
    other.competition(competition_id).register()
    theirs = other.instances.start("notes", competition_id=competition_id, poll_interval=0.2)
    assert not other.submissions.submit(theirs.id, flag(secret, mine.id)).correct
    # All within one minute, also where the machine is busy.
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: other.submissions.submit(theirs.id, f"guess {n}"), range(30)))
    admin.tasks.wait(admin.scheduled_jobs.run("incident_scan").id)
    found = {i.kind: i for i in admin.incidents.list(competition_id=competition_id)}
    assert_iterates(admin.incidents, competition_id=competition_id)
    shared = admin.incidents.get(found["shared_answer"].id)
    assert (shared.user_name, shared.evidence["belongs_to_instance_id"]) == ("Copycat", mine.id)
    assert found["wrong_burst"].evidence["wrong_answers"] >= 30
    closed = admin.incidents.update(shared.id, status="acknowledged", note="talked to them")
    assert (closed.status, closed.note) == ("acknowledged", "talked to them")
    assert [i.kind for i in admin.incidents.list(status="open")] == ["wrong_burst"]
    admin.instances.stop_all()


def settings(admin: Any) -> None:
    listed = {s.key: s for s in admin.settings.list()}
    assert listed.keys() == set(KEYS)
    assert listed["rate_limiting_enabled"].source == "env"
    changed = admin.settings.set("max_instance_ttl_s", 100_000)
    assert (changed.value, changed.source, changed.default_value) == (100_000, "db", 604_800)
    assert refused(admin.settings.set, "max_instance_ttl_s", 1) == "validation_error"
    assert refused(admin.settings.set, "max_instance_ttl_s", "long") == "validation_error"
    assert refused(admin.settings.set, "colour", 1) == "setting_not_found"
    assert refused(admin.settings.test_mail) == "mail_not_configured"
    assert admin.settings.unset("max_instance_ttl_s").source == "default"


def tasks(admin: Any) -> None:
    jobs = {j.name: j for j in admin.scheduled_jobs.list()}
    assert {"ttl_sweep", "reconcile", "retention_sweep", "mail_retry", "token_expiry"} <= set(jobs)
    assert jobs["scoreboard_snapshot"].default_interval_s == 300
    paused = admin.scheduled_jobs.update("token_expiry", enabled=False, interval_s=60)
    assert (paused.enabled, paused.interval_s, paused.default_interval_s) == (False, 60, 3600)
    admin.scheduled_jobs.update("token_expiry", enabled=True)
    assert refused(admin.scheduled_jobs.run, "nothing") == "scheduled_job_not_found"
    task = admin.scheduled_jobs.run("token_expiry")
    done = admin.tasks.wait(task.id)
    assert (done.status, done.result["summary"]) == ("succeeded", "0 expired")
    assert [line.message for line in admin.tasks.logs(task.id).items] == ["0 expired"]
    assert refused(admin.tasks.cancel, task.id) == "task_finished"
    assert refused(admin.tasks.submit, "nothing") == "validation_error"
    assert refused(admin.tasks.submit, "challenge_build", {"colour": 1}) == "validation_error"
    stopped = admin.tasks.wait(admin.tasks.submit("instances_stop_all").id)
    assert stopped.result == {"stopped": 0}
    assert admin.tasks.get(task.id).created_by_name == "Administrator"
    assert admin.tasks.list(kind="scheduled_job_run", status="succeeded").total >= 1


def fleet(admin: Any) -> None:
    node = admin.nodes.register("http://127.0.0.1:9", 1, {"zone": "a"})
    assert admin.nodes.get(node.id).labels == {"zone": "a"}
    assert admin.nodes.patch(node.id, labels={"zone": "b"}, display_name="spare").labels == {
        "zone": "b"
    }
    assert admin.nodes.drain(node.id).draining
    events = admin.nodes.events(node.id)
    assert [e.event for e in events] == ["node_updated", "node_updated", "node_registered"]
    assert events[1].detail.labels_changed == ["zone"]
    invite = admin.nodes.mint_invite()
    assert invite.id in [i.id for i in admin.nodes.list_invites()]
    admin.nodes.revoke_invite(invite.id)
    admin.nodes.remove(node.id)
    assert refused(admin.nodes.get, node.id) == "node_not_found"
    own = admin.instances.list(limit=1)[0]
    history = admin.nodes.health_history(own.node_id)
    assert history[0].is_healthy
    assert history[0].ts > time.time() - PATIENCE_S


def leaving(admin: Any, competition_id: str) -> None:
    file = admin.competitions.export(competition_id)
    assert refused(admin.competitions.delete, competition_id) == "competition_has_solves"
    assert refused(admin.competitions.import_, file) == "competition_exists"
    admin.competitions.delete(competition_id, force=True)
    assert refused(admin.competitions.import_, file[:-100]) == "import_invalid"
    back = admin.competitions.import_(file)
    assert (back.competition_id, back.counts["teams"]) == (competition_id, 2)
