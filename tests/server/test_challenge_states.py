"""What a competition makes of its challenges: states, releases, and rules of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ctfy.sdk.client import PlatformClient
from ctfy.server.models.competitions import CompetitionInfo
from tests.conftest import Arena
from tests.playing import flag
from tests.processes import wait_for
from tests.refusals import refusal

HOUR = timedelta(hours=1)


def change(arena: Arena, competition: CompetitionInfo, challenge: str, **fields: Any) -> None:
    arena.admin.admin.competitions.set_challenge(competition.id, challenge, **fields)


def offered(player: PlatformClient, competition: CompetitionInfo) -> list[str]:
    return [c.id for c in player.competition(competition.id).challenges()]


@pytest.mark.parametrize("state", ["draft", "hidden"])
def test_what_does_not_show_is_neither_started_nor_answered(arena: Arena, state: str) -> None:
    competition = arena.competition("notes", "field-notes", "two-time")
    player = arena.registered(competition)
    for challenge in ("notes", "field-notes"):
        change(arena, competition, challenge, state=state)
    assert offered(player, competition) == ["two-time"]
    for code in (
        refusal(player.instances.start, "notes", competition_id=competition.id).code,
        refusal(player.submissions.submit_qa, "field-notes", competition.id, "x").code,
    ):
        assert code == "challenge_out_of_competition"


def test_an_instance_that_runs_takes_no_answers_once_its_challenge_is_hidden(
    arena: Arena, secret: bytes
) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    ready = player.instances.start("notes", competition_id=competition.id)
    change(arena, competition, "notes", state="hidden")
    answer = refusal(player.submissions.submit, ready.id, flag(secret, ready.id))
    assert answer.code == "challenge_out_of_competition"
    change(arena, competition, "notes", state="visible")
    assert player.submissions.submit(ready.id, flag(secret, ready.id)).correct


@pytest.mark.parametrize(("state", "points"), [("hidden", 500), ("draft", 0)])
def test_what_was_solved_counts_while_it_is_hidden_and_not_as_a_draft(
    arena: Arena, secret: bytes, state: str, points: int
) -> None:
    competition = arena.competition("notes", rank_by="points")
    player = arena.registered(competition)
    ready = player.instances.start("notes", competition_id=competition.id)
    assert player.submissions.submit(ready.id, flag(secret, ready.id)).correct
    change(arena, competition, "notes", state=state)
    assert player.competition(competition.id).scoreboard()[0].points == points
    assert player.competitions.get(competition.id).challenge_ids == []


def test_a_draft_shows_when_its_time_has_come(arena: Arena) -> None:
    competition = arena.competition("notes", "two-time")
    player = arena.registered(competition)
    change(arena, competition, "two-time", release_at=datetime.now(UTC) + HOUR)
    assert offered(player, competition) == ["notes"]
    change(arena, competition, "two-time", release_at=datetime.now(UTC))
    wait_for("the release", lambda: offered(player, competition) == ["notes", "two-time"])


def test_a_competition_says_what_a_challenge_is_worth_there(arena: Arena, secret: bytes) -> None:
    competition = arena.competition("notes", rank_by="points")
    player = arena.registered(competition)
    ready = player.instances.start("notes", competition_id=competition.id)
    assert player.submissions.submit(ready.id, flag(secret, ready.id)).correct
    api = player.competition(competition.id)
    falling = {"initial": 400, "minimum": 50, "step": 10}
    for value, points in ((250, 250), (falling, 400), (None, 500)):
        change(arena, competition, "notes", value=value)
        assert (api.challenges()[0].value, api.scoreboard()[0].points) == (points, points)


def test_a_competition_says_how_often_a_team_may_be_wrong_there(arena: Arena) -> None:
    competition = arena.competition("notes", "field-notes")
    player = arena.registered(competition)
    for challenge in ("notes", "field-notes"):
        change(arena, competition, challenge, max_attempts=2)
    ready = player.instances.start("notes", competition_id=competition.id)
    assert player.instances.get(ready.id).questions[0].attempts_cap == 2
    question = player.competition(competition.id).challenges()[1].questions[0].id

    def answer_qa(text: str) -> int | None:
        submit = player.submissions.submit_qa
        return submit("field-notes", competition.id, text, question_id=question).attempts_remaining

    def answer_instance(text: str) -> int | None:
        return player.submissions.submit(ready.id, text).attempts_remaining

    for answer in (answer_qa, answer_instance):
        assert [answer("1"), answer("2")] == [1, 0]
        assert refusal(answer, "3").code == "question_attempt_cap_exceeded"


def test_a_competition_says_how_long_instances_live_there(arena: Arena) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    change(arena, competition, "notes", lifetime_s=90)
    refused = refusal(player.instances.start, "notes", competition_id=competition.id, ttl=100)
    assert (refused.code, "90" in str(refused)) == ("validation_error", True)
    ready = player.instances.start("notes", competition_id=competition.id)
    assert player.instances.get(ready.id).ttl == 90


def test_an_instance_ends_with_the_solve_where_the_competition_says_so(
    arena: Arena, secret: bytes
) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    change(arena, competition, "notes", ends_when_solved=True)
    ready = player.instances.start("notes", competition_id=competition.id)
    assert player.submissions.submit(ready.id, flag(secret, ready.id)).correct
    wait_for("its end", lambda: player.instances.get(ready.id).status == "stopped")
    assert player.instances.get(ready.id).stop_reason == "solved"


def test_another_list_of_challenges_leaves_the_rules_of_those_that_stay(arena: Arena) -> None:
    competition = arena.competition("notes", "two-time")
    change(arena, competition, "notes", value=250, state="hidden")
    editing = arena.admin.admin.competitions
    editing.update(competition.id, challenge_ids=["two-time", "field-notes", "notes"])
    assert [(c.challenge_id, c.state, c.value) for c in editing.challenges(competition.id)] == [
        ("two-time", "visible", None),
        ("field-notes", "visible", None),
        ("notes", "hidden", 250),
    ]


def test_a_copy_has_the_same_states_and_rules_without_times(arena: Arena) -> None:
    competition = arena.competition("notes", "two-time")
    change(arena, competition, "notes", value=250, max_attempts=3)
    change(arena, competition, "two-time", release_at=datetime.now(UTC) + HOUR)
    editing = arena.admin.admin.competitions
    copy = editing.clone(competition.id, title="Copy")
    notes, later = editing.challenges(copy.id)
    assert (notes.value, notes.max_attempts, notes.solves) == (250, 3, 0)
    assert (later.state, later.release_at) == ("draft", None)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"state": "secret"}, "state"),
        ({"state": None}, "state"),
        ({"release_at": "2040-01-01T00:00:00"}, "time zone"),
        ({"release_at": "2040-01-01T00:00:00Z", "state": "visible"}, "draft"),
        ({"value": -1}, "value"),
        ({"value": {"initial": 5, "minimum": 10, "step": 1}}, "`minimum` is more"),
        ({"value": {"initial": 5, "minimum": 1}}, "either `decay` or `step`"),
        ({"lifetime_s": 31_000_000}, "lifetime_s"),
        ({"max_attempts": 0}, "max_attempts"),
    ],
)
def test_what_no_challenge_can_be_there_changes_nothing(
    arena: Arena, fields: dict[str, Any], problem: str
) -> None:
    competition = arena.competition("notes")
    editing = arena.admin.admin.competitions
    before = editing.challenges(competition.id)
    refused = refusal(editing.set_challenge, competition.id, "notes", **fields)
    assert (refused.code, problem in str(refused)) == ("validation_error", True)
    assert editing.challenges(competition.id) == before


def test_operators_are_told_why_a_draft_does_not_start(arena: Arena) -> None:
    competition = arena.competition("notes")
    arena.admin.competition(competition.id).register(mode="solo")
    change(arena, competition, "notes", state="draft")
    refused = refusal(arena.admin.instances.start, "notes", competition_id=competition.id)
    assert (refused.code, "a draft" in str(refused)) == ("challenge_not_visible", True)
