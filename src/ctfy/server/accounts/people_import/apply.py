"""The task that makes the accounts of a file, with their teams."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Text, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access import secrets
from ctfy.server.access.lookalikes import NameKeys, keys
from ctfy.server.access.secrets import Seal, Secret
from ctfy.server.access.view import audience_of
from ctfy.server.accounts import mail
from ctfy.server.accounts.events import PeopleImported
from ctfy.server.accounts.people_import.passwords import seal_of
from ctfy.server.accounts.people_import.plan import same
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.domain import Params, Report
from ctfy.server.events.outbox import Emitted, emit, emit_all
from ctfy.server.jobs.queue import Jobs
from ctfy.server.settings import Settings
from ctfy.server.tables.access import User
from ctfy.server.tables.accounts import PeopleImport, PeopleImportRow
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.teams import Team, TeamMember
from ctfy.server.teams import names
from ctfy.server.teams.events import TeamMemberJoined, TeamRegistered

# Rows that become accounts in one transaction: while it is open, no later event of the platform is
# told to anybody, so it is to be short.
_BATCH = 100
_TRIES = 3  # of a batch, where somebody takes the same name at the same moment
_REPORTED_EVERY = 25  # passwords


class ImportParams(Params):
    """Which import, how much of it, and whether links are mailed."""

    import_id: str
    rows: Literal["all", "right"] = "all"
    mail: bool = False


async def make_accounts(
    database: Database,
    jobs: Jobs,
    settings: Settings,
    secret: Secret,
    report: Report,
    params: ImportParams,
) -> dict[str, Any]:
    """Make what the rows of an import say, batch by batch.

    What a worker before made stays made: only rows that wait for it are taken. Where all rows are
    wanted, nothing is made while one of them is refused. Raises `rows_refused`, which says which
    rows were made where something changed in the midst of it.
    """
    if params.mail:
        mail.require_configured(settings)
    waiting = await _waiting(database, params)
    sealed = seal_of(secret, params.import_id)
    if params.rows == "all":
        await _check_again(database, waiting)
    made = 0
    for start in range(0, len(waiting), _BATCH):
        batch = waiting[start : start + _BATCH]
        hashes = await _hashed(report, sealed, batch, start, len(waiting))
        numbers = [row.number for row in batch]
        try:
            made += await _retried(database, jobs, settings, params, numbers, hashes)
        except Conflict as stopped:
            before = f"The rows before row {numbers[0]} are made, no others."
            so_far = before if start else "No row was made."
            raise Conflict(stopped.code, f"{stopped} {so_far}") from stopped
        done = start + len(batch)
        await report.progress(done / len(waiting), f"{done} of {len(waiting)} rows")
    await report.log(f"{made} accounts made of {len(waiting)} rows")
    return {"created": made, "rows": len(waiting)}


async def _waiting(database: Database, params: ImportParams) -> list[PeopleImportRow]:
    """The rows that are to become accounts yet."""
    of_import = PeopleImportRow.import_id == params.import_id
    async with database.transaction() as session:
        if await session.get(PeopleImport, params.import_id) is None:
            raise NotFound("people_import_not_found", "There is no such import.")
        refused = await session.scalar(
            select(func.count()).where(of_import, PeopleImportRow.outcome == "refused")
        )
        if params.rows == "all" and refused:
            raise Conflict("rows_refused", f"{refused} rows are refused.", refused=refused)
        found = await session.scalars(
            select(PeopleImportRow)
            .where(of_import, PeopleImportRow.outcome == "create")
            .order_by(PeopleImportRow.number)
        )
        rows = list(found)
        session.expunge_all()
    return rows


async def _check_again(database: Database, waiting: list[PeopleImportRow]) -> None:
    """Raise `rows_refused` for the first row that is not taken any more; locks nothing."""
    places = Places()
    async with database.transaction() as session:
        for start in range(0, len(waiting), _BATCH):
            batch = waiting[start : start + _BATCH]
            await places.find(session, batch, lock=False)
            if refused := next((row for row in batch if not places.reserve(row)), None):
                raise _refused_by_now(refused, " No row was made.")


def _refused_by_now(row: PeopleImportRow, more: str = "") -> Conflict:
    return Conflict("rows_refused", f"Row {row.number} is refused by now: {row.reason}.{more}")


async def _hashed(
    report: Report, sealed: Seal, batch: list[PeopleImportRow], before: int, total: int
) -> dict[int, str]:
    """The hashes of the rows' passwords, by number; sign-ins have a processor meanwhile."""
    turns = asyncio.Semaphore(max(1, (os.cpu_count() or 1) - 1))
    hashes: dict[int, str] = {}

    async def one(row: PeopleImportRow) -> None:
        async with turns:
            assert row.password is not None  # noqa: S101 - those without are left out
            hashes[row.number] = await secrets.hash_password(sealed.open(row.password))
        if len(hashes) % _REPORTED_EVERY == 0:
            # Of a batch's share, which ends when it is written.
            share = len(batch) / total * len(hashes) / len(batch)
            await report.progress(before / total + share * 0.9, f"{len(hashes)} passwords hashed")

    async with asyncio.TaskGroup() as group:
        for row in batch:
            if row.password is not None:
                group.create_task(one(row))
    return hashes


