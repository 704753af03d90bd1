from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.conftest import Arena
from tests.playing import start
from tests.processes import CHALLENGES, Stack, wait_for
from tests.refusals import refusal


def test_an_instance_is_launched_seen_and_stopped(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    service = ready.surface.services[0]
    assert httpx.get(service.url).status_code == 200
    seen = player.instances.get(ready.id)
    assert (seen.status, seen.challenge_id, seen.services) == ("ready", "notes", [service])
    player.instances.stop(ready.id)
    assert player.instances.status(ready.id).status == "stopped"
    with pytest.raises(httpx.TransportError):
        httpx.get(service.url)


def test_another_team_does_not_know_of_the_instance(arena: Arena) -> None:
    competition = arena.competition()
    ready = start(arena.registered(competition), competition.id)
    stranger = arena.registered(competition)
    for call in (
        stranger.instances.get,
        stranger.instances.status,
        lambda id_: stranger.call("DELETE", f"/instances/{id_}"),  # stop() takes it for done
        stranger.instances.renew,
        stranger.instances.attachments,
    ):
        assert refusal(call, ready.id).code == "instance_not_found"
    assert refusal(stranger.submissions.submit, ready.id, "x").code == "instance_not_found"
    assert stranger.instances.list() == []


@pytest.mark.parametrize(
    ("challenge", "code"),
    [("nowhere", "unknown_challenge"), ("field-notes", "challenge_has_no_instance")],
)
def test_what_cannot_be_launched_is_refused(arena: Arena, challenge: str, code: str) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    assert refusal(start, player, competition.id, challenge).code == code
    assert player.instances.list() == []


def test_a_challenge_of_another_competition_is_refused(arena: Arena) -> None:
    competition = arena.competition("two-time")
    player = arena.registered(competition)
    assert refusal(start, player, competition.id).code == "challenge_out_of_competition"


def test_only_registered_players_launch_and_only_while_it_runs(arena: Arena) -> None:
    competition = arena.competition()
    assert refusal(start, arena.player(), competition.id).code == "not_registered"
    upcoming = arena.competition(starts_at=datetime.now(UTC) + timedelta(hours=1))
    early = arena.registered(upcoming)
    assert refusal(start, early, upcoming.id).code == "competition_not_started"


def test_the_competition_is_inferred_when_there_is_one(arena: Arena) -> None:
    first, second = arena.competition(), arena.competition()
    player = arena.registered(first)
    ready = start(player, "")
    assert player.instances.get(ready.id).competition_id == first.id
    player.competition(second.id).register()
    error = refusal(start, player, "")
    assert error.code == "competition_scope_required"
    assert {choice["id"] for choice in error.detail["choices"]} == {first.id, second.id}


@pytest.mark.parametrize("ttl", [0, -5, 10**9])
def test_a_ttl_out_of_bounds_is_refused(arena: Arena, ttl: int) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    error = refusal(start, player, competition.id, ttl=ttl)
    assert (error.status_code, error.code) == (422, "validation_error")
    assert error.detail["issues"][0]["loc"] == ["body", "ttl"]
    assert player.instances.list() == []


def test_an_instance_ends_with_its_ttl(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id, ttl=10)
    wait_for("the end", lambda: player.instances.status(ready.id).status == "stopped")
    assert player.instances.get(ready.id).stop_reason == "ttl_expired"
    assert refusal(player.instances.renew, ready.id).code == "instance_not_running"


def test_renewing_moves_the_end_never_past_the_ceiling(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id, ttl=60)
    before = time.time()
    renewed = player.instances.renew(ready.id, ttl=600)
    assert before + 600 <= renewed.expires_at <= time.time() + 600
    assert refusal(player.instances.renew, ready.id, ttl=10**9).code == "validation_error"
    longest = player.instances.renew(ready.id, ttl=7 * 86_400)
    started = player.instances.get(ready.id).started_at
    assert longest.expires_at == pytest.approx(started + 7 * 86_400, abs=0.01)


def test_renewed_without_a_length_it_keeps_its_own(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id, ttl=900)
    for longer in (None, 3600, None):
        before = time.time()
        renewed = player.instances.renew(ready.id, longer)
        asked = longer or 900
        assert before + asked <= renewed.expires_at <= time.time() + asked
    assert player.instances.get(ready.id).ttl == 900


def test_attachments_are_rendered_for_the_instance(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    one, two = (start(player, competition.id, "relay-station") for _ in range(2))
    names = [f.name for f in player.instances.attachments(one.id).files]
    assert names == ["recorder.log"]
    first = player.instances.download_attachment(one.id, "recorder.log")
    assert first != player.instances.download_attachment(two.id, "recorder.log")
    for wrong in ("metadata.yaml", "..%2F..%2Fanswers%2Fflag", "recorder.log.j2"):
        error = refusal(player.instances.download_attachment, one.id, wrong)
        assert error.status_code == 404


def test_lists_are_filtered_and_paged(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    web = start(player, competition.id)
    oracle = start(player, competition.id, "two-time")
    player.instances.stop(web.id)
    ids = lambda **kw: [i.id for i in player.instances.list(**kw)]  # noqa: E731
    assert ids() == [oracle.id, web.id]
    assert ids(status="ready") == [oracle.id]
    assert ids(challenge_id="notes") == [web.id]
    assert ids(q="pocket") == [web.id]
    assert ids(limit=1, offset=1) == [web.id]
    assert refusal(player.instances.list, status="odd").code == "validation_error"


def test_questions_unlock_as_they_are_answered(arena: Arena, running: Stack) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id, "relay-station")
    locked = {q.id for q in player.instances.get(ready.id).questions if not q.unlocked}
    assert locked == {"operator", "weakness", "flag"}
    error = refusal(player.submissions.submit, ready.id, "marlowe", question_id="operator")
    assert (error.status_code, error.code) == (409, "question_locked")
    folder = running.folder / ready.id
    folder.mkdir()
    (folder / "recorder.log").write_bytes(
        player.instances.download_attachment(ready.id, "recorder.log")
    )
    lines = subprocess.run(
        [
            sys.executable,
            str(CHALLENGES / "relay-station" / "solve.py"),
            ready.surface.services[0].url,
            str(folder),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    answers = dict(line.split(" ", 1) for line in lines[:-1]) | {"flag": lines[-1]}
    asked = []
    for question in player.instances.iter_pending_questions(ready.id):
        asked.append(question.id)
        result = player.submissions.submit(ready.id, answers[question.id], question_id=question.id)
        assert result.correct
        assert result.challenge_fully_solved == (len(asked) == 4)
    assert asked == ["passphrase", "operator", "weakness", "flag"]
