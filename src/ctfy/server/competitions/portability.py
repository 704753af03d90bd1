"""A whole competition as one file, and back."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import Column, Table, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy import __version__
from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import Conflict, Invalid, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.access.lookalikes import keys
from ctfy.server.competitions.editing import emit_for_competition
from ctfy.server.competitions.events import CompetitionCreated, CompetitionExported
from ctfy.server.database.base import Base, new_id, now
from ctfy.server.events.outbox import emit
from ctfy.server.models.competitions import CompetitionImportResult
from ctfy.server.tables.access import CompetitionAdmin, User
from ctfy.server.tables.achievements import Unlock
from ctfy.server.tables.challenges import HintUnlock, Reaction
from ctfy.server.tables.competitions import (
    Competition,
    CompetitionChallenge,
    CompetitionInvite,
)
from ctfy.server.tables.fields import CustomField, FieldAnswer
from ctfy.server.tables.incidents import Incident
from ctfy.server.tables.instances import ALIVE, Instance, State
from ctfy.server.tables.standings import Award, StandingSnapshot
from ctfy.server.tables.submissions import (
    AnswerDigest,
    AttemptReset,
    ChallengeReset,
    ChallengeSolve,
    QuestionAttempts,
    Solve,
    Submission,
)
from ctfy.server.tables.teams import Team, TeamInvite, TeamMember
from ctfy.server.tables.writeups import Writeup

FORMAT, VERSION = "ctfy-competition", 5

# Every table that belongs to a competition, owners before what they own. A test compares the list
# with the schema, so that a new table cannot be forgotten.
PARTS: tuple[type[Base], ...] = (
    CompetitionChallenge,
    CustomField,
    FieldAnswer,
    CompetitionAdmin,
    CompetitionInvite,
    Team,
    TeamMember,
    TeamInvite,
    Instance,
    AnswerDigest,
    Submission,
    Solve,
    ChallengeSolve,
    QuestionAttempts,
    AttemptReset,
    ChallengeReset,
    HintUnlock,
    Unlock,
    Reaction,
    Incident,
    StandingSnapshot,
    Award,
    Writeup,
)


def _table(part: type[Base]) -> Table:
    table = part.__table__
    assert isinstance(table, Table)  # noqa: S101 - narrows the type
    return table


def _columns(table: Table) -> list[Column[Any]]:
    """The columns that are carried over: an identity is given anew."""
    return [column for column in table.c if column.identity is None]


def _refers(column: Column[Any]) -> str:
    """The table that a column's foreign key names; empty without one."""
    return next((key.column.table.name for key in column.foreign_keys), "")


async def export(session: AsyncSession, caller: Caller, competition_id: str) -> bytes:
    """The file of a competition: settings, challenges, teams, people, all that they did.

    Of what lies in the store, records and write-ups that are PDFs, the rows alone; no logos.

    Dynamic answers follow from the instances' ids and the platform's secret, which is not in it.
    Raises `competition_not_found`. The session must read one consistent state.
    """
    competition = await session.get(Competition, competition_id)
    if competition is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    content: dict[str, Any] = {
        "competition": [
            {c.name: getattr(competition, c.name) for c in _columns(_table(Competition))}
        ]
    }
    teams = select(Team.id).where(Team.competition_id == competition_id)
    for part in PARTS:
        table = _table(part)
        own = (
            table.c.competition_id == competition_id
            if "competition_id" in table.c
            else table.c.team_id.in_(teams)
        )
        rows = await session.execute(
            select(*_columns(table)).where(own).order_by(*table.primary_key.columns)
        )
        content[table.name] = [dict(row._mapping) for row in rows]
    people = sorted({id_ for id_ in _people_in(content) if id_})
    users = await session.execute(
        select(User.id, User.email, User.display_name, User.created_at)
        .where(User.id.in_(people))
        .order_by(User.id)
    )
    content["users"] = [dict(row._mapping) for row in users]
    exported = CompetitionExported(
        competition_id=competition_id, competition_title=competition.title
    )
    emit(session, exported, actor_id=caller.user_id)
    return await asyncio.to_thread(_written, content)


def _people_in(content: dict[str, Any]) -> Iterable[str]:
    for table in [_table(Competition), *map(_table, PARTS)]:
        key = "competition" if table.name == "competitions" else table.name
        for column in _columns(table):
            if _refers(column) == "users":
                for row in content[key]:
                    yield row[column.name]


def _written(content: dict[str, Any]) -> bytes:
    plain = to_jsonable_python(content)
    return json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "ctfy": __version__,
            "exported_at": now().isoformat(),
            "sha256": _digest(plain),
            "content": plain,
        },
        ensure_ascii=False,
    ).encode()


def _digest(content: Any) -> str:
    ordered = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(ordered.encode()).hexdigest()