async def _retried(
    database: Database,
    jobs: Jobs,
    settings: Settings,
    params: ImportParams,
    numbers: list[int],
    hashes: dict[int, str],
) -> int:
    """Write a batch. A name that was free and is not is looked at once more."""
    for tries_left in reversed(range(_TRIES)):
        try:
            async with database.transaction() as session:
                return await _write(session, jobs, settings, params, numbers, hashes)
        except Conflict as taken:
            if not tries_left or taken.code != "team_name_taken":
                raise
    raise AssertionError


async def _write(
    session: AsyncSession,
    jobs: Jobs,
    settings: Settings,
    params: ImportParams,
    numbers: list[int],
    hashes: dict[int, str],
) -> int:
    """Make the accounts of some rows; how many."""
    imported = await session.get(PeopleImport, params.import_id, with_for_update=True)
    if imported is None:
        raise NotFound("people_import_not_found", "There is no such import any more.")
    found = await session.scalars(
        select(PeopleImportRow)
        .where(
            PeopleImportRow.import_id == params.import_id,
            PeopleImportRow.outcome == "create",
            PeopleImportRow.number.between(min(numbers), max(numbers)),
        )
        .order_by(PeopleImportRow.number)
        .execution_options(populate_existing=True)
    )
    rows = list(found)
    places = Places()
    await places.find(session, rows, lock=True)
    taken = [row for row in rows if places.reserve(row)]
    if params.rows == "all" and len(taken) < len(rows):
        raise _refused_by_now(next(row for row in rows if row.outcome == "refused"))
    made = await _make_users(session, taken, hashes)
    for row in taken:
        if row.email in made:
            row.outcome, row.user_id, row.password = "created", made[row.email], None
    await _find_others(session, [row for row in taken if row.email not in made])
    actor = imported.created_by or ""
    await places.fill(session, [row for row in taken if row.outcome == "created"], actor)
    if params.mail:
        for row in taken:
            if row.outcome == "created" and row.number not in hashes:
                assert row.user_id is not None  # noqa: S101 - it was created
                await mail.invite(session, settings, jobs, row.user_id, row.email)
    if made:
        emit(session, PeopleImported(import_id=imported.id, created=len(made)), actor_id=actor)
    return len(made)


async def _make_users(
    session: AsyncSession, rows: list[PeopleImportRow], hashes: dict[int, str]
) -> dict[str, str]:
    """New accounts: their ids by address. Who got one meanwhile is not among them."""
    if not rows:
        return {}
    created = now()
    values = [
        {
            "id": new_id(),
            "email": row.email,
            "display_name": row.name,
            "password_hash": hashes.get(row.number),
            "password_given": row.number in hashes,
            "role": "user",
            "created_at": created,
        }
        for row in rows
    ]
    result = await session.execute(
        insert(User).values(values).on_conflict_do_nothing().returning(User.email, User.id)
    )
    return {row.email: row.id for row in result}


async def _find_others(session: AsyncSession, rows: list[PeopleImportRow]) -> None:
    """Say of the rest that they have an account."""
    emails = [row.email for row in rows]
    found = await session.execute(
        select(User.email, User.id).where(User.email == any_(literal(emails, ARRAY(Text))))
    )
    ids = {row.email: row.id for row in found}
    for row in rows:
        row.outcome, row.user_id, row.password = "exists", ids.get(row.email), None


@dataclass
class _Place:
    """A team of the file: there already, or made when its first member comes."""

    name: str
    bracket: str
    members: int = 0
    team: Team | None = None


