"""What organisers correct by hand: points, teams, answers."""

from __future__ import annotations

import csv
import io
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from ctfy.sdk import PlatformClient
from ctfy.server.models.competitions import CompetitionInfo
from ctfy.server.models.standings import ScoreboardEntry
from ctfy.server.models.submissions import SubmissionResponse
from tests.conftest import Arena
from tests.event_stream import following
from tests.playing import flag, start
from tests.processes import wait_for
from tests.refusals import refusal


def entry(arena: Arena, competition: CompetitionInfo, name: str) -> ScoreboardEntry:
    """A team's place, as everybody sees it."""
    board = arena.admin.competition(competition.id).scoreboard()
    return next(each for each in board if each.team_name == name)


def wait_for_teams(arena: Arena, competition: CompetitionInfo, *expected: tuple[str, int]) -> None:
    """Wait for the board to have teams in this order, with so many challenges solved."""
    board = arena.admin.competition(competition.id)
    found: list[tuple[str, int]] = []

    def is_so() -> bool:
        found[:] = [(each.team_name, each.solved) for each in board.scoreboard()]
        return found == list(expected)

    wait_for(f"{expected}", is_so)


def team_id(player: PlatformClient, competition: CompetitionInfo) -> str:
    return player.competitions.get(competition.id).my_team_id


def test_points_given_by_hand_count_and_are_told_with_their_reason(arena: Arena) -> None:
    competition = arena.competition("notes", rank_by="points")
    ada = arena.registered(competition, "Ada")
    team, awards = team_id(ada, competition), arena.admin.admin.awards
    with following(ada) as told:
        given = awards.give(competition.id, team, points=50, reason="the best write-up")
        awards.give(competition.id, team, points=-20, reason="scanned the platform")
        wait_for("both", lambda: sum(e["event"] == "award_given" for e in told) == 2)
    assert entry(arena, competition, "Ada").points == 30
    for reader in (ada, arena.player(), PlatformClient(arena.url)):
        seen = [(award.points, award.reason) for award in reader.teams.awards(team)]
        assert seen == [(-20, "scanned the platform"), (50, "the best write-up")]
    awards.revoke(competition.id, given.id)
    wait_for("the board", lambda: entry(arena, competition, "Ada").points == -20)
    assert [award.points for award in ada.teams.awards(team)] == [-20]
    assert refusal(awards.revoke, competition.id, given.id).code == "award_not_found"
    log = arena.admin.admin.observability.activities(team_id=team)
    assert [a.detail.before for a in log if a.event == "award_revoked"] == [
        {"points": 50, "reason": "the best write-up"}
    ]


def tried(player: PlatformClient) -> set[str]:
    """The teams that somebody sees to have tried a challenge."""
    tries = player.challenges.solve_attempts("notes", include_unsolved=True, limit=10_000)
    return {each.team_id for each in tries.attempts}


def unlocked(player: PlatformClient) -> set[str]:
    """The teams that somebody sees to have got achievements."""
    return {each.team_id for each in player.achievements.recent_unlocks(limit=10_000)}


