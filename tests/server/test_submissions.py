from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from ctfy.sdk import PlatformClient
from tests.conftest import Arena
from tests.playing import flag, start
from tests.processes import Stack, wait_for
from tests.refusals import refusal


def count(database_url: str, query: str, *values: object) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])


def test_the_right_answer_scores_and_the_wrong_one_does_not(arena: Arena, secret: bytes) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    wrong = player.submissions.submit(ready.id, "FLAG{" + "0" * 32 + "}")
    assert (wrong.correct, wrong.solve_rank, wrong.attempts_remaining) == (False, 0, None)
    right = player.submissions.submit(ready.id, f" {flag(secret, ready.id)}\n")
    assert (right.correct, right.challenge_fully_solved, right.solve_rank) == (True, True, 1)
    assert right.solve_time_s > 0
    history = player.submissions.list()
    assert [(s.correct, s.flag_id) for s in history] == [(True, "flag"), (False, "flag")]


def test_an_answer_of_another_instance_is_wrong(arena: Arena, secret: bytes) -> None:
    competition = arena.competition()
    one = start(arena.registered(competition), competition.id)
    thief = arena.registered(competition)
    two = start(thief, competition.id)
    assert not thief.submissions.submit(two.id, flag(secret, one.id)).correct


def test_ranks_follow_the_order_of_the_solves(arena: Arena, secret: bytes) -> None:
    competition = arena.competition()
    players = [arena.registered(competition) for _ in range(3)]
    ranks = []
    for player in players:
        ready = start(player, competition.id)
        ranks.append(player.submissions.submit(ready.id, flag(secret, ready.id)).solve_rank)
    assert ranks == [1, 2, 3]


def test_200_right_answers_at_once_are_one_solve(
    arena: Arena, secret: bytes, database_url: str
) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    answer = flag(secret, ready.id)
    with ThreadPoolExecutor(40) as pool:
        results = list(pool.map(lambda _: player.submissions.submit(ready.id, answer), range(200)))
    assert {(r.correct, r.solve_rank) for r in results} == {(True, 1)}
    assert len({r.id for r in results}) == 200
    team = player.competitions.get(competition.id).my_team_id
    for query, expected in (
        ("SELECT count(*) FROM submissions WHERE team_id = %s", 200),
        ("SELECT count(*) FROM solves WHERE team_id = %s", 1),
        ("SELECT count(*) FROM challenge_solves WHERE team_id = %s", 1),
        ("SELECT count(*) FROM events WHERE team_id = %s AND name = 'flag_correct'", 1),
    ):
        assert count(database_url, query, team) == expected
    assert player.competition(competition.id).challenges(q="pocket")[0].solves_count == 1


def test_many_teams_at_once_get_distinct_ranks(arena: Arena, secret: bytes) -> None:
    competition = arena.competition()
    players = [arena.registered(competition) for _ in range(8)]
    instances = [start(player, competition.id) for player in players]

    def solve(pair: tuple[PlatformClient, object]) -> int:
        player, ready = pair
        return player.submissions.submit(ready.id, flag(secret, ready.id)).solve_rank  # type: ignore[attr-defined]

    with ThreadPoolExecutor(8) as pool:
        ranks = list(pool.map(solve, zip(players, instances, strict=True)))
    assert sorted(ranks) == list(range(1, 9))


