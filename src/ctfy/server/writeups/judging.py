"""What who runs a competition does with its write-ups."""

from __future__ import annotations

import asyncio
import functools
import re
import tempfile
import zipfile
from typing import Any, BinaryIO

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import Conflict, Unavailable
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import audience_of, counting, takes_part
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.events.types import Audience
from ctfy.server.models.writeups import JudgedWriteup, MissingWriteup, WriteupJudgement
from ctfy.server.records.flows import begun
from ctfy.server.store import Store
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.submissions import ChallengeSolve
from ctfy.server.tables.teams import Team
from ctfy.server.tables.writeups import Writeup
from ctfy.server.writeups import service
from ctfy.server.writeups.events import WriteupJudged, WriteupPublished

_author, _judge = aliased(User), aliased(User)
_EVERY = (
    select(
        *service.COLUMNS,
        *(Writeup.notes, Writeup.mark, Writeup.judged_at),
        *(Writeup.submitted_by, Writeup.judged_by),
        Team.name.label("team_name"),
        _author.display_name.label("submitted_by_name"),
        _judge.display_name.label("judged_by_name"),
    )
    .join(Team, Team.id == Writeup.team_id)
    .outerjoin(_author, _author.id == Writeup.submitted_by)
    .outerjoin(_judge, _judge.id == Writeup.judged_by)
    .where(Writeup.competition_id == bindparam("competition_id"))
)
_FILTERS: dict[str, ColumnElement[bool]] = {
    "team_id": Writeup.team_id == bindparam("team_id"),
    "challenge_id": Writeup.challenge_id == bindparam("challenge_id"),
    "published": Writeup.published_at.is_not(None) == bindparam("published", type_=Boolean),
    "judged": Writeup.judged_at.is_not(None) == bindparam("judged", type_=Boolean),
}


@functools.cache
def of_competition(by: frozenset[str]) -> Listing:
    """The write-ups of a competition, the latest first; `by`: what they are filtered by."""
    query = _EVERY.where(*(_FILTERS[name] for name in sorted(by)))
    return Listing(query.order_by(Writeup.updated_at.desc(), Writeup.id))


_ONE = Statement(_EVERY.add_columns(Writeup.text).where(Writeup.id == bindparam("writeup_id")))


def judged(row: Any, catalogue: Catalogue, *, text: str = "") -> JudgedWriteup:
    """A row of `of_competition` on the wire."""
    return JudgedWriteup(
        **service.told(row, row.team_name, catalogue),
        text=text,
        submitted_by=row.submitted_by or "",
        submitted_by_name=row.submitted_by_name or "",
        notes=row.notes,
        mark=row.mark,
        judged_by=row.judged_by or "",
        judged_by_name=row.judged_by_name or "",
        judged_at=row.judged_at,
    )


async def get(
    session: AsyncSession, catalogue: Catalogue, competition_id: str, writeup_id: str
) -> JudgedWriteup:
    """One write-up of a competition. Raises `writeup_not_found`."""
    values = {"competition_id": competition_id, "writeup_id": writeup_id}
    row = (await session.execute(_ONE.clause, values)).one_or_none()
    if row is None:
        raise service.missing()
    return judged(row, catalogue, text=row.text)


@functools.cache
def lacking(by: frozenset[str]) -> Listing:
    """Who solved a challenge of a competition whole and handed in no write-up of it."""
    handed_in = and_(
        Writeup.team_id == ChallengeSolve.team_id,
        Writeup.challenge_id == ChallengeSolve.challenge_id,
    )
    filters = {
        "team_id": ChallengeSolve.team_id == bindparam("team_id"),
        "challenge_id": ChallengeSolve.challenge_id == bindparam("challenge_id"),
    }
    return Listing(
        select(
            ChallengeSolve.team_id,
            ChallengeSolve.challenge_id,
            ChallengeSolve.solved_at,
            Team.name.label("team_name"),
        )
        .join(Team, Team.id == ChallengeSolve.team_id)
        .join(Competition, Competition.id == ChallengeSolve.competition_id)
        .outerjoin(Writeup, handed_in)
        .where(
            ChallengeSolve.competition_id == bindparam("competition_id"),
            # What was solved for practice counts nowhere.
            counting(ChallengeSolve.solved_at),
            Writeup.id.is_(None),
            takes_part(ChallengeSolve.team_id),
            *(filters[name] for name in sorted(by)),
        )
        .order_by(Team.name, Team.id, ChallengeSolve.challenge_id)
    )


