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
from ctfy.server.fields import service as fields
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

    return await _file(f"standings-{competition_id}", kind, _STANDINGS, _cells(parts(), _STANDINGS))


@router.get("/tables/submissions/{kind}", response_class=StreamingResponse, responses=_FILE)
async def submissions(
    competition_id: str, kind: Format, database: TheDatabase, cache: TheCache, caller: ItsAdmin
) -> StreamingResponse:
    """Every submission, newest first."""
    await View(caller).competition(database, cache, competition_id)
    query = rulings.listed().where(Submission.competition_id == competition_id)
    parts = _cells(_rows(database, query), _SUBMISSIONS)
    return await _file(f"submissions-{competition_id}", kind, _SUBMISSIONS, parts)


@router.get("/tables/people/{kind}", response_class=StreamingResponse, responses=_FILE)
async def people(
    competition_id: str, kind: Format, database: TheDatabase, cache: TheCache, caller: ItsAdmin
) -> StreamingResponse:
    """Everybody on a team, by team, with their answers, a column for each field.

    Addresses, and what the platform itself asks, are for the platform's administrators alone.
    """
    await View(caller).competition(database, cache, competition_id)
    asked = {"answers": await _asked(database, competition_id)}
    if caller.is_admin:
        asked["account_answers"] = await _asked(database, fields.PLATFORM)
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
            fields.all_answers(TeamMember.user_id, competition_id).label("answers"),
            fields.all_answers(TeamMember.user_id, fields.PLATFORM).label("account_answers"),
        )
        .join(Team, Team.id == TeamMember.team_id)
        .join(User, User.id == TeamMember.user_id)
        .where(TeamMember.competition_id == competition_id)
        .order_by(Team.created_at, Team.id, TeamMember.joined_at, TeamMember.user_id)
    )
    columns = [*_PEOPLE, *(f"{of}.{name}" for of, names in asked.items() for name in names)]

    async def parts() -> AsyncIterator[Sequence[Any]]:
        async for part in _rows(database, query):
            yield [
                [getattr(row, name) for name in _PEOPLE]
                + [getattr(row, of).get(name) for of, names in asked.items() for name in names]
                for row in part
            ]

    return await _file(f"people-{competition_id}", kind, columns, parts())


async def _asked(database: Database, competition_id: str | None) -> list[str]:
    """The fields' names, in their order."""
    async with database.transaction() as session:
        return [each.name for each in await fields.fields_of(session, competition_id)]


async def _rows(
    database: Database, query: Select[*tuple[Any, ...]]
) -> AsyncIterator[Sequence[Any]]:
    """A query's rows, few at once, however many there are."""
    async with database.transaction() as session:
        async for part in (await session.stream(query)).partitions(_AT_ONCE):
            yield part


async def _cells(
    parts: AsyncIterator[Sequence[Any]], columns: Sequence[str]
) -> AsyncIterator[Sequence[Any]]:
    """What rows hold in some columns."""
    async for part in parts:
        yield [[getattr(row, column) for column in columns] for row in part]


async def _file(
    name: str, kind: Format, columns: Sequence[str], parts: AsyncIterator[Sequence[Any]]
) -> StreamingResponse:
    """The table, written down before the first byte leaves: whoever reads slowly holds no rows."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - given on
    try:
        table = await asyncio.to_thread(spreadsheet, kind, file, columns)
        async for part in parts:
            await asyncio.to_thread(table.write, part)
        await asyncio.to_thread(table.close)
    except BaseException:
        file.close()
        raise
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return file_response(file, MEDIA_TYPES[kind], headers)