def test_only_the_last_answer_says_that_the_challenge_is_solved(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    chosen = ["Preimage resistance", "Collision resistance"]
    answers = {"answer": "hello", "algorithm": "MD5", "properties": chosen}
    for _ in range(6):
        player = arena.registered(competition)

        def submit(question: str, player: PlatformClient = player) -> bool:
            return player.submissions.submit_qa(
                "field-notes", competition.id, answers[question], question_id=question
            ).challenge_fully_solved

        with ThreadPoolExecutor(3) as pool:
            assert sorted(pool.map(submit, answers)) == [False, False, True]


def test_verifying_scores_nothing(arena: Arena, secret: bytes) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    assert player.submissions.verify(ready.id, flag(secret, ready.id)).correct
    assert not player.submissions.verify(ready.id, "no").correct
    assert player.submissions.list() == []
    assert not player.instances.get(ready.id).questions[0].answered_correctly


def test_an_unknown_question_is_told_the_known_ones(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    error = refusal(player.submissions.submit, ready.id, "x", question_id="nope")
    assert (error.code, error.detail["known"]) == ("unknown_question_id", ["flag"])


@pytest.mark.parametrize("answer", ["", [], ["x"] * 101, "a" * 5000])
def test_an_answer_out_of_bounds_changes_nothing(arena: Arena, answer: str | list[str]) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    assert refusal(player.submissions.submit, ready.id, answer).code == "validation_error"
    assert player.submissions.list() == []


def test_answers_after_the_end_never_score(arena: Arena, secret: bytes, database_url: str) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE competitions SET ends_at = %s WHERE id = %s",
            [datetime.now(UTC) - timedelta(seconds=1), competition.id],
        )
    error = refusal(player.submissions.submit, ready.id, flag(secret, ready.id))
    assert error.code == "competition_ended"
    assert player.submissions.list() == []


def test_a_question_without_instance_is_capped(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)

    def answer(text: str | list[str], question: str = "algorithm") -> object:
        return player.submissions.submit_qa(
            "field-notes", competition.id, text, question_id=question
        )

    remaining = [answer(guess).attempts_remaining for guess in ("SHA-1", "SHA-256", "BLAKE2b")]  # type: ignore[attr-defined]
    assert remaining == [2, 1, 0]
    error = refusal(answer, "MD5")
    assert (error.status_code, error.code) == (429, "question_attempt_cap_exceeded")
    assert (error.detail["wrong_attempts"], error.detail["cap"]) == (3, 3)
    chosen = ["Preimage resistance", "Collision resistance"]
    assert answer(chosen, "properties").correct  # type: ignore[attr-defined]
    assert not answer(chosen[:1], "properties").correct  # type: ignore[attr-defined]


def test_caps_hold_under_concurrency(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)

    def guess(number: int) -> str:
        try:
            player.submissions.submit_qa(
                "field-notes", competition.id, f"SHA-{number}", question_id="algorithm"
            )
        except Exception as error:
            return getattr(error, "code", str(error))
        return "wrong"

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(guess, range(24)))
    assert outcomes.count("wrong") == 3
    assert outcomes.count("question_attempt_cap_exceeded") == 21


def test_the_same_wrong_answer_again_costs_no_attempt(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)

    def left(text: str) -> int | None:
        return player.submissions.submit_qa(
            "field-notes", competition.id, text, question_id="algorithm"
        ).attempts_remaining

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(left, ["SHA-1"] * 16)) == {2}
    assert [left(text) for text in (" SHA-1\u200b", "SHA-256", "SHA-1")] == [2, 1, 1]
    assert left("BLAKE2b") == 0
    refused = refusal(left, "SHA-1")
    assert refused.code == "question_attempt_cap_exceeded"
    assert "Only an admin of the platform can reset your attempts" in str(refused)
    assert len(player.submissions.list()) == 20


def test_a_challenge_with_instances_is_not_answered_without(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    submit = player.submissions.submit_qa
    assert refusal(submit, "notes", competition.id, "x").code == "not_a_qa_challenge"
    assert refusal(submit, "nope", competition.id, "x").code == "unknown_challenge"


def test_the_scoreboard_ranks_and_answers_304_until_it_changes(arena: Arena, secret: bytes) -> None:
    competition = arena.competition()
    first, second = (arena.registered(competition, name) for name in ("First", "Second"))
    for player in (second, first):
        ready = start(player, competition.id)
        if player is first:
            start(player, competition.id, "two-time")
        player.submissions.submit(ready.id, flag(secret, ready.id))

    def board() -> list[tuple[int, str, int]]:
        entries = first.competition(competition.id).scoreboard()
        return [(e.rank, e.team_name, e.solved) for e in entries]

    expected = [(1, "Second", 1), (2, "First", 1)]
    wait_for("the standings", lambda: board() == expected)
    path = f"/competitions/{competition.id}/scoreboard"
    answer = first.call("GET", path)
    same = first.http.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert json.loads(answer.content)["total"] == 2
    mine = first.competitions.get(competition.id)
    assert (mine.my_rank, mine.my_solves) == (2, 1)


def test_nothing_readable_of_a_dynamic_answer_is_in_the_database(
    arena: Arena, secret: bytes, database_url: str
) -> None:
    competition = arena.competition()
    ready = start(arena.registered(competition), competition.id)
    answer = flag(secret, ready.id)
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            found = connection.execute(
                f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{answer[5:37]}%"]
            ).fetchone()
            assert found == (0,), table


def test_nothing_of_an_answer_is_in_logs_or_process_lists(
    arena: Arena, secret: bytes, running: Stack
) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    answer = flag(secret, ready.id)
    player.submissions.submit(ready.id, answer)
    commands = b"".join(p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists())
    assert answer.encode() not in commands
    assert answer not in running.server.said() + running.node.said()