@dataclass
class Places:
    """The teams that rows name, and who goes onto which."""

    competitions: dict[str, Competition] = field(default_factory=dict)
    by_form: dict[tuple[str, int, str], _Place] = field(default_factory=dict)
    of_row: dict[int, _Place] = field(default_factory=dict)

    async def find(
        self, session: AsyncSession, rows: Iterable[PeopleImportRow], *, lock: bool
    ) -> None:
        """Get to know those that there are of the teams that rows name, locked or not."""
        wanted = {row.competition_id for row in rows if row.competition_id}
        query = select(Competition).where(Competition.id.in_(wanted))
        found = await session.scalars(query.with_for_update(read=True) if lock else query)
        self.competitions.update({competition.id: competition for competition in found})
        forms: dict[str, list[NameKeys]] = {}
        for row in rows:
            if row.competition_id and row.team:
                forms.setdefault(row.competition_id, []).append(keys(row.team))
        for competition_id, named in forms.items():
            for team, members in await _teams(session, competition_id, named, lock=lock):
                place = _Place(team.name, team.bracket, members, team)
                for form in enumerate((team.name_folded or "", team.name_shape or "")):
                    # One that is known already has members of the rows before.
                    self.by_form.setdefault((competition_id, *form), place)

    def reserve(self, row: PeopleImportRow) -> bool:
        """Keep room for a row; else refuse it, since things changed after it was looked at."""
        if row.competition_id is None:
            return not row.team or _refuse(row, "competition_unknown")
        competition = self.competitions.get(row.competition_id)
        if competition is None:
            return _refuse(row, "competition_unknown")
        if competition.phase_at(now()) == "past":
            return _refuse(row, "competition_over")
        if row.bracket and row.bracket not in competition.brackets:
            return _refuse(row, "bracket_unknown")
        if not row.team:
            return True
        forms = [(competition.id, *form) for form in enumerate(keys(row.team))]
        place = next((self.by_form[form] for form in forms if form in self.by_form), None)
        if place is None:
            place = _Place(row.team, row.bracket)
            self.by_form.update(dict.fromkeys(forms, place))
        elif same(place.name) != same(row.team):
            return _refuse(row, "team_name_looks_like", place.name)
        most = competition.max_team_size
        if most is not None and place.members >= most:
            return _refuse(row, "team_full", str(most))
        place.members += 1
        self.of_row[row.number] = place
        return True

    async def fill(self, session: AsyncSession, rows: list[PeopleImportRow], actor: str) -> None:
        """Put the rows' people on their teams; who comes first to a new one leads it."""
        members: list[dict[str, Any]] = []
        events: list[Emitted] = []
        for row in rows:
            if row.competition_id is None:
                continue
            competition = self.competitions[row.competition_id]
            place = self.of_row.get(row.number) or _Place("", row.bracket)
            first = place.team is None
            if place.team is None:
                place.team = await _new_team(session, competition.id, place, row)
            team = place.team
            members.append(
                {
                    "user_id": row.user_id,
                    "competition_id": competition.id,
                    "team_id": team.id,
                    "joined_at": now(),
                }
            )
            kind = TeamRegistered if first else TeamMemberJoined
            event = kind(
                team_id=team.id,
                team_name=team.name,
                competition_id=competition.id,
                user_id=row.user_id,
            )
            audience = audience_of(competition) if first else None
            events.append(Emitted(event, now(), audience, actor))
        await session.flush()
        if members:
            await session.execute(insert(TeamMember).values(members))
        await emit_all(session, events)


async def _teams(
    session: AsyncSession, competition_id: str, named: list[NameKeys], *, lock: bool
) -> list[tuple[Team, int]]:
    """The teams of these names, or of any that look like them, with how many are on each."""
    folded, shapes = (list(part) for part in zip(*named, strict=True))
    query = (
        select(Team)
        .where(
            Team.competition_id == competition_id,
            or_(
                Team.name_folded == any_(literal(folded, ARRAY(Text))),
                Team.name_shape == any_(literal(shapes, ARRAY(Text))),
            ),
        )
        .order_by(Team.id)
    )
    teams = (await session.scalars(query.with_for_update() if lock else query)).all()
    # Counted once the teams are locked, when nobody comes onto one any more.
    members = await session.execute(
        select(TeamMember.team_id, func.count().label("number"))
        .where(TeamMember.team_id.in_([team.id for team in teams]))
        .group_by(TeamMember.team_id)
    )
    counts = {row.team_id: row.number for row in members}
    return [(team, counts.get(team.id, 0)) for team in teams]


async def _new_team(
    session: AsyncSession, competition_id: str, place: _Place, row: PeopleImportRow
) -> Team:
    team = Team(
        id=new_id(),
        competition_id=competition_id,
        bracket=place.bracket,
        captain_user_id=row.user_id,
    )
    if place.name:
        await names.give(session, team, place.name)
    else:
        await names.give_free(session, team, row.name)
    return team


def _refuse(row: PeopleImportRow, reason: str, detail: str = "") -> bool:
    row.outcome, row.reason, row.detail, row.password = "refused", reason, detail, None
    return False
