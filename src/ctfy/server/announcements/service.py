"""Announcements: written by operators, read by everybody, or by those whom they are for."""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.core.errors import NotFound, field_error
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import ME, Sight, View
from ctfy.server.announcements.events import (
    AnnouncementCreated,
    AnnouncementDeleted,
    AnnouncementEvent,
    AnnouncementUpdated,
)
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.events.types import Audience
from ctfy.server.models.inbox import (
    AnnouncementCreate,
    AnnouncementInfo,
    AnnouncementUpdate,
    InboxAnnouncement,
)
from ctfy.server.tables.access import User
from ctfy.server.tables.announcements import Announcement, AnnouncementRead
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.teams import Team, TeamMember

_MOST_SHOWN = 100
_AUDIENCE = ("competition_id", "bracket", "team_id")
_OWN = (
    AnnouncementInfo.model_fields.keys()
    - {"created_by_name", "competition_title", "team_name"}
    - set(_AUDIENCE)
)


def every() -> Select[Announcement, str, str, str]:
    """Every announcement, newest first."""
    return (
        select(
            Announcement,
            User.display_name.label("author"),
            Competition.title.label("competition_title"),
            Team.name.label("team_name"),
        )
        .join(User, User.id == Announcement.created_by)
        .outerjoin(Competition, Competition.id == Announcement.competition_id)
        .outerjoin(Team, Team.id == Announcement.team_id)
        .order_by(Announcement.created_at.desc(), Announcement.id)
    )


def info_fields(announcement: Any, row: Any) -> dict[str, Any]:
    """The wire fields of an announcement and its row of `every`."""
    fields = {name: getattr(announcement, name) for name in _OWN}
    return {
        **fields,
        **{name: getattr(announcement, name) or "" for name in _AUDIENCE},
        "created_by_name": row.author,
        "competition_title": row.competition_title or "",
        "team_name": row.team_name or "",
    }


async def get(session: AsyncSession, announcement_id: str) -> AnnouncementInfo:
    """One announcement. Raises `announcement_not_found`."""
    row = (await session.execute(every().where(Announcement.id == announcement_id))).one_or_none()
    if row is None:
        raise _missing()
    return AnnouncementInfo(**info_fields(row.Announcement, row))


def _missing() -> NotFound:
    return NotFound("announcement_not_found", "There is no such announcement.")


_team = aliased(Team)  # beside the one that an announcement names


def _is_for_me(sight: Sight) -> ColumnElement[bool]:
    """The condition that an announcement is for everybody, or for a team that somebody is on."""
    mine = exists().where(
        TeamMember.user_id == ME,
        TeamMember.competition_id == Announcement.competition_id,
        _team.id == TeamMember.team_id,
        or_(Announcement.bracket.is_(None), Announcement.bracket == _team.bracket),
        or_(Announcement.team_id.is_(None), Announcement.team_id == _team.id),
    )
    return or_(
        Announcement.competition_id.is_(None), mine & sight.reaches(Announcement.competition_id)
    )


_NOW_SHOWN = and_(
    or_(Announcement.starts_at.is_(None), Announcement.starts_at <= func.now()),
    or_(Announcement.ends_at.is_(None), Announcement.ends_at > func.now()),
)


async def create(session: AsyncSession, caller: Caller, body: AnnouncementCreate) -> str:
    """A new announcement; its id. Raises 422 on an end before the start, and on an audience that
    there is not."""
    fields = body.model_dump()
    _check(fields)
    fields |= await _audience(session, body)
    announcement = Announcement(id=new_id(), created_by=caller.user_id, **fields)
    announcement.shown_at = None if _is_later(announcement) else now()
    session.add(announcement)
    await session.flush()
    _emit_changed(session, AnnouncementCreated, announcement, caller.user_id)
    return announcement.id


async def _audience(session: AsyncSession, body: AnnouncementCreate) -> dict[str, str | None]:
    """Whom it is for, as the table has it. Raises 422 on whom there is not."""
    competition_id = body.competition_id
    if body.team_id:
        team = await session.get(Team, body.team_id)
        if team is None or competition_id not in ("", team.competition_id):
            raise field_error(["body", "team_id"], "there is no such team")
        if body.bracket:
            raise field_error(["body", "bracket"], "name a bracket or a team, not both")
        competition_id = team.competition_id
    if competition_id or body.bracket:
        competition = await session.get(Competition, competition_id)
        if competition is None:
            raise field_error(["body", "competition_id"], "there is no such competition")
        if body.bracket and body.bracket not in competition.brackets:
            known = ", ".join(competition.brackets) or "none"
            raise field_error(["body", "bracket"], f"this competition's brackets are: {known}")
    return {
        "competition_id": competition_id or None,
        "bracket": body.bracket or None,
        "team_id": body.team_id or None,
    }


def _is_later(announcement: Announcement) -> bool:
    return announcement.starts_at is not None and announcement.starts_at > now()


