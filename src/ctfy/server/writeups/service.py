"""Handing write-ups in, and who reads them."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import Conflict, Invalid, NotFound, Unavailable
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import ME, MOMENT, Sight, View
from ctfy.server.challenges.visibility import VisibleChallenges
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models import writeups as models
from ctfy.server.store import Store
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.submissions import ChallengeSolve, Submission
from ctfy.server.tables.teams import Team, TeamMember
from ctfy.server.tables.writeups import Writeup, folder_of_writeup
from ctfy.server.teams.service import require_team
from ctfy.server.writeups.events import WriteupHandedIn

_TAIL = 1024  # a reader looks for the end of a PDF that far from the file's


@dataclass(frozen=True, slots=True)
class Author:
    """The team that hands in, and of which challenge."""

    competition_id: str
    team_id: str
    team_name: str
    challenge_id: str


_TRIED = Statement(
    select(Submission.id)
    .where(
        Submission.team_id == bindparam("team_id"),
        Submission.challenge_id == bindparam("challenge_id"),
    )
    .limit(1)
)


def is_open(competition: Competition) -> bool:
    """Whether teams hand in write-ups now."""
    until = competition.writeups_until
    return until is not None and competition.time_at(now()) < until


async def author(
    database: Database,
    challenges: VisibleChallenges,
    caller: Caller,
    competition_id: str,
    challenge_id: str,
) -> Author:
    """Whose write-up the caller hands in.

    Raises `not_registered`, `writeups_not_taken`, `writeups_closed`, `challenge_not_tried`, and
    what `VisibleChallenges.get` does.
    """
    await challenges.get(View(caller), challenge_id, competition_id)
    row = await require_team(database, caller, competition_id)
    competition = Competition.of(row)
    if competition.writeups_until is None:
        raise Conflict("writeups_not_taken", "This competition takes no write-ups.")
    if not is_open(competition):
        until = competition.writeups_until.isoformat()
        raise Conflict(
            "writeups_closed", f"Write-ups were taken until {until}.", writeups_until=until
        )
    if not await database.read(_TRIED, team_id=row.team_id, challenge_id=challenge_id):
        raise Conflict(
            "challenge_not_tried", "Your team has not answered a question of this challenge yet."
        )
    return Author(competition_id, row.team_id, row.team_name, challenge_id)


async def keep(store: Store, file: BinaryIO) -> str:
    """Put a PDF into the store; the id of its file. Raises `writeup_not_pdf`."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    file.seek(0)
    if file.read(5) != b"%PDF-" or b"%%EOF" not in tail:
        raise Invalid("writeup_not_pdf", "This is no PDF, or it is cut short.")
    file.seek(0)
    file_id = new_id()
    try:
        await store.put(_file(file_id), file)
    except OSError as error:
        raise Unavailable("store_unavailable", "The write-up could not be stored.") from error
    return file_id


def _file(file_id: str) -> str:
    return f"{folder_of_writeup(file_id)}/writeup.pdf"


async def hand_in(
    session: AsyncSession,
    jobs: Jobs,
    caller: Caller,
    by: Author,
    *,
    text: str = "",
    file_id: str | None = None,
    size_bytes: int,
) -> Writeup:
    """Take a team's write-up, in place of the one before.

    One that was published is so no longer: nobody has looked at what takes its place.
    """
    # Two of a team may hand in at once: one after the other.
    await session.get(Team, by.team_id, with_for_update={"key_share": True})
    writeup = await session.scalar(
        select(Writeup)
        .where(Writeup.team_id == by.team_id, Writeup.challenge_id == by.challenge_id)
        .with_for_update()  # a judge may publish what is there, and not what takes its place
    )
    if writeup is None:
        writeup = Writeup(
            id=new_id(),
            competition_id=by.competition_id,
            team_id=by.team_id,
            challenge_id=by.challenge_id,
            submitted_at=now(),
        )
        session.add(writeup)
    elif writeup.file_id is not None:
        folders = [folder_of_writeup(writeup.file_id)]
        await jobs.defer(session, "clear_away", folders=folders, instances=[])
    writeup.text, writeup.file_id, writeup.size_bytes = text, file_id, size_bytes
    writeup.submitted_by, writeup.updated_at = caller.user_id, now()
    writeup.published_at = None
    event = WriteupHandedIn(
        team_id=by.team_id,
        team_name=by.team_name,
        challenge_id=by.challenge_id,
        competition_id=by.competition_id,
        writeup_id=writeup.id,
        format="pdf" if file_id else "markdown",
    )
    emit(session, event, actor_id=caller.user_id)
    await session.flush()
    return writeup


