"""A challenge of a competition is begun anew, put in another order."""

from __future__ import annotations

import json

from ctfy.sdk import PlatformClient
from ctfy.server.models.competitions import CompetitionInfo
from tests.conftest import Arena
from tests.event_stream import following
from tests.playing import flag, start
from tests.processes import wait_for
from tests.refusals import refusal


def standings(arena: Arena, competition: CompetitionInfo) -> list[tuple[str, int, int]]:
    board = arena.admin.competition(competition.id).scoreboard()
    return [(each.team_name, each.solved, each.points) for each in board]


def answered(player: PlatformClient, competition: CompetitionInfo, secret: bytes) -> int:
    """Solve a challenge on a fresh instance; the rank."""
    ready = start(player, competition.id)
    rank = player.submissions.submit(ready.id, flag(secret, ready.id)).solve_rank
    player.instances.stop(ready.id)
    return rank


def test_a_reset_takes_back_all_that_counted_and_is_undone(arena: Arena, secret: bytes) -> None:
    competition = arena.competition("notes", "field-notes", rank_by="points")
    ada, bob = (arena.registered(competition, name) for name in ("Ada", "Bob"))
    submissions = arena.admin.admin.submissions
    qa = ada.submissions.submit_qa
    assert not qa("field-notes", competition.id, "no", question_id="algorithm").correct
    ada.competition(competition.id).unlock_hint("notes", "where")
    assert [answered(each, competition, secret) for each in (ada, bob)] == [1, 2]
    wait_for("both", lambda: sum(row[1] for row in standings(arena, competition)) == 2)
    before = standings(arena, competition)

    would = submissions.reset_challenge(competition.id, "notes")
    assert (would.id, would.teams, would.solves, would.hints) == ("", 2, 2, 1)
    assert standings(arena, competition) == before
    unexplained = refusal(
        submissions.reset_challenge, competition.id, "notes", dry_run=False, reason=" "
    )
    assert unexplained.status_code == 422
    with following(bob) as told:
        done = submissions.reset_challenge(
            competition.id, "notes", dry_run=False, reason="its flag leaked"
        )
        wait_for("the event", lambda: "challenge_reset" in [e["event"] for e in told])
    wait_for(
        "an empty board", lambda: {row[1:] for row in standings(arena, competition)} == {(0, 0)}
    )
    mine = {row.id: row for row in ada.competition(competition.id).challenges()}
    assert (mine["notes"].solved, mine["notes"].solves_count) == (False, 0)
    log = arena.admin.admin.observability.activities(event="challenge_reset")
    assert log[0].detail.before["solves"] == 2
    assert log[0].detail.after["solves"] == 0
    kept = submissions.list(competition.id, challenge_id="notes")
    assert {(row.correct, row.reset_id) for row in kept} == {(False, done.id)}
    # What was answered elsewhere is as it was, and grading again brings nothing back.
    left = qa("field-notes", competition.id, "neither", question_id="algorithm").attempts_remaining
    assert left == 1
    assert submissions.regrade(competition.id, "notes", "flag", dry_run=False).checked == 0
    assert answered(bob, competition, secret) == 1

    submissions.undo_reset(competition.id, done.id)
    wait_for("as before", lambda: standings(arena, competition) == before)
    again = refusal(submissions.undo_reset, competition.id, done.id)
    assert again.code == "challenge_reset_undone"
    # Bob solved it once more meanwhile; the first right answer counts.
    ranks = {
        row.team_name: row.rank for row in arena.admin.competition(competition.id).scoreboard()
    }
    assert ranks == {"Ada": 2, "Bob": 1}


def test_a_given_answer_counts_again_after_a_reset_and_attempts_are_whole(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    ada = arena.registered(competition, "Ada")
    qa = ada.submissions.submit_qa
    assert qa("field-notes", competition.id, "hello", question_id="answer").correct
    wrong = qa("field-notes", competition.id, "no", question_id="algorithm")
    resets = arena.admin.admin.submissions
    done = resets.reset_challenge(competition.id, "field-notes", dry_run=False, reason="a typo")
    assert (done.answers, done.attempts, done.submissions) == (1, 1, 2)
    assert qa("field-notes", competition.id, "hello", question_id="answer").correct
    anew = qa("field-notes", competition.id, "neither", question_id="algorithm")
    assert anew.attempts_remaining == wrong.attempts_remaining
    # Undone, both wrong answers count.
    resets.undo_reset(competition.id, done.id)
    third = qa("field-notes", competition.id, "nor", question_id="algorithm")
    assert third.attempts_remaining == 0


def test_a_reset_travels_with_its_competition(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    ada = arena.registered(competition, "Ada")
    ada.submissions.submit_qa("field-notes", competition.id, "hello", question_id="answer")
    admin = arena.admin.admin
    done = admin.submissions.reset_challenge(
        competition.id, "field-notes", dry_run=False, reason="a typo"
    )
    file = admin.competitions.export(competition.id)
    assert json.loads(file)["content"]["challenge_resets"][0]["reason"] == "a typo"
    admin.competitions.delete(competition.id, force=True)
    admin.competitions.import_(file)
    undone = admin.submissions.undo_reset(competition.id, done.id)
    assert undone.undone_at
    (right,) = admin.submissions.list(competition.id)
    assert (right.correct, right.reset_id) == (True, None)


def test_challenges_are_shown_in_the_order_that_was_saved(arena: Arena) -> None:
    competition = arena.competition("notes", "two-time", "field-notes")
    ada = arena.registered(competition, "Ada")
    admin = arena.admin.admin.competitions
    order = ["field-notes", "notes", "two-time"]
    admin.order_challenges(competition.id, order)
    assert [row.challenge_id for row in admin.challenges(competition.id)] == order
    assert [row.id for row in ada.competition(competition.id).challenges()] == order
    for ids in (order[:2], [*order, "nothing"], [*order, "notes"]):
        assert refusal(admin.order_challenges, competition.id, ids).code == "challenges_changed"
    assert [row.challenge_id for row in admin.challenges(competition.id)] == order