def lacks(row: Any, catalogue: Catalogue) -> MissingWriteup:
    """A row of `lacking` on the wire."""
    return MissingWriteup(
        team_id=row.team_id,
        team_name=row.team_name,
        challenge_id=row.challenge_id,
        challenge_name=service.challenge_name(catalogue, row.challenge_id),
        solved_at=row.solved_at,
    )


async def judge(
    session: AsyncSession,
    caller: Caller,
    competition_id: str,
    writeup_id: str,
    body: WriteupJudgement,
) -> None:
    """Write notes on a write-up, give it a mark, publish it.

    Raises `writeup_not_found`, and `writeup_replaced` where the team has handed in another one.
    """
    writeup = await session.get(Writeup, writeup_id, with_for_update=True)
    if writeup is None or writeup.competition_id != competition_id:
        raise service.missing()
    if body.of is not None and body.of != writeup.updated_at:
        raise Conflict("writeup_replaced", "The team has handed in another one: read that first.")
    team = await session.get_one(Team, writeup.team_id)
    about = {
        "team_id": team.id,
        "team_name": team.name,
        "challenge_id": writeup.challenge_id,
        "competition_id": competition_id,
        "writeup_id": writeup.id,
    }
    given = body.model_dump(exclude_unset=True, exclude={"of"})
    published = given.pop("published", None)
    if given:
        if given.get("notes", "") is None:
            given["notes"] = ""
        before = {name: getattr(writeup, name) for name in given}
        for name, value in given.items():
            setattr(writeup, name, value)
        writeup.judged_by, writeup.judged_at = caller.user_id, now()
        event = WriteupJudged(**about)
        emit(session, event, actor_id=caller.user_id, before=before, after=given)
    if published is not None and published != (writeup.published_at is not None):
        writeup.published_at = now() if published else None
        competition = await session.get_one(Competition, competition_id)
        shows = competition.phase_at(now()) == "past" and team.standing == "ranked"
        emit(
            session,
            WriteupPublished(**about, published=published),
            audience=audience_of(competition) if shows else Audience.OPERATORS,
            actor_id=caller.user_id,
        )
    await session.flush()


_NAMES = Statement(
    select(
        Writeup.id,
        Writeup.challenge_id,
        Writeup.file_id,
        Writeup.updated_at,
        Writeup.team_id,
        Team.name.label("team_name"),
    )
    .join(Team, Team.id == Writeup.team_id)
    .where(Writeup.competition_id == bindparam("competition_id"))
    .order_by(Writeup.challenge_id, Team.name, Writeup.id)
)
_TEXT = Statement(select(Writeup.text).where(Writeup.id == bindparam("writeup_id")))


async def bundle(database: Database, store: Store, competition_id: str) -> BinaryIO:
    """Every write-up as one zip, a temporary file that is the caller's to close.

    They are called `<challenge>/<team>-<its id's beginning>.md`, or `.pdf`. Where a PDF did not
    come along with an imported competition, a file says so. Raises `store_unavailable`.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - given on
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle_:
            for row in await database.read(_NAMES, competition_id=competition_id):
                await _add(bundle_, database, store, row)
    except OSError as error:
        file.close()
        raise Unavailable("store_unavailable", "A write-up cannot be read just now.") from error
    except BaseException:
        file.close()
        raise
    return file


async def _add(bundle_: zipfile.ZipFile, database: Database, store: Store, row: Any) -> None:
    team = re.sub(r"\W+", "-", row.team_name).strip("-")[:60] or "team"
    name = f"{row.challenge_id}/{team}-{row.team_id[:8]}"
    moment = row.updated_at.timetuple()[:6]
    if row.file_id is None:
        for found in await database.read(_TEXT, writeup_id=row.id):
            await asyncio.to_thread(
                bundle_.writestr, _info(f"{name}.md", moment), found.text.encode()
            )
        return
    try:
        parts = await begun(store.stream(service.file_of(row.file_id)))
    except FileNotFoundError:
        text = "This PDF did not come along with the competition, or was replaced just now.\n"
        bundle_.writestr(_info(f"{name}.missing.txt", moment), text)
        return
    with bundle_.open(_info(f"{name}.pdf", moment), "w") as entry:
        async for part in parts:
            await asyncio.to_thread(entry.write, part)


def _info(name: str, moment: tuple[int, ...]) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, moment)  # type: ignore[arg-type]
    if not name.endswith(".pdf"):  # what is in one is compressed already
        info.compress_type = zipfile.ZIP_DEFLATED
    return info
