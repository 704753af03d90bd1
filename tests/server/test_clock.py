"""A competition's clock: stopped and set going again by whoever runs it, and its end put off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ctfy.sdk import PlatformClient
from ctfy.server.models.competitions import CompetitionInfo
from tests.conftest import Arena
from tests.event_stream import following
from tests.playing import flag, start
from tests.processes import wait_for
from tests.refusals import refusal


@pytest.fixture
def cup(arena: Arena) -> CompetitionInfo:
    """A competition that ends in an hour, and is frozen half an hour before."""
    moment = datetime.now(UTC)
    return arena.competition(
        "notes",
        "field-notes",
        "two-time",
        starts_at=moment - timedelta(hours=1),
        freezes_at=moment + timedelta(minutes=30),
        ends_at=moment + timedelta(hours=1),
    )


def test_while_the_clock_is_stopped_nothing_starts_and_no_answer_is_taken(
    arena: Arena, cup: CompetitionInfo, secret: bytes
) -> None:
    player, competitions = arena.registered(cup), arena.admin.admin.competitions
    ready = start(player, cup.id)
    right = flag(secret, ready.id)
    with following(player) as told:
        paused = competitions.pause(cup.id)
        assert (paused.phase, paused.paused_at is not None) == ("running", True)
        refused = [
            refusal(player.instances.start, "two-time", competition_id=cup.id),
            refusal(player.submissions.submit, ready.id, right),
            refusal(player.submissions.verify, ready.id, right),
            refusal(player.submissions.submit_qa, "field-notes", cup.id, "x"),
        ]
        assert {(each.status_code, each.code) for each in refused} == {(409, "competition_paused")}
        assert player.instances.get(ready.id).status == "ready"
        assert player.competitions.get(cup.id).paused_at == paused.paused_at
        resumed = competitions.resume(cup.id)
        wait_for("both events", lambda: {"competition_resumed"} <= {e["event"] for e in told})
    assert resumed.paused_at is None
    assert "competition_paused" in {e["event"] for e in told}
    assert player.submissions.submit(ready.id, right).correct
    player.instances.stop(ready.id)


def test_what_was_to_come_is_put_off_by_the_pause(arena: Arena, cup: CompetitionInfo) -> None:
    competitions = arena.admin.admin.competitions
    release_at = datetime.now(UTC) + timedelta(minutes=5)
    competitions.set_challenge(cup.id, "two-time", release_at=release_at)
    player = arena.registered(cup)
    ready = start(player, cup.id)
    lives_until = player.instances.get(ready.id).expires_at
    paused_at = competitions.pause(cup.id).paused_at
    resumed = competitions.resume(cup.id)
    assert paused_at
    length = _between(cup.ends_at, resumed.ends_at)
    assert timedelta() < length < datetime.now(UTC) - paused_at
    assert _between(cup.freezes_at, resumed.freezes_at) == length
    (released,) = [c for c in competitions.challenges(cup.id) if c.challenge_id == "two-time"]
    assert released.release_at == release_at + length
    longer = player.instances.get(ready.id).expires_at - lives_until
    assert longer == pytest.approx(length.total_seconds(), abs=0.001)
    player.instances.stop(ready.id)


def _between(first: datetime | None, last: datetime | None) -> timedelta:
    assert first
    assert last
    return last - first


def test_a_stopped_clock_comes_to_no_end_and_to_no_freeze(arena: Arena) -> None:
    moment = datetime.now(UTC)
    competition = arena.competition("field-notes", starts_at=moment - timedelta(hours=1))
    player, competitions = arena.registered(competition, "Ada"), arena.admin.admin.competitions
    paused = competitions.pause(competition.id)
    assert paused.paused_at
    soon = paused.paused_at + timedelta(milliseconds=1)
    competitions.update(competition.id, ends_at=soon, freezes_at=soon)
    assert player.competitions.get(competition.id).phase == "running"
    running = {c.id for c in player.competitions.list(phase="running", limit=200)}
    assert competition.id in running
    told = refusal(player.submissions.submit_qa, "field-notes", competition.id, "x")
    assert told.code == "competition_paused"
    competitions.resume(competition.id)
    wait_for("the end", lambda: player.competitions.get(competition.id).phase == "past")


def test_the_end_is_put_off_and_with_it_a_freeze_to_come(
    arena: Arena, cup: CompetitionInfo
) -> None:
    competitions = arena.admin.admin.competitions
    quarter = timedelta(minutes=15)
    extended = competitions.extend(cup.id, minutes=15)
    assert _between(cup.ends_at, extended.ends_at) == quarter
    assert _between(cup.freezes_at, extended.freezes_at) == quarter
    past = datetime.now(UTC) - timedelta(minutes=1)
    competitions.update(cup.id, freezes_at=past)
    frozen = competitions.extend(cup.id, minutes=15)
    assert (_between(extended.ends_at, frozen.ends_at), frozen.freezes_at) == (quarter, past)
    log = arena.admin.admin.observability.activities(event="competition_extended", limit=1)
    assert log[0].detail.competition_id == cup.id
    assert log[0].detail.after
    assert log[0].detail.after.keys() == {"ends_at"}


def test_a_clock_that_does_not_run_is_not_stopped(arena: Arena, cup: CompetitionInfo) -> None:
    competitions = arena.admin.admin.competitions
    later = arena.competition("notes", starts_at=datetime.now(UTC) + timedelta(hours=1))

    def code(change: object, competition: CompetitionInfo, **more: int) -> str:
        return refusal(change, competition.id, **more).code  # type: ignore[arg-type]

    assert code(competitions.pause, later) == "competition_not_running"
    assert code(competitions.resume, later) == "competition_not_paused"
    assert code(competitions.extend, later, minutes=15) == "competition_endless"
    competitions.pause(cup.id)
    assert code(competitions.pause, cup) == "competition_paused"
    copy = competitions.clone(cup.id, title="Copy of one that is paused")
    assert copy.paused_at is None
    competitions.resume(cup.id)
    competitions.update(cup.id, ends_at=datetime.now(UTC), freezes_at=None)
    assert code(competitions.extend, cup, minutes=15) == "competition_ended"


def test_a_stranger_hears_nothing_of_a_clock_that_is_not_theirs(arena: Arena) -> None:
    competition = arena.competition("notes", access="private_hidden")
    stranger: PlatformClient = arena.player()
    with following(stranger) as told:
        arena.admin.admin.competitions.pause(competition.id)
        arena.admin.admin.competitions.resume(competition.id)
        open_one = arena.competition("notes")
        wait_for("news", lambda: open_one.id in str(told))
    assert competition.id not in str(told)


def test_after_the_end_who_takes_part_goes_on_for_practice_and_nothing_of_it_counts(
    arena: Arena, secret: bytes
) -> None:
    falls = {"initial": 500, "minimum": 100, "decay": 1}
    competition = arena.competition("notes", "field-notes", rank_by="points", first_blood_bonus=7)
    competitions = arena.admin.admin.competitions
    competitions.set_challenge(competition.id, "notes", value=falls)
    early, late = (arena.registered(competition, name) for name in ("Early", "Late"))
    ready = start(early, competition.id)
    assert early.submissions.submit(ready.id, flag(secret, ready.id)).solve_rank == 1
    early.instances.stop(ready.id)
    competitions.update(competition.id, ends_at=datetime.now(UTC))
    over = refusal(late.instances.start, "notes", competition_id=competition.id)
    assert over.code == "competition_ended"
    competitions.update(competition.id, practice=True)
    standings = arena.admin.competition(competition.id)
    before = (standings.scoreboard(), standings.challenge_breakdown().challenges)

    with following(early) as told:
        ready = start(late, competition.id)
        assert not late.submissions.submit(ready.id, "wrong").correct
        grade = late.submissions.submit(ready.id, flag(secret, ready.id))
        late.instances.stop(ready.id)
        marker = arena.competition("notes")
        wait_for("news", lambda: marker.id in str(told))
    assert (grade.correct, grade.challenge_fully_solved, grade.solve_rank) == (True, True, 0)
    assert "scoreboard_updated" not in {event["event"] for event in told}
    assert (standings.scoreboard(), standings.challenge_breakdown().challenges) == before
    own = late.competitions.get(competition.id)
    (notes,) = [c for c in own.challenges if c.id == "notes"]
    assert (notes.solved, notes.solves_count, notes.value) == (True, 1, 500)
    assert (own.phase, own.my_points, own.my_solves) == ("past", 0, 0)
    assert [solve.best_rank for solve in late.me.solves()] == [0]
    # Others know nothing of it, and it earns nothing.
    assert (late.teams.get(own.my_team_id).solves, early.teams.get(own.my_team_id).solves) == (1, 0)
    unlocked = {a.achievement_id for a in late.me.achievements().unlocked}
    assert unlocked <= {"welcome_aboard"}
    competitions.update(competition.id, practice=False)
    assert (standings.scoreboard(), standings.challenge_breakdown().challenges) == before