@pytest.mark.parametrize("standing", ["hidden", "disqualified"])
def test_an_unranked_team_plays_on_and_counts_nowhere(
    arena: Arena, secret: bytes, standing: str
) -> None:
    competition = arena.competition("notes", rank_by="points", first_blood_bonus=10)
    staff, rival = (arena.registered(competition, name) for name in ("Staff", "Rival"))
    team, teams = team_id(staff, competition), arena.admin.admin.teams
    why = {"standing_reason": "they wrote it", "standing_reason_shown": standing == "hidden"}
    with following(staff) as told:
        changed = teams.update(competition.id, team, standing=standing, **why)
        wait_for("the event", lambda: "team_standing_changed" in [e["event"] for e in told])
    assert (changed.standing, changed.standing_reason) == (standing, "they wrote it")
    ready = start(staff, competition.id)
    graded = staff.submissions.submit(ready.id, flag(secret, ready.id))
    assert (graded.challenge_fully_solved, graded.solve_rank) == (True, 0)
    staff.instances.stop(ready.id)
    mine = staff.competition(competition.id)
    assert mine.challenges()[0].solved
    assert (mine.challenges()[0].solves_count, mine.challenges()[0].launch_count) == (0, 0)
    second = start(rival, competition.id)
    graded = rival.submissions.submit(second.id, flag(secret, second.id))
    assert graded.solve_rank == 1
    rival.instances.stop(second.id)
    wait_for_teams(arena, competition, ("Rival", 1))
    assert mine.scoreboard()[0].points == 500 + 10
    assert {team, team_id(rival, competition)} <= tried(staff)
    assert team_id(rival, competition) in tried(rival)
    assert team not in tried(rival)
    wait_for("what was won", lambda: team in unlocked(staff))
    assert team not in unlocked(rival)
    assert team not in unlocked(PlatformClient(arena.url))
    assert mine.challenge_breakdown().challenges[0].first_blood_team_name == "Rival"
    shown = "they wrote it" if standing == "hidden" else ""
    assert rival.teams.get(team).standing_reason == shown
    assert rival.teams.get(team).standing == standing
    teams.update(competition.id, team, standing="ranked")
    wait_for_teams(arena, competition, ("Staff", 1), ("Rival", 1))
    assert mine.scoreboard()[1].points < 500
    (before,) = [
        a.detail.before
        for a in arena.admin.admin.observability.activities(team_id=team)
        if a.event == "team_standing_changed" and (a.detail.after or {})["standing"] == "ranked"
    ]
    assert before is not None
    assert (before["standing"], before["standing_reason"]) == (standing, "they wrote it")


def test_a_team_is_renamed_and_moved_to_a_bracket_by_an_organiser(arena: Arena) -> None:
    competition = arena.competition("notes", brackets=["open", "students"])
    rude, other = (arena.registered(competition, name) for name in ("Rude", "Other"))
    team, teams = team_id(rude, competition), arena.admin.admin.teams
    with following(other) as told:
        changed = teams.update(competition.id, team, name="Polite", bracket="students")
        wait_for("boards to follow", lambda: "scoreboard_updated" in [e["event"] for e in told])
    assert (changed.name, changed.bracket) == ("Polite", "students")
    wait_for_teams(arena, competition, ("Polite", 0), ("Other", 0))
    assert entry(arena, competition, "Polite").bracket == "students"
    assert refusal(teams.update, competition.id, team, name="OTHER").code == "team_name_taken"
    assert refusal(teams.update, competition.id, team, bracket="x").code == "validation_error"
    elsewhere = arena.competition("notes")
    assert refusal(teams.update, elsewhere.id, team, name="x").code == "team_not_found"
    assert refusal(other.admin.teams.update, competition.id, team, name="x").code == "forbidden"


def test_people_are_moved_between_teams_and_what_they_did_stays(arena: Arena) -> None:
    competition = arena.competition("field-notes", max_team_size=2)
    ada, bob, eve = (arena.registered(competition, name) for name in ("Ada", "Bob", "Eve"))
    visitor = arena.player("Visitor")
    team, others = team_id(ada, competition), team_id(bob, competition)
    assert ada.submissions.submit_qa("field-notes", competition.id, "hello").correct
    teams, left = arena.admin.admin.teams, team_id(eve, competition)
    address = bob.me.get().email or ""
    with following(bob) as told:
        moved = teams.move(competition.id, team, address.upper())
        wait_for("the event", lambda: "team_member_joined" in [e["event"] for e in told])
    assert [member.display_name for member in moved.members] == ["Ada", "Bob"]
    assert team_id(bob, competition) == team
    assert refusal(bob.teams.get, others).code == "team_not_found"  # it never did anything
    assert refusal(teams.move, competition.id, team, visitor.me.get().id).code == "team_full"
    assert refusal(teams.move, competition.id, team, address).code == "already_on_team"
    assert refusal(teams.move, competition.id, others, address).code == "team_not_found"
    assert refusal(ada.admin.teams.move, competition.id, team, address).code == "forbidden"
    # The captain goes, and the other one leads; what was solved is the team's.
    teams.move(competition.id, left, ada.me.get().id)
    after = bob.teams.get(team)
    assert (after.captain_display_name, after.member_count) == ("Bob", 1)
    assert entry(arena, competition, "Ada").flags_solved == 1
    teams.remove_member(competition.id, team, address)
    assert team_id(bob, competition) == ""
    assert refusal(teams.remove_member, competition.id, team, address).code == "not_team_member"
    log = arena.admin.admin.observability.activities(team_id=team, event="team_member_kicked")
    assert [a.detail.target_user_name for a in log] == ["Bob", "Ada"]


