"""A competition's standings, submissions and people as CSV, for spreadsheets."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from fastapi.responses import StreamingResponse
from sqlalchemy import Select, literal, select

from ctfy.server.access.caller import ItsAdmin
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.database.connections import Database
from ctfy.server.kernel import TheCache, TheDatabase
from ctfy.server.records.flows import file_response
from ctfy.server.standings.projection import TheStandings
from ctfy.server.submissions import rulings
from ctfy.server.tables.access import User
from ctfy.server.tables.submissions import Submission
from ctfy.server.tables.teams import Team, TeamMember

router = Router(prefix="/admin/competitions/{competition_id}", tags=["competitions"])

_AT_ONCE = 500
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
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


class _Csv(StreamingResponse):
    """Told apart in the API's document."""

    media_type = "text/csv"


@router.get("/standings.csv", response_class=_Csv, responses=_CSV)
async def standings_csv(
    competition_id: str,
    database: TheDatabase,
    cache: TheCache,
    standings: TheStandings,
    caller: ItsAdmin,
) -> StreamingResponse:
    """The standings as they are now, behind a freeze, too."""
    view = View(caller)
    competition = await view.competition(database, cache, competition_id)
    snapshot = await standings.seen_by(view, competition)

    async def parts() -> AsyncIterator[Sequence[Any]]:
        for first in range(0, len(snapshot.entries), _AT_ONCE):
            yield snapshot.entries[first : first + _AT_ONCE]

    return await _file(f"standings-{competition_id}.csv", _STANDINGS, parts())


@router.get("/submissions.csv", response_class=_Csv, responses=_CSV)
async def submissions_csv(
    competition_id: str, database: TheDatabase, cache: TheCache, caller: ItsAdmin
) -> StreamingResponse:
    """Every submission, newest first."""
    await View(caller).competition(database, cache, competition_id)
    query = rulings.listed().where(Submission.competition_id == competition_id)
    return await _file(f"submissions-{competition_id}.csv", _SUBMISSIONS, _rows(database, query))


@router.get("/people.csv", response_class=_Csv, responses=_CSV)
async def people_csv(
    competition_id: str, database: TheDatabase, cache: TheCache, caller: ItsAdmin
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
    return await _file(f"people-{competition_id}.csv", _PEOPLE, _rows(database, query))


async def _rows(
    database: Database, query: Select[*tuple[Any, ...]]
) -> AsyncIterator[Sequence[Any]]:
    """A query's rows, few at once, however many there are."""
    async with database.transaction() as session:
        async for part in (await session.stream(query)).partitions(_AT_ONCE):
            yield part


async def _file(
    name: str, columns: Sequence[str], parts: AsyncIterator[Sequence[Any]]
) -> StreamingResponse:
    """The table, written down before the first byte leaves: whoever reads slowly holds no rows."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - given on
    try:
        await asyncio.to_thread(_write, file, [columns])
        async for part in parts:
            rows = ([_cell(getattr(row, column)) for column in columns] for row in part)
            await asyncio.to_thread(_write, file, rows)
    except BaseException:
        file.close()
        raise
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return file_response(file, "text/csv", headers)


def _write(file: BinaryIO, rows: Iterable[Sequence[Any]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    file.write(out.getvalue().encode())


# Spreadsheets of other locales split at `;` or tab, so a formula may begin in a text's middle.
_FORMULA = re.compile(r"""(^|[;\t\r\n])([\s"]*)(?=[-=+@])""")
_NEW_LINE = re.compile(r"[\r\n]")


def _cell(value: Any) -> Any:
    """A value as a spreadsheet may read it: no text in it is taken for a formula, or a row."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _NEW_LINE.sub(" ", _FORMULA.sub(r"\1\2'", value))
    return value
