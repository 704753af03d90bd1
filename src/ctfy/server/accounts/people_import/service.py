"""Imports as operators see them: a file is taken, looked at, applied, forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from sqlalchemy import ARRAY, Row, Select, Text, any_, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.access.secrets import Seal, Secret
from ctfy.server.accounts import mail, service
from ctfy.server.accounts.people_import.file import File, read
from ctfy.server.accounts.people_import.passwords import seal_of
from ctfy.server.accounts.people_import.plan import Here, Known, Planned, Teams, plan, same
from ctfy.server.database.base import new_id
from ctfy.server.database.connections import Database
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.people import (
    ApplyPeopleImportRequest,
    PeopleImportInfo,
    PeopleImportRowInfo,
)
from ctfy.server.models.tasks import AdminTaskInfo
from ctfy.server.settings import Settings
from ctfy.server.tables.access import User
from ctfy.server.tables.accounts import PeopleImport, PeopleImportRow
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.teams import Team, TeamMember
from ctfy.server.tasks.registry import Registry
from ctfy.server.tasks.service import OPEN, submit
from ctfy.server.tasks.service import get as get_task

_AT_ONCE = 2000  # rows in one statement


async def take(
    database: Database,
    secret: Secret,
    settings: Settings,
    caller: Caller,
    content: bytes,
    competition_id: str,
) -> str:
    """Read a file and say of each row what would become of it; nothing is made yet.

    Raises as `file.read` does, `competition_not_found`, and `password_auth_disabled`.
    """
    service.require_password_auth(settings.password_auth_enabled)
    file = await asyncio.to_thread(read, content)
    async with database.transaction() as session:
        here = await _here(session, file, competition_id)
    default = next((c for c in here.competitions if c.id == competition_id), None)
    if competition_id and default is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    import_id = new_id()
    rows = await asyncio.to_thread(_rows, import_id, secret, file, here, default)
    async with database.transaction() as session:
        session.add(
            PeopleImport(
                id=import_id,
                created_by=caller.user_id,
                encoding=file.encoding,
                delimiter=file.delimiter,
                ignored_columns=file.ignored,
            )
        )
        await session.flush()
        for start in range(0, len(rows), _AT_ONCE):
            await session.execute(insert(PeopleImportRow), rows[start : start + _AT_ONCE])
    return import_id


async def _here(session: AsyncSession, file: File, competition_id: str) -> Here:
    """What the rows of a file are compared with: of the competitions, those that they name."""
    emails = {line.email.lower() for line in file.lines}
    users = await session.execute(
        select(User.email, User.id).where(User.email == any_(literal(list(emails), ARRAY(Text))))
    )
    names = await session.scalars(select(User.display_name).where(User.deleted_at.is_(None)))
    competitions = await _named(session, file, competition_id)
    session.expunge_all()
    members = (
        select(func.count())
        .where(TeamMember.team_id == Team.id)
        .correlate(Team)
        .scalar_subquery()
        .label("members")
    )
    columns = (Team.competition_id, Team.name, Team.bracket, Team.name_folded, Team.name_shape)
    found = await session.execute(
        select(*columns, members).where(
            Team.name_folded.is_not(None),
            Team.competition_id.in_([competition.id for competition in competitions]),
        )
    )
    teams: dict[str, Teams] = {}
    for row in found:
        known = Known(row.name, row.bracket, row.members)
        of_competition = teams.setdefault(row.competition_id, Teams())
        of_competition.by_form[0, row.name_folded] = known
        of_competition.by_form[1, row.name_shape] = known
    return Here(dict(users.tuples().all()), names.all(), competitions, teams)  # type: ignore[arg-type]


async def _named(session: AsyncSession, file: File, competition_id: str) -> list[Competition]:
    """The competitions that a file names by id or title, and the one of the rows that name none."""
    written = {line.competition for line in file.lines} | {competition_id}
    titles = {same(name) for name in written}
    known = await session.execute(select(Competition.id, Competition.title))
    ids = [row.id for row in known if row.id in written or same(row.title) in titles]
    found = await session.scalars(
        select(Competition).where(Competition.id.in_(ids)).order_by(Competition.id)
    )
    return list(found)


def _rows(
    import_id: str, secret: Secret, file: File, here: Here, default: Competition | None
) -> list[dict[str, Any]]:
    seal = seal_of(secret, import_id)
    return [_row(import_id, seal, planned) for planned in plan(file.lines, here, default)]


def _row(import_id: str, seal: Seal, planned: Planned) -> dict[str, Any]:
    waits = planned.outcome == "create" and planned.password
    sealed = seal.close(planned.password) if waits else None
    return {**asdict(planned), "import_id": import_id, "password": sealed}


def listed() -> Select[*tuple[Any, ...]]:
    """Imports, newest first, with how many of their rows come to what."""
    counts = [
        func.count().filter(PeopleImportRow.outcome == outcome).label(label)
        for outcome, label in (
            ("create", "to_create"),
            ("created", "created"),
            ("exists", "existing"),
            ("refused", "refused"),
        )
    ]
    counted = (
        select(PeopleImportRow.import_id, *counts).group_by(PeopleImportRow.import_id).subquery()
    )
    return (
        select(PeopleImport, *(counted.c[count.name] for count in counts))
        .outerjoin(counted, counted.c.import_id == PeopleImport.id)
        .order_by(PeopleImport.created_at.desc(), PeopleImport.id)
    )


def info(row: Row[Any]) -> PeopleImportInfo:
    """A row of `listed` on the wire."""
    found: PeopleImport = row.PeopleImport
    return PeopleImportInfo(
        id=found.id,
        created_at=found.created_at,
        created_by=found.created_by or "",
        encoding=found.encoding,
        delimiter=found.delimiter,
        ignored_columns=found.ignored_columns,
        to_create=row.to_create or 0,
        created=row.created or 0,
        existing=row.existing or 0,
        refused=row.refused or 0,
        task_id=found.task_id or "",
    )


async def get(session: AsyncSession, import_id: str) -> PeopleImportInfo:
    """One import. Raises `people_import_not_found`."""
    query = listed().where(PeopleImport.id == import_id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise not_found()
    return info(row)


def not_found() -> NotFound:
    """There is no import with that id."""
    return NotFound("people_import_not_found", "There is no such import, or it is forgotten.")


def rows_of(import_id: str, outcome: str) -> Select[*tuple[Any, ...]]:
    """The rows of an import, as they stand in the file; empty `outcome`: all."""
    query = (
        select(PeopleImportRow, User.password_hash.is_not(None).label("has_password"))
        .outerjoin(User, User.id == PeopleImportRow.user_id)
        .where(PeopleImportRow.import_id == import_id)
        .order_by(PeopleImportRow.number)
    )
    return query.where(PeopleImportRow.outcome == outcome) if outcome else query


def row_info(row: Row[Any]) -> PeopleImportRowInfo:
    """A row of `rows_of` on the wire."""
    found: PeopleImportRow = row.PeopleImportRow
    return PeopleImportRowInfo(
        number=found.number,
        name=found.name,
        email=found.email,
        team=found.team,
        bracket=found.bracket,
        competition=found.competition,
        outcome=found.outcome,
        reason=found.reason,
        detail=found.detail,
        user_id=found.user_id or "",
        has_password=bool(row.has_password) or found.password is not None,
    )


async def apply(
    session: AsyncSession,
    registry: Registry,
    jobs: Jobs,
    settings: Settings,
    caller: Caller,
    import_id: str,
    body: ApplyPeopleImportRequest,
) -> AdminTaskInfo:
    """Have the accounts made, by a task.

    Raises `people_import_not_found`, `rows_refused` where all rows are wanted and some are refused,
    `import_running`, `mail_not_configured`.
    """
    if body.mail:
        mail.require_configured(settings)
    found = await session.get(PeopleImport, import_id, with_for_update=True)
    if found is None:
        raise not_found()
    if found.task_id and (await get_task(session, found.task_id)).status in OPEN:
        raise Conflict("import_running", "This import is being applied.", task_id=found.task_id)
    refused = (await get(session, import_id)).refused
    if body.rows == "all" and refused:
        raise Conflict(
            "rows_refused",
            f"{refused} rows are refused. Correct the file, or take the rows that are right.",
            refused=refused,
        )
    mailed = bool(settings.smtp_host) if body.mail is None else body.mail
    params = {"import_id": import_id, "rows": body.rows, "mail": mailed}
    task = await submit(session, registry, jobs, caller.user_id, "people_import", params)
    found.task_id = task.id
    return task


async def forget(session: AsyncSession, import_id: str) -> None:
    """Delete an import and its rows; the accounts stay. Raises `people_import_not_found`."""
    found = await session.get(PeopleImport, import_id)
    if found is None:
        raise not_found()
    await session.delete(found)