def told(row: Any, team_name: str, catalogue: Catalogue) -> dict[str, Any]:
    """The wire fields of a write-up, but for its text."""
    return {
        "id": row.id,
        "competition_id": row.competition_id,
        "team_id": row.team_id,
        "team_name": team_name,
        "challenge_id": row.challenge_id,
        "challenge_name": challenge_name(catalogue, row.challenge_id),
        "format": "pdf" if row.file_id else "markdown",
        "size_bytes": row.size_bytes,
        "submitted_at": row.submitted_at,
        "updated_at": row.updated_at,
        "published_at": row.published_at,
    }


def challenge_name(catalogue: Catalogue, challenge_id: str) -> str:
    """What a challenge is called; its id, where it is gone."""
    challenge = catalogue.get(challenge_id)
    return challenge.metadata.name if challenge else challenge_id


# What lists have of a write-up.
COLUMNS = (
    *(Writeup.id, Writeup.competition_id, Writeup.team_id, Writeup.challenge_id),
    *(Writeup.file_id, Writeup.size_bytes),
    *(Writeup.submitted_at, Writeup.updated_at, Writeup.published_at),
)

_tried = (
    select(Submission.challenge_id)
    .where(Submission.team_id == bindparam("team_id"))
    .distinct()
    .subquery()
)
_OF_TEAM = Statement(
    select(
        _tried.c.challenge_id.label("tried_id"),
        ChallengeSolve.solved_at,
        *COLUMNS,
    )
    .outerjoin(
        ChallengeSolve,
        and_(
            ChallengeSolve.team_id == bindparam("team_id"),
            ChallengeSolve.challenge_id == _tried.c.challenge_id,
        ),
    )
    .outerjoin(
        Writeup,
        and_(
            Writeup.team_id == bindparam("team_id"), Writeup.challenge_id == _tried.c.challenge_id
        ),
    )
)


async def of_own_team(
    database: Database, catalogue: Catalogue, caller: Caller, competition_id: str
) -> models.TeamWriteups:
    """What the caller's team handed in of what it tried. Raises `not_registered`."""
    row = await require_team(database, caller, competition_id)
    competition = Competition.of(row)
    rows = await database.read(_OF_TEAM, team_id=row.team_id)
    items = [
        models.TeamWriteup(
            challenge_id=found.tried_id,
            challenge_name=challenge_name(catalogue, found.tried_id),
            solved=found.solved_at is not None,
            writeup=models.Writeup(**told(found, row.team_name, catalogue)) if found.id else None,
        )
        for found in rows
    ]
    items.sort(key=lambda item: (item.challenge_name.casefold(), item.challenge_id))
    return models.TeamWriteups(
        writeups_until=competition.writeups_until, is_open=is_open(competition), items=items
    )


def _everybodys(sight: Sight) -> ColumnElement[bool]:
    """The condition on write-ups, joined to competition and team, that were published to them."""
    return and_(
        Writeup.published_at.is_not(None),
        Competition.ends_at <= func.coalesce(Competition.paused_at, MOMENT),
        sight.competitions(),
        sight.ranked(),
    )


def _readable(sight: Sight) -> ColumnElement[bool]:
    """The condition on write-ups that they may read: theirs, where they judge, published ones."""
    own = select(TeamMember.team_id).where(
        TeamMember.user_id == ME, sight.reaches(TeamMember.competition_id)
    )
    if sight.is_admin:
        return true()
    judged = sight.runs(Writeup.competition_id)
    return or_(Writeup.team_id.in_(own), judged, _everybodys(sight))


_JOINED = (
    select(*COLUMNS, Team.name.label("team_name"))
    .join(Team, Team.id == Writeup.team_id)
    .join(Competition, Competition.id == Writeup.competition_id)
)


@functools.cache
def published(sight: Sight) -> Listing:
    """The published write-ups of a challenge of a competition, in the order they came in."""
    query = _JOINED.where(
        Writeup.competition_id == bindparam("competition_id"),
        Writeup.challenge_id == bindparam("challenge_id"),
        _everybodys(sight),
    )
    return Listing(query.order_by(Writeup.submitted_at, Writeup.id))


@functools.cache
def _one(sight: Sight) -> Statement:
    return Statement(
        _JOINED.add_columns(Writeup.text).where(
            Writeup.id == bindparam("writeup_id"), _readable(sight)
        )
    )


async def readable(database: Database, view: View, writeup_id: str) -> Any:
    """The row of a write-up that they may read, with its text. Raises `writeup_not_found`."""
    rows = await database.read(_one(view.sight), writeup_id=writeup_id, **view.values)
    if not rows:
        raise missing()
    return rows[0]


def missing() -> NotFound:
    """There is no such write-up, or none that the caller may read."""
    return NotFound("writeup_not_found", "There is no such write-up.")


def file_of(file_id: str | None) -> str:
    """Where in the store a write-up lies that is a PDF. Raises `writeup_file_not_found`."""
    if file_id is None:
        raise file_missing()
    return _file(file_id)


def file_missing() -> NotFound:
    """There is no file: it is Markdown, or came in a competition's file, which holds no PDFs."""
    return NotFound("writeup_file_not_found", "There is no PDF of this write-up here.")