def test_a_struck_answer_counts_no_more_and_an_accepted_one_does(
    arena: Arena, secret: bytes, database_url: str
) -> None:
    competition = arena.competition("notes", rank_by="points", first_blood_bonus=10)
    ada, bob = (arena.registered(competition, name) for name in ("Ada", "Bob"))
    submissions = arena.admin.admin.submissions
    given = {}
    for player in (ada, bob):
        ready = start(player, competition.id)
        assert not player.submissions.submit(ready.id, "as good").correct
        given[player] = player.submissions.submit(ready.id, flag(secret, ready.id))
        player.instances.stop(ready.id)
    assert [given[player].solve_rank for player in (ada, bob)] == [1, 2]
    board = arena.admin.competition(competition.id)
    points = [e.points for e in board.scoreboard()]
    with following(ada) as told:
        struck = submissions.strike(competition.id, given[ada].id, reason="copied")
        wait_for("the event", lambda: "submission_ruled" in [e["event"] for e in told])
    assert (struck.correct, struck.overruled) == (False, True)
    wait_for_teams(arena, competition, ("Bob", 1), ("Ada", 0))
    assert board.challenge_breakdown().challenges[0].first_blood_team_name == "Bob"
    assert not ada.competition(competition.id).challenges()[0].solved
    assert ada.submissions.list()[0].overruled
    (first_try,) = submissions.list(
        competition.id, team_id=team_id(ada, competition), correct=False, challenge_id="notes"
    )[1:]
    accepted = submissions.accept(competition.id, first_try.id, reason="it says the same")
    assert (accepted.correct, accepted.overruled) == (True, True)
    wait_for_teams(arena, competition, ("Ada", 1), ("Bob", 1))
    assert [s.best_rank for s in ada.me.solves()] == [1]
    assert [s.best_rank for s in bob.me.solves()] == [2]
    submissions.accept(competition.id, given[ada].id)
    undone = submissions.strike(competition.id, first_try.id)
    assert (undone.correct, undone.overruled) == (False, False)
    wait_for("the board", lambda: [e.points for e in board.scoreboard()] == points)
    log = arena.admin.admin.observability.activities(
        event="submission_ruled", team_id=team_id(ada, competition)
    )
    changes = [(a.detail.before, a.detail.after) for a in log if a.detail.reason == "copied"]
    assert changes == [({"correct": True}, {"correct": False})]
    assert refusal(submissions.strike, competition.id, "nothing").code == "submission_not_found"
    # Without an instance nobody knows what was right, as with what another platform graded.
    with psycopg.connect(database_url) as database:
        database.execute(
            "UPDATE submissions SET instance_id = NULL WHERE competition_id = %s", (competition.id,)
        )
    regraded = submissions.regrade(competition.id, "notes", first_try.question_id, dry_run=False)
    assert (regraded.checked, regraded.unknown, regraded.changes) == (4, 4, [])


