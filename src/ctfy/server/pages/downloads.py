"""A competition's standings, submissions and people as files for spreadsheets."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi.responses import StreamingResponse
from sqlalchemy import Select, literal, select

from ctfy.server.access.caller import ItsAdmin
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.database.connections import Database
from ctfy.server.kernel import TheCache, TheDatabase
from ctfy.server.pages.spreadsheets import MEDIA_TYPES, Format, spreadsheet
from ctfy.server.records.flows import file_response
from ctfy.server.standings.projection import TheStandings
from ctfy.server.submissions import rulings
from ctfy.server.tables.access import User
from ctfy.server.tables.submissions import Submission
from ctfy.server.tables.teams import Team, TeamMember

router = Router(prefix="/admin/competitions/{competition_id}", tags=["competitions"])

_AT_ONCE = 500
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}
}
_STANDINGS = (
    "rank",
    *("team_name", "bracket", "points", "solved", "flags_solved", "attempts"),
    *("last_solve_at", "team_id"),
)
_SUBMISSIONS = (
    *("submitted_at", "team_name", "display_name", "challenge_id", "question_id", "answer"),
    *("correct", "overruled", "solve_time_s", "id", "team_id", "user_id", "instance_id"),
)
_PEOPLE = (
    *("display_name", "email", "team_name", "bracket", "standing", "is_captain", "joined_at"),
    *("user_id", "team_id"),
)


@router.get("/tables/standings/{kind}", response_class=StreamingResponse, responses=_FILE)
async def standings(
    competition_id: str,
    kind: Format,
    database: TheDatabase,
    cache: TheCache,
    projection: TheStandings,
    caller: ItsAdmin,
) -> StreamingResponse:
    """The standings as they are now, behind a freeze, too."""
    view = View(caller)
    place = await view.place(database, cache, competition_id)
    snapshot = await projection.seen_by(view, place)

    async def parts() -> AsyncIterator[Sequence[Any]]:
        for first in range(0, len(snapshot.entries), _AT_ONCE):
            yield snapshot.entries[first : first + _AT_ONCE]

    return await _file(f"standings-{competition_id}", kind, _STANDINGS, parts())


@router.get("/tables/submissions/{kind}", response_class=StreamingResponse, responses=_FILE)
async def submissions(
    competition_id: str, kind: Format, database: TheDatabase, cache: TheCache, caller: ItsAdmin
) -> StreamingResponse:
    """Every submission, newest first."""
    await View(caller).competition(database, cache, competition_id)
    query = rulings.listed().where(Submission.competition_id == competition_id)
    return await _file(f"submissions-{competition_id}", kind, _SUBMISSIONS, _rows(database, query))


@router.get("/tables/people/{kind}", response_class=StreamingResponse, responses=_FILE)
async def people(
    competition_id: str, kind: Format, database: TheDatabase, cache: TheCache, caller: ItsAdmin
) -> StreamingResponse:
    """Everybody on a team, by team; addresses for the platform's administrators alone."""
    await View(caller).competition(database, cache, competition_id)
    query = (
        select(
            User.display_name,
            (User.email if caller.is_admin else literal("")).label("email"),
            Team.name.label("team_name"),
            Team.bracket,
            Team.standing,
            (Team.captain_user_id == TeamMember.user_id).label("is_captain"),
            TeamMember.joined_at,
            TeamMember.user_id,
            TeamMember.team_id,
        )
        .join(Team, Team.id == TeamMember.team_id)
        .join(User, User.id == TeamMember.user_id)
        .where(TeamMember.competition_id == competition_id)
        .order_by(Team.created_at, Team.id, TeamMember.joined_at, TeamMember.user_id)
    )
    return await _file(f"people-{competition_id}", kind, _PEOPLE, _rows(database, query))


async def _rows(
    database: Database, query: Select[*tuple[Any, ...]]
) -> AsyncIterator[Sequence[Any]]:
    """A query's rows, few at once, however many there are."""
    async with database.transaction() as session:
        async for part in (await session.stream(query)).partitions(_AT_ONCE):
            yield part


async def _file(
    name: str, kind: Format, columns: Sequence[str], parts: AsyncIterator[Sequence[Any]]
) -> StreamingResponse:
    """The table, written down before the first byte leaves: whoever reads slowly holds no rows."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - given on
    try:
        table = await asyncio.to_thread(spreadsheet, kind, file, columns)
        async for part in parts:
            rows = ([getattr(row, column) for column in columns] for row in part)
            await asyncio.to_thread(table.write, rows)
        await asyncio.to_thread(table.close)
    except BaseException:
        file.close()
        raise
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return file_response(file, MEDIA_TYPES[kind], headers)
