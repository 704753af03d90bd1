"""What counts, for whom: leaving a team is no fresh start, and what is gone is worth nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ctfy.sdk import PlatformClient
from ctfy.server.models.competitions import CompetitionInfo
from tests.conftest import ADMIN_EMAIL, Arena, lone_server, sign_in
from tests.event_stream import following
from tests.processes import wait_for
from tests.refusals import refusal

CHALLENGES = {
    "capped": """
name: Capped
description: One of three.
difficulty: easy
tags: [t]
value: 100
hints: [{id: big, text: It is b., cost: 40}]
questions:
  - {id: choice, mode: single_select, prompt: Which?, choices: [a, b, c], answer: b}
""",
    "falling": """
name: Falling
description: Worth less with every team.
difficulty: easy
tags: [t]
value: {initial: 1000, minimum: 100, decay: 3}
questions: [{id: only, prompt: What?, answer: right}]
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("leaving")


@pytest.fixture(scope="module")
def lone(folder: Path) -> Iterator[Arena]:
    for name, text in CHALLENGES.items():
        (folder / "challenges" / name).mkdir(parents=True)
        (folder / "challenges" / name / "metadata.yaml").write_text(text)
    with (
        lone_server(
            folder,
            CTFY_CHALLENGES_DIR=str(folder / "challenges"),
            CTFY_QUESTION_ATTEMPT_CAPS='{"single_select": 2}',
        ) as url,
        sign_in(url, ADMIN_EMAIL) as admin,
    ):
        yield Arena(url, admin)


@pytest.fixture
def competition(lone: Arena) -> CompetitionInfo:
    return lone.competition("capped", "falling", rank_by="points", first_blood_bonus=50)


def answer(player: PlatformClient, competition: CompetitionInfo, challenge: str, text: str) -> Any:
    question = {"capped": "choice", "falling": "only"}[challenge]
    return player.submissions.submit_qa(challenge, competition.id, text, question_id=question)


def points(lone: Arena, competition: CompetitionInfo) -> dict[str, int]:
    board = lone.admin.competition(competition.id).scoreboard()
    return {entry.team_name: entry.points for entry in board}


def test_a_new_team_brings_no_new_attempts(lone: Arena, competition: CompetitionInfo) -> None:
    player = lone.registered(competition, "Guesser")
    answer(player, competition, "capped", "a")
    answer(player, competition, "capped", "c")
    assert refusal(answer, player, competition, "capped", "b").code == (
        "question_attempt_cap_exceeded"
    )
    comp = player.competition(competition.id)
    comp.team.leave()
    comp.register("create", name="Guesser again")
    assert refusal(answer, player, competition, "capped", "b").code == (
        "question_attempt_cap_exceeded"
    )


def test_what_a_member_got_wrong_elsewhere_goes_with_them_when_they_leave(
    lone: Arena, competition: CompetitionInfo
) -> None:
    captain, guest = lone.registered(competition, "Captain"), lone.registered(competition, "Guest")
    answer(guest, competition, "capped", "a")
    guest.competition(competition.id).team.leave()
    code = captain.competition(competition.id).team.invites.create().code
    guest.competition(competition.id).register("join", code=code)
    assert answer(captain, competition, "capped", "c").attempts_remaining == 0
    guest.competition(competition.id).team.leave()
    assert answer(captain, competition, "capped", "b").correct


def test_nobody_comes_back_to_a_team_that_everybody_left(
    lone: Arena, competition: CompetitionInfo
) -> None:
    player, other = lone.registered(competition, "Revenant"), lone.player()
    team = player.competition(competition.id).team
    code = team.invites.create().code
    answer(player, competition, "capped", "a")
    team.leave()
    lone.player().competition(competition.id).register("create", name="Revenant")
    for person in (player, other):
        join = person.competition(competition.id).register
        assert refusal(join, "join", code=code).code == "invite_not_found"


def test_a_pardon_forgives_what_was_brought_along(
    lone: Arena, competition: CompetitionInfo
) -> None:
    player = lone.registered(competition, "Pardoned")
    answer(player, competition, "capped", "a")
    answer(player, competition, "capped", "c")
    comp = player.competition(competition.id)
    comp.team.leave()
    team = comp.register("create", name="Pardoned again")
    lone.admin.admin.challenges.reset_question_attempts(team.id, "capped", "choice")
    assert answer(player, competition, "capped", "b").correct


def test_a_pardon_is_for_one_team_alone(lone: Arena, competition: CompetitionInfo) -> None:
    first, second = lone.registered(competition, "Staying"), lone.registered(competition, "Going")
    code = first.competition(competition.id).team.invites.create().code
    comp = second.competition(competition.id)
    comp.team.leave()
    comp.register("join", code=code)
    answer(second, competition, "capped", "a")
    answer(second, competition, "capped", "c")
    comp.team.leave()
    team = comp.register("create", name="Going elsewhere")
    lone.admin.admin.challenges.reset_question_attempts(team.id, "capped", "choice")
    assert answer(second, competition, "capped", "b").correct
    assert refusal(answer, first, competition, "capped", "b").code == (
        "question_attempt_cap_exceeded"
    )


