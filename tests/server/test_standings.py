"""Standings as players and operators see them, and what is drawn from them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import httpx
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.server.app import create_app
from ctfy.server.database.connections import Database
from ctfy.server.models.competitions import CompetitionInfo
from ctfy.server.settings import Settings
from ctfy.server.standings import global_standings
from ctfy.server.standings.board import Board
from ctfy.server.standings.projection import Standings
from tests.conftest import Arena
from tests.playing import flag, start
from tests.processes import CHALLENGES, Stack, wait_for
from tests.refusals import refusal


def solve(player: PlatformClient, competition_id: str, secret: bytes) -> None:
    ready = start(player, competition_id)
    assert player.submissions.submit(ready.id, flag(secret, ready.id)).correct
    player.instances.stop(ready.id)


def board(client: PlatformClient, competition_id: str) -> list[tuple[int, str, int, int]]:
    entries = client.competition(competition_id).scoreboard()
    return [(e.rank, e.team_name, e.solved, e.points) for e in entries]


def freeze(arena: Arena, competition: CompetitionInfo, moment: datetime | None) -> None:
    arena.admin.admin.competitions.update(competition.id, freezes_at=moment)


def test_a_freeze_hides_what_comes_after_it_from_players_only(arena: Arena, secret: bytes) -> None:
    competition = arena.competition(starts_at=datetime.now(UTC) - timedelta(hours=1))
    first, second = arena.registered(competition, "First"), arena.registered(competition, "Second")
    solve(first, competition.id, secret)
    wait_for("the solve", lambda: board(first, competition.id)[0][1] == "First")
    freeze(arena, competition, datetime.now(UTC))
    solve(second, competition.id, secret)
    before = [(1, "First", 1, 500), (2, "Second", 0, 0)]
    wait_for("the operators'", lambda: board(arena.admin, competition.id)[1][2] == 1)
    assert board(first, competition.id) == before
    comp = first.competition(competition.id)
    assert [c.solves_count for c in comp.challenges(q="pocket")] == [1]
    assert next(r for r in comp.challenge_breakdown().challenges).solves_count <= 1
    assert sum(cell.solved for cell in comp.solve_matrix().cells) == 1
    assert len(comp.score_history().series[0].points) == 1
    assert [s.score for s in comp.ctftime().standings] == [1.0, 0.0]
    mine = second.competition(competition.id).challenges(q="pocket")[0]
    assert mine.solved  # their own solve they know
    tries = first.challenges.solve_attempts("notes", limit=10_000).attempts
    assert "Second" not in [a.team_name for a in tries if a.solved]
    freeze(arena, competition, None)
    wait_for("the thaw", lambda: board(first, competition.id)[1][2] == 1)


def test_a_freeze_to_come_changes_nothing_until_it_comes(arena: Arena, secret: bytes) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    freeze(arena, competition, datetime.now(UTC) + timedelta(seconds=3))
    solve(player, competition.id, secret)
    wait_for("the solve", lambda: board(player, competition.id)[0][2] == 1)


def test_points_rank_where_the_competition_says_so(arena: Arena, secret: bytes) -> None:
    competition = arena.competition(rank_by="points", first_blood_bonus=40)
    early, late = arena.registered(competition, "Early"), arena.registered(competition, "Late")
    late.submissions.submit_qa("field-notes", competition.id, "hello")
    solve(early, competition.id, secret)
    wait_for("the solve", lambda: board(early, competition.id)[0][1] == "Early")
    assert board(early, competition.id) == [(1, "Early", 1, 540), (2, "Late", 0, 33)]
    early.competition(competition.id).unlock_hint("notes", "how")
    early.competition(competition.id).unlock_hint("notes", "how")
    wait_for("the cost", lambda: board(early, competition.id)[0][3] == 490)
    series = early.competition(competition.id).score_history().series
    assert series[0].points[-1].score == 540
    assert early.competitions.get(competition.id).my_points == 490


def test_teams_of_ones_choice_are_compared_over_time(arena: Arena) -> None:
    competition = arena.competition("field-notes", rank_by="points")
    players = [arena.registered(competition, name) for name in ("Best", "Second", "Third")]
    for player in players:
        player.submissions.submit_qa("field-notes", competition.id, "hello")
    comp = players[0].competition(competition.id)
    wait_for("the solves", lambda: len(comp.score_history(top=9).series[2].points) == 1)
    ids = [player.competition(competition.id).detail().my_team_id for player in players]

    def names(top: int, *chosen: str) -> list[str]:
        return [s.team_name for s in comp.score_history(top=top, team_ids=chosen).series]

    assert names(0, ids[2], ids[1]) == ["Third", "Second"]
    assert names(1, ids[2], ids[0], "nobody") == ["Best", "Third"]
    assert comp.score_history(top=0, team_ids=ids[2:]).series[0].points[-1].score == 33
    with pytest.raises(CtfyApiError, match="50"):
        names(0, *(f"team-{n}" for n in range(51)))


def test_equal_teams_share_a_rank_and_an_earlier_solve_goes_first(
    arena: Arena, secret: bytes
) -> None:
    competition = arena.competition()
    players = [arena.registered(competition, name) for name in ("A", "B", "C", "D")]
    for player in players[1:3]:
        solve(player, competition.id, secret)
    wait_for("both", lambda: board(players[0], competition.id)[1][2] == 1)
    assert [entry[:2] for entry in board(players[0], competition.id)] == [
        (1, "B"),
        (2, "C"),
        (3, "A"),
        (3, "D"),
    ]


def test_nothing_new_is_not_sent_again(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    where = f"{arena.url}/api/v1/competitions/{competition.id}/scoreboard"
    headers = {"Authorization": f"Bearer {player.token}"}
    first = httpx.get(where, headers=headers)
    again = httpx.get(where, headers={**headers, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["content-encoding"] == "gzip"
    arena.registered(competition)
    changed = wait_for(
        "the change",
        lambda: (
            (
                a := httpx.get(where, headers={**headers, "If-None-Match": first.headers["etag"]})
            ).status_code
            == 200
            and a
        ),
    )
    assert changed.json()["total"] == 2


@pytest.mark.parametrize("path", ["scoreboard", "challenges", "score-history?top=3"])
def test_what_is_kept_is_kept_for_its_caller_alone(arena: Arena, path: str) -> None:
    """An answer kept in memory never reaches somebody who may not have it, or not any more."""
    competition = arena.competition()
    player = arena.registered(competition)
    where = f"{arena.url}/api/v1/competitions/{competition.id}/{path}"
    token = player.auth.mint_token("x").token
    get = lambda token: httpx.get(where, headers={"Authorization": f"Bearer {token}"})  # noqa: E731
    for _ in range(3):
        assert get(token).status_code == 200
    assert httpx.get(where).status_code == 401
    assert get("pf_wrong").status_code == 401
    arena.admin.admin.competitions.update(competition.id, access="private_hidden")
    assert get(token).status_code == 200
    assert get(arena.player().token).status_code == 404
    arena.admin.admin.competitions.update(competition.id, status="draft")
    assert get(token).status_code == 404
    arena.admin.admin.competitions.update(competition.id, status="published")
    assert get(token).status_code == 200
    player.auth.revoke_other_tokens()
    assert get(token).status_code == 401


def test_an_answer_of_another_team_is_an_incident_for_operators_only(
    arena: Arena, secret: bytes, database_url: str
) -> None:
    competition = arena.competition()
    owner, thief = arena.registered(competition), arena.registered(competition)
    theirs, mine = start(owner, competition.id), start(thief, competition.id)
    stolen = thief.submissions.submit(mine.id, flag(secret, theirs.id))
    assert (stolen.correct, stolen.solve_rank) == (False, 0)
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT kind, team_id, other_team_id, other_instance_id, submission_id FROM incidents"
            " WHERE competition_id = %s",
            [competition.id],
        ).fetchone()
    teams = [p.competitions.get(competition.id).my_team_id for p in (thief, owner)]
    assert row == ("shared_answer", *teams, theirs.id, stolen.id)
    log = arena.admin.admin.observability.activities(team_id=teams[0])
    assert [a.event for a in log].count("incident_reported") == 1
    own = owner.submissions.submit(theirs.id, flag(secret, mine.id)[:-1])
    assert not own.correct


def test_answers_are_compared_as_their_question_allows(arena: Arena) -> None:
    competition = arena.competition("field-notes", "last-page")
    player = arena.registered(competition)
    answer = player.submissions.submit_qa
    locked = refusal(answer, "last-page", competition.id, "hello again")
    assert (locked.status_code, locked.code) == (409, "challenge_locked")
    assert not answer("field-notes", competition.id, "HELLO").correct
    assert answer("field-notes", competition.id, "  hello ").correct
    assert answer("field-notes", competition.id, "MD5", question_id="algorithm").correct
    choices = ["Preimage resistance", "Collision resistance"]
    done = answer("field-notes", competition.id, choices, question_id="properties")
    assert done.challenge_fully_solved
    assert answer("last-page", competition.id, "Hello AGAIN").correct


def test_a_challenge_outside_its_competition_is_not_shown(arena: Arena) -> None:
    arena.competition("notes", starts_at=datetime.now(UTC) + timedelta(hours=1))
    competition = arena.competition("field-notes")
    player = arena.registered(competition)
    upcoming = arena.competition("notes", starts_at=datetime.now(UTC) + timedelta(hours=1))
    assert player.competition(upcoming.id).challenges() == []
    error = refusal(
        player.call,
        "GET",
        f"/challenges/notes/attachments?competition_id={competition.id}",
    )
    assert (error.status_code, error.code) == (403, "challenge_out_of_competition")
    assert refusal(player.challenges.get, "no-such").code == "challenge_not_found"
    for name in ("../metadata.yaml", "..%2fmetadata.yaml", "metadata.yaml", "notebook.txt/.."):
        error = refusal(player.challenges.download_attachment, "field-notes", name)
        assert error.status_code == 404


def test_a_file_is_served_in_parts_with_its_type_and_name(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    answer = httpx.get(
        f"{arena.url}/api/v1/challenges/field-notes/attachments/notebook.txt",
        headers={"Authorization": f"Bearer {player.token}", "Range": "bytes=0-10"},
    )
    assert (answer.status_code, answer.text) == (206, "Field notes")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'filename="notebook.txt"' in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/scoreboard", "/scoreboard/challenges", "/scoreboard/users"])
def test_what_all_ask_for_at_once_is_drawn_once(
    arena: Arena, running: Stack, database_url: str, path: str
) -> None:
    arena.registered(arena.competition())
    settings = Settings(
        database_url=database_url,
        data_dir=running.folder / "platform",
        challenges_dir=CHALLENGES,
        secret_key="x",
    )
    drawn, boards = [], global_standings._boards

    async def counted(session: AsyncSession, standings: Standings) -> list[Board]:
        drawn.append(path)
        return await boards(session, standings)

    async def ask() -> list[httpx.Response]:
        app = create_app(settings, with_worker=False)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test/api/v1") as client:
            answers = await asyncio.gather(*(client.get(path) for _ in range(16)))
        await app.services.get(Database).close()
        return list(answers)

    with (
        patch.object(global_standings, "_boards", counted),
        patch.object(global_standings, "_FRESH_S", 60.0),
    ):
        answers = asyncio.run(ask())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert drawn == [path]