def test_after_a_changed_answer_submissions_are_graded_again(
    arena: Arena, database_url: str
) -> None:
    competition = arena.competition("field-notes")
    ada, bob, eve = (arena.registered(competition, name) for name in ("Ada", "Bob", "Eve"))
    submissions = arena.admin.admin.submissions
    wrong = [p.submissions.submit_qa("field-notes", competition.id, "no") for p in (ada, bob, eve)]
    (question,) = {s.question_id for s in submissions.list(competition.id)}
    assert [s.display_name for s in submissions.list(competition.id)] == ["Eve", "Bob", "Ada"]
    again = (competition.id, "field-notes", question)
    assert submissions.regrade(*again).changes == []
    # As if the answer of then had been another. What somebody ruled on stays.
    submissions.accept(competition.id, wrong[2].id)
    with psycopg.connect(database_url) as database:
        ids = [each.id for each in wrong]
        database.execute("UPDATE submissions SET answer = 'hello' WHERE id = ANY(%s)", (ids,))
    assert ada.submissions.submit_qa("field-notes", competition.id, "hello").correct
    solved_at = entry(arena, competition, "Ada").last_solve_at
    would = submissions.regrade(*again)
    told = sorted((change.team_name, change.correct) for change in would.changes)
    assert told == [("Ada", True), ("Bob", True)]
    assert (would.dry_run, would.checked, would.became_right, would.ruled) == (True, 4, 2, 1)
    assert [s.correct for s in submissions.list(competition.id)] == [True, True, False, False]
    done = submissions.regrade(*again, dry_run=False)
    assert [change.submission_id for change in done.changes] == [
        change.submission_id for change in would.changes
    ]
    assert submissions.regrade(*again).changes == []
    wait_for_teams(arena, competition, ("Ada", 0), ("Bob", 0), ("Eve", 0))
    # It counts from the first right answer on.
    first = entry(arena, competition, "Ada").last_solve_at
    assert solved_at is not None
    assert first is not None
    assert first < solved_at


def test_tables_for_spreadsheets_hold_no_formulas(arena: Arena) -> None:
    competition = arena.competition("field-notes", rank_by="points")
    player = arena.registered(competition, "=1+1")
    for answer in ("1;2", "a \t =1;+2\r\n-3", 'x;"=1"', "@SUM(A1)"):
        player.submissions.submit_qa("field-notes", competition.id, answer)
    team = team_id(player, competition)
    admin = arena.admin.admin
    admin.awards.give(competition.id, team, points=-7, reason="x")
    wait_for("the points", lambda: entry(arena, competition, "=1+1").points == -7)
    tables = {
        name: list(
            csv.DictReader(admin.competitions.table(competition.id, name).decode().splitlines())
        )
        for name in ("standings", "submissions", "people")
    }
    assert [row["team_name"] for rows in tables.values() for row in rows] == ["'=1+1"] * 6
    assert [row["answer"] for row in tables["submissions"]] == [
        "'@SUM(A1)",
        'x;"\'=1"',
        "a \t '=1;'+2  '-3",
        "1;2",
    ]
    assert tables["standings"][0]["points"] == "-7"
    assert tables["people"][0]["email"] == player.me.get().email
    book = admin.competitions.table(competition.id, "submissions", format="xlsx")
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "@SUM(A1)" in sheet
    assert "<f>" not in sheet
    odd = refusal(admin.competitions.table, competition.id, "people", format="ods")
    assert odd.code == "validation_error"


def asked(arena: Arena, challenge: str, base: int, *questions: str) -> None:
    """Make a challenge, or its next version, with these questions; `yes` is right."""
    arena.admin.admin.challenges.set_metadata(
        challenge,
        {
            "name": "Sums",
            "description": "How much is it?",
            "difficulty": "easy",
            "tags": ["t"],
            "questions": [{"id": id_, "prompt": "?", "answer": "yes"} for id_ in questions],
        },
        base=base,
    )


def test_a_question_added_to_a_solved_challenge_is_answered_and_ranks_nobody_twice(
    arena: Arena,
) -> None:
    challenge = f"asked-{uuid.uuid4().hex[:8]}"
    asked(arena, challenge, 0, "q1")
    competition = arena.competition(challenge)
    ada, bob = (arena.registered(competition, name) for name in ("Ada", "Bob"))
    where = (challenge, competition.id, "yes")
    assert ada.submissions.submit_qa(*where, question_id="q1").solve_rank == 1
    asked(arena, challenge, 1, "q1", "q2")
    later = ada.submissions.submit_qa(*where, question_id="q2")
    assert (later.correct, later.challenge_fully_solved, later.solve_rank) == (True, True, 1)
    assert not bob.submissions.submit_qa(*where, question_id="q1").challenge_fully_solved
    assert bob.submissions.submit_qa(*where, question_id="q2").solve_rank == 2
    assert [s.best_rank for s in ada.me.solves()] == [1]
    assert ada.competition(competition.id).challenges()[0].solves_count == 2