def test_a_hint_read_on_a_throwaway_team_is_paid_by_the_real_one(
    lone: Arena, competition: CompetitionInfo
) -> None:
    player = lone.registered(competition, "Throwaway")
    captain = lone.registered(competition, "Real")
    player.competition(competition.id).unlock_hint("capped", "big")
    player.competition(competition.id).team.leave()
    code = captain.competition(competition.id).team.invites.create().code
    player.competition(competition.id).register("join", code=code)
    (hint,) = captain.competition(competition.id).hints("capped")
    assert (hint.unlocked, hint.text) == (True, "It is b.")
    answer(captain, competition, "capped", "b")
    wait_for("the board", lambda: points(lone, competition).get("Real") == 100 + 50 - 40)
    player.competition(competition.id).team.leave()  # what they know, the team still knows
    wait_for("the board", lambda: points(lone, competition).get("Real") == 100 + 50 - 40)


def test_teams_that_somebody_made_and_left_take_nothing_from_others(
    lone: Arena, competition: CompetitionInfo
) -> None:
    ghost = lone.player("Ghost")
    for number in range(3):
        ghost.competition(competition.id).register("create", name=f"Ghost {number}")
        assert answer(ghost, competition, "falling", "right").correct
        ghost.competition(competition.id).team.leave()
    honest = lone.registered(competition, "Honest")
    grade = answer(honest, competition, "falling", "right")
    assert (grade.solve_rank, grade.challenge_fully_solved) == (1, True)
    wait_for("the board", lambda: points(lone, competition) == {"Honest": 1000 + 50})
    comp = honest.competition(competition.id)
    row = next(r for r in comp.challenge_breakdown().challenges if r.challenge_id == "falling")
    assert (row.solves_count, row.value, row.first_blood_team_name) == (1, 1000, "Honest")
    assert [solve.best_rank for solve in honest.me.solves()] == [1]
    assert comp.score_distribution().total_teams == 1
    assert honest.competitions.get(competition.id).registered_count == 1
    assert [team.name for team in comp.search_teams("")] == ["Honest"]
    wait_for(
        "first blood",
        lambda: "first_blood_team" in [a.achievement_id for a in honest.me.achievements().unlocked],
    )


def test_a_changed_value_is_on_the_board_once_the_rescan_is_over(
    lone: Arena, folder: Path, competition: CompetitionInfo
) -> None:
    player = lone.registered(competition, "Solver")
    answer(player, competition, "capped", "b")
    wait_for("the board", lambda: points(lone, competition).get("Solver") == 150)
    with following(player) as told:
        rescan(lone, folder, "capped", CHALLENGES["capped"].replace("value: 100", "value: 70"))
        wait_for("the board", lambda: points(lone, competition) == {"Solver": 70 + 50})
        wait_for("word", lambda: "scoreboard_updated" in [event["event"] for event in told])
    rescan(lone, folder, "capped", CHALLENGES["capped"])
    wait_for("the board", lambda: points(lone, competition) == {"Solver": 150})


def test_a_challenge_that_is_taken_out_or_gone_keeps_no_points(
    lone: Arena, folder: Path, competition: CompetitionInfo
) -> None:
    player = lone.registered(competition, "Solver")
    answer(player, competition, "capped", "b")
    answer(player, competition, "falling", "right")
    wait_for("the board", lambda: points(lone, competition) == {"Solver": 150 + 1050})
    editing = lone.admin.admin.competitions
    editing.update(competition.id, challenge_ids=["capped"])
    wait_for("the board", lambda: points(lone, competition) == {"Solver": 150})
    editing.update(competition.id, challenge_ids=["capped", "falling"])
    wait_for("the board", lambda: points(lone, competition) == {"Solver": 150 + 1050})
    rescan(lone, folder, "falling", None)
    wait_for("the board", lambda: points(lone, competition) == {"Solver": 150})
    entry = lone.admin.competition(competition.id).scoreboard()[0]
    assert (entry.solved, entry.flags_solved) == (1, 1)
    rescan(lone, folder, "falling", CHALLENGES["falling"])
    wait_for("the board", lambda: points(lone, competition) == {"Solver": 150 + 1050})


def rescan(lone: Arena, folder: Path, challenge: str, text: str | None) -> None:
    """Let the platform see another text of a challenge, or none."""
    place = folder / "challenges" / challenge
    if text is None:
        shutil.rmtree(place)
    else:
        place.mkdir(exist_ok=True)
        (place / "metadata.yaml").write_text(text)
    task = lone.admin.admin.challenges.rescan()
    assert lone.admin.admin.tasks.wait(task.id).status == "succeeded"


def test_approving_lets_nobody_in_who_could_not_ask_now(lone: Arena) -> None:
    editing = lone.admin.admin.competitions
    moments: dict[str, dict[str, Any]] = {
        "registration_closed": {"registration_closes_at": datetime.now(UTC) - timedelta(hours=1)},
        "competition_ended": {"ends_at": datetime.now(UTC) - timedelta(minutes=1)},
        "competition_invitation_required": {"access": "private_listed"},
    }
    for code, change in moments.items():
        competition = lone.competition("capped", starts_at=datetime.now(UTC) - timedelta(days=1))
        captain, guest = lone.registered(competition), lone.player()
        team_id = captain.competitions.get(competition.id).my_team_id
        asked = guest.competition(competition.id).request_to_join(team_id)
        editing.update(competition.id, **change)
        requests = captain.competition(competition.id).team.requests
        assert refusal(requests.approve, asked.id).code == code
        assert guest.teams.get(team_id).member_count == 1