async def show_due(database: Database) -> str:
    """Tell those whom they are for of announcements whose time has come; of how many."""
    due = (
        update(Announcement)
        .where(Announcement.shown_at.is_(None), Announcement.starts_at <= func.now())
        .values(shown_at=func.now())
        .returning(Announcement)
    )
    async with database.transaction() as session:
        shown = list(await session.scalars(due))
        for announcement in shown:
            if announcement.ends_at is None or announcement.ends_at > now():
                _emit_changed(session, AnnouncementCreated, announcement, announcement.created_by)
    return f"{len(shown)} shown"


async def change(
    session: AsyncSession, caller: Caller, announcement_id: str, body: AnnouncementUpdate
) -> None:
    """Change an announcement; who has read it need not read it again."""
    announcement = await session.get(
        Announcement, announcement_id, with_for_update={"key_share": True}
    )
    if announcement is None:
        raise _missing()
    fields = body.model_dump(exclude_unset=True)
    for name in ("title", "body", "severity"):
        if name in fields and fields[name] is None:
            raise field_error(["body", name], "cannot be null; leave it out to keep it")
    window = {name: getattr(announcement, name) for name in ("starts_at", "ends_at")}
    _check({**window, **fields})
    before = {name: getattr(announcement, name) for name in fields}
    for name, value in fields.items():
        setattr(announcement, name, value)
    announcement.updated_at = now()
    kind: type[AnnouncementEvent] = AnnouncementUpdated
    if announcement.shown_at is None and not _is_later(announcement):  # to its readers it is new
        kind, announcement.shown_at = AnnouncementCreated, now()
    await session.flush()
    _emit_changed(session, kind, announcement, caller.user_id, before=before, after=fields)


def _check(fields: dict[str, Any]) -> None:
    for name in ("starts_at", "ends_at"):
        if fields.get(name) is not None and fields[name].tzinfo is None:
            raise field_error(["body", name], "needs a time zone, as in 2026-01-31T12:00:00Z")
    starts, ends = fields.get("starts_at"), fields.get("ends_at")
    if starts and ends and ends <= starts:
        raise field_error(["body", "ends_at"], "must be later than `starts_at`")


async def remove(session: AsyncSession, caller: Caller, announcement_id: str) -> None:
    """Take an announcement away. Raises `announcement_not_found`."""
    gone = await session.scalar(
        delete(Announcement).where(Announcement.id == announcement_id).returning(Announcement)
    )
    if gone is None:
        raise _missing()
    _emit_changed(session, AnnouncementDeleted, gone, caller.user_id)


def _emit_changed(
    session: AsyncSession,
    kind: type[AnnouncementEvent],
    announcement: Announcement,
    actor_id: str,
    **audit: dict[str, Any],
) -> None:
    emit(
        session,
        kind(
            announcement_id=announcement.id,
            title=announcement.title,
            severity=announcement.severity,
            competition_id=announcement.competition_id or "",
            bracket=announcement.bracket,
            team_id=announcement.team_id or "",
        ),
        audience=Audience.ADMINS if _is_later(announcement) else _heard_by(announcement),
        actor_id=actor_id,
        **audit,
    )


def _heard_by(announcement: Announcement) -> Audience:
    if announcement.team_id:
        return Audience.TEAM
    if announcement.bracket:
        return Audience.BRACKET
    return Audience.COMPETITION if announcement.competition_id else Audience.EVERYBODY


@functools.cache
def _shown(sight: Sight) -> Statement:
    return Statement(
        every()
        .add_columns(AnnouncementRead.read_at)
        .outerjoin(
            AnnouncementRead,
            and_(
                AnnouncementRead.announcement_id == Announcement.id,
                AnnouncementRead.user_id == ME,
            ),
        )
        .where(_NOW_SHOWN, _is_for_me(sight))
        .limit(_MOST_SHOWN)
    )


async def inbox(
    database: Database, view: View, competition_id: str = ""
) -> list[InboxAnnouncement]:
    """What is shown to somebody now, newest first, and whether they have read it.

    With a competition, what is for everybody and for those of that one.
    """
    rows = await database.read(_shown(view.sight), **view.values)
    return [
        InboxAnnouncement(**info_fields(r, r), is_read=r.read_at is not None)
        for r in rows
        if not competition_id or r.competition_id in (None, competition_id)
    ]


async def read(
    session: AsyncSession, caller: Caller, announcement_id: str = "", competition_id: str = ""
) -> None:
    """Note that the caller has read one announcement, or all that `inbox` shows them.

    Raises `announcement_not_found`.
    """
    view = View(caller)
    shown = select(Announcement.id).where(_NOW_SHOWN, view.bind(_is_for_me(view.sight)))
    if competition_id:
        its = (Announcement.competition_id.is_(None), Announcement.competition_id == competition_id)
        shown = shown.where(or_(*its))
    if announcement_id:
        shown = shown.where(Announcement.id == announcement_id)
        if await session.scalar(shown) is None:
            raise _missing()
    source = shown.add_columns(literal(caller.user_id), func.now())
    await session.execute(
        insert(AnnouncementRead)
        .from_select(["announcement_id", "user_id", "read_at"], source)
        .on_conflict_do_nothing()
    )