def read(file: bytes) -> dict[str, Any]:
    """The content of a file. Raises `import_invalid`, `import_version_unsupported`."""
    try:
        document = json.loads(file)
    except ValueError as error:
        raise _invalid(f"this is no JSON, or it is cut short: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _invalid("this is no exported competition")
    if document.get("version") not in range(1, VERSION + 1):
        raise Invalid(
            "import_version_unsupported",
            f"The file has version {document.get('version')}; this server reads 1 to {VERSION}. "
            "Import it with the ctfy that wrote it, or a newer one.",
            written_by=document.get("ctfy"),
        )
    content = document.get("content")
    if not isinstance(content, dict) or document.get("sha256") != _digest(content):
        raise _invalid("the content does not fit its checksum: the file was changed or damaged")
    if document["version"] == 1:
        try:
            _complete(content)
        except (KeyError, TypeError) as error:
            raise _invalid(f"{type(error).__name__}: {error}") from None
    if document["version"] < 3:
        content.setdefault("awards", [])
    if document["version"] < 4:
        content.setdefault("writeups", [])
    if document["version"] < 5:
        content.setdefault("custom_fields", [])
        content.setdefault("field_answers", [])
        content.setdefault("challenge_resets", [])
    return content


def _complete(content: dict[str, Any]) -> None:
    """Give a file of version 1 what it lacks.

    Wrong answers did not say whose they are; the captain stands for the team. Names had no keys;
    of teams of one name the oldest has them.
    """
    teams = {team["id"]: team for team in content["teams"]}
    for row in content["question_attempts"]:
        team = teams[row["team_id"]]
        row |= {"user_id": team["captain_user_id"], "competition_id": team["competition_id"]}
    playing = {member["team_id"] for member in content["team_members"]}
    taken: set[tuple[int, str]] = set()
    for team in sorted(teams.values(), key=lambda team: (team["created_at"], team["id"])):
        forms = set(enumerate(keys(team["name"])))
        has = team["id"] in playing and taken.isdisjoint(forms)
        taken |= forms if has else set()
        folded, shape = keys(team["name"]) if has else (None, None)
        team |= {"name_folded": folded, "name_shape": shape}


def _invalid(message: str) -> Invalid:
    return Invalid("import_invalid", f"The file cannot be imported: {message}.")


async def import_(
    session: AsyncSession, catalogue: Catalogue, caller: Caller, file: bytes
) -> CompetitionImportResult:
    """Bring an exported competition back, with the same ids, whole or not at all.

    People are found by id, then by address; others get an account without a password. Instances
    that ran come back as stopped. Raises `import_invalid`, `import_version_unsupported`,
    `competition_exists`.
    """
    content = await asyncio.to_thread(read, file)
    try:
        competition = _row(_table(Competition), content["competition"][0])
        rows = {
            part: [_row(_table(part), row) for row in content[_table(part).name]] for part in PARTS
        }
        users = [
            {"id": str(u["id"]), "email": u["email"], "display_name": str(u["display_name"])}
            for u in content["users"]
        ]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise _invalid(f"{type(error).__name__}: {error}") from None
    if await session.get(Competition, competition["id"]) is not None:
        raise Conflict(
            "competition_exists",
            "This competition is here already. Delete it first, or clone it.",
            competition_id=competition["id"],
        )
    ids = [row["challenge_id"] for row in rows[CompetitionChallenge]]
    if missing := catalogue.unknown(ids):
        raise _invalid(f"these challenges are not on this server: {', '.join(missing)}")
    people, created = await _match(session, users)
    _settle(competition, _table(Competition), people, caller)
    for part, found in rows.items():
        for row in found:
            _settle(row, _table(part), people, caller)
    for reset in rows[ChallengeReset]:
        for taken in (*reset["taken"]["hints"], *reset["taken"]["attempts"]):
            taken["user_id"] = people.get(taken["user_id"], caller.user_id)
    for row in rows[Instance]:
        if row["state"] in (*ALIVE, State.STOPPING):
            row.update(state=State.STOPPED, stop_reason="admin_stop_all", stopped_at=now())
        row["surface"] = None
    for row in rows[Team]:
        row["logo_url"] = ""
    try:
        await session.execute(insert(Competition).values(competition))
        for part, found in rows.items():
            if found:
                await session.execute(insert(_table(part)), found)
        await session.flush()
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0] if error.orig else "inconsistent"
        raise _invalid(f"its parts do not fit together, or are here already ({reason})") from None
    restored = await session.get_one(Competition, competition["id"])
    emit_for_competition(session, CompetitionCreated, restored, caller.user_id, action="import")
    return CompetitionImportResult(
        competition_id=restored.id,
        title=restored.title,
        counts={_table(part).name: len(found) for part, found in rows.items()},
        users_matched=len(users) - len(created),
        users_created=created,
    )


def _row(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """A row as the table has it. Raises ValueError on columns that it does not have."""
    columns = {column.name: column for column in _columns(table)}
    if unknown := values.keys() - columns.keys():
        raise ValueError(f"{table.name} has no {', '.join(sorted(unknown))}")
    return {name: _value(columns[name], value) for name, value in values.items()}


def _value(column: Column[Any], value: Any) -> Any:
    if value is not None and column.type.python_type is datetime:
        return datetime.fromisoformat(value)
    return value


def _settle(row: dict[str, Any], table: Table, people: dict[str, str], caller: Caller) -> None:
    """Point a row to the people and things that are here."""
    for column in _columns(table):
        refers = _refers(column)
        if refers == "nodes":
            row[column.name] = None
        elif refers == "users" and row.get(column.name) is not None:
            row[column.name] = people.get(row[column.name], caller.user_id)


async def _match(
    session: AsyncSession, users: list[dict[str, Any]]
) -> tuple[dict[str, str], list[str]]:
    """Which account each person of the file is here, and the addresses that got a new one."""
    addresses = [u["email"] for u in users if u["email"]]
    found = await session.execute(
        select(User.id, User.email).where(
            User.id.in_([u["id"] for u in users]) | User.email.in_(addresses)
        )
    )
    rows = found.all()
    known = {row.id for row in rows}
    by_email = {row.email: row.id for row in rows if row.email}
    people: dict[str, str] = {}
    created: list[str] = []
    for user in users:
        # By address first: an id that has come to stand for somebody else gives nothing away.
        here = by_email.get(user["email"]) or (user["id"] if user["id"] in known else None)
        if here is None:
            here = user["id"] or new_id()
            session.add(User(id=here, email=user["email"], display_name=user["display_name"][:120]))
            created.append(user["email"] or user["display_name"])
        people[user["id"]] = here
    await session.flush()
    return people, created