def test_grading_again_leaves_what_is_ruled_on_meanwhile(arena: Arena, database_url: str) -> None:
    challenge = f"asked-{uuid.uuid4().hex[:8]}"
    asked(arena, challenge, 0, "q1")
    competition = arena.competition(challenge)
    ada, bob = (arena.registered(competition, name) for name in ("Ada", "Bob"))
    graded = [
        p.submissions.submit_qa(challenge, competition.id, "no", question_id="q1")
        for p in (ada, bob)
    ]
    team = team_id(ada, competition)
    regrade = arena.admin.admin.submissions.regrade
    with psycopg.connect(database_url) as ruling, ThreadPoolExecutor(1) as threads:
        # As if their answer of then had been another, and somebody were ruling on one of them.
        ruling.execute(
            "UPDATE submissions SET answer = 'yes' WHERE challenge_id = %s", (challenge,)
        )
        ruling.commit()
        key = f"{team}|{challenge}"
        ruling.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (key,))
        pending = threads.submit(regrade, competition.id, challenge, "q1", dry_run=False)
        with psycopg.connect(database_url, autocommit=True) as watching:
            waits = (
                "SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted "
                "AND l.locktype = 'advisory' AND a.datname = current_database()"
            )
            wait_for("its turn", lambda: watching.execute(waits).fetchone() is not None)
        ruling.execute("UPDATE submissions SET overruled = true WHERE id = %s", (graded[0].id,))
        ruling.commit()
        done = pending.result()
    assert [change.submission_id for change in done.changes] == [graded[1].id]
    wait_for_teams(arena, competition, ("Bob", 1), ("Ada", 0))


def test_a_struck_answer_does_not_come_back(arena: Arena) -> None:
    challenge = f"asked-{uuid.uuid4().hex[:8]}"
    asked(arena, challenge, 0, "q1")
    competition = arena.competition(challenge)
    ada = arena.registered(competition, "Ada")
    submissions = arena.admin.admin.submissions

    def answer(text: str) -> SubmissionResponse:
        return ada.submissions.submit_qa(challenge, competition.id, text, question_id="q1")

    first, second = answer("yes"), answer("yes")
    assert (first.correct, second.correct) == (True, True)
    submissions.strike(competition.id, first.id)
    wait_for_teams(arena, competition, ("Ada", 0))
    # Neither by what was given again before, nor by giving it again, nor by grading again.
    assert not answer(" yes ").correct
    regraded = submissions.regrade(competition.id, challenge, "q1", dry_run=False)
    assert (regraded.became_right, regraded.ruled) == (0, 3)
    assert [s.correct for s in submissions.list(competition.id)] == [False] * 3
    submissions.accept(competition.id, first.id)
    wait_for_teams(arena, competition, ("Ada", 1))


def test_a_removed_question_is_missing_no_more_once_its_neighbour_is_graded_again(
    arena: Arena,
) -> None:
    challenge = f"asked-{uuid.uuid4().hex[:8]}"
    asked(arena, challenge, 0, "q1", "q2")
    competition = arena.competition(challenge)
    ada, bob = (arena.registered(competition, name) for name in ("Ada", "Bob"))
    ada.submissions.submit_qa(challenge, competition.id, "yes", question_id="q1")
    asked(arena, challenge, 1, "q1")
    bob.submissions.submit_qa(challenge, competition.id, "yes", question_id="q1")
    wait_for_teams(arena, competition, ("Bob", 1), ("Ada", 0))
    regrade = arena.admin.admin.submissions.regrade
    would = regrade(competition.id, challenge, "q1")
    assert (would.became_right, would.became_wrong, would.completed) == (0, 0, 1)
    regrade(competition.id, challenge, "q1", dry_run=False)
    wait_for_teams(arena, competition, ("Ada", 1), ("Bob", 1))
    assert [s.best_rank for s in ada.me.solves()] == [1]
    assert regrade(competition.id, challenge, "q1").completed == 0
