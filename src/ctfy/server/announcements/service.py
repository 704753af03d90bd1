"""Announcements: written by operators, read by everybody."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import NotFound, field_error
from ctfy.server.access.caller import Caller
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

_MOST_SHOWN = 100


def every() -> Select[Announcement, str]:
    """Every announcement, newest first."""
    return (
        select(Announcement, User.display_name.label("author"))
        .join(User, User.id == Announcement.created_by)
        .order_by(Announcement.created_at.desc(), Announcement.id)
    )


def info_fields(announcement: Any, row: Any) -> dict[str, Any]:
    """The wire fields of an announcement and its row of `every`."""
    names = AnnouncementInfo.model_fields.keys() - {"created_by_name"}
    fields = {name: getattr(announcement, name) for name in names}
    return {**fields, "created_by_name": row.author}


async def get(session: AsyncSession, announcement_id: str) -> AnnouncementInfo:
    """One announcement. Raises `announcement_not_found`."""
    row = (await session.execute(every().where(Announcement.id == announcement_id))).one_or_none()
    if row is None:
        raise _missing()
    return AnnouncementInfo(**info_fields(row.Announcement, row))


def _missing() -> NotFound:
    return NotFound("announcement_not_found", "There is no such announcement.")


_NOW_SHOWN = and_(
    or_(Announcement.starts_at.is_(None), Announcement.starts_at <= func.now()),
    or_(Announcement.ends_at.is_(None), Announcement.ends_at > func.now()),
)


async def create(session: AsyncSession, caller: Caller, body: AnnouncementCreate) -> str:
    """A new announcement; its id. Raises 422 on an end before the start."""
    fields = body.model_dump()
    _check(fields)
    announcement = Announcement(id=new_id(), created_by=caller.user_id, **fields)
    session.add(announcement)
    await session.flush()
    _emit_changed(session, AnnouncementCreated, announcement, caller)
    return announcement.id


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
    await session.flush()
    _emit_changed(session, AnnouncementUpdated, announcement, caller, before=before, after=fields)


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
    _emit_changed(session, AnnouncementDeleted, gone, caller)


def _emit_changed(
    session: AsyncSession,
    kind: type[AnnouncementEvent],
    announcement: Announcement,
    caller: Caller,
    **audit: dict[str, Any],
) -> None:
    later = announcement.starts_at is not None and announcement.starts_at > now()
    emit(
        session,
        kind(
            announcement_id=announcement.id,
            title=announcement.title,
            severity=announcement.severity,
        ),
        audience=Audience.ADMINS if later else Audience.EVERYBODY,
        actor_id=caller.user_id,
        **audit,
    )


_SHOWN = Statement(
    every()
    .add_columns(AnnouncementRead.read_at)
    .outerjoin(
        AnnouncementRead,
        and_(
            AnnouncementRead.announcement_id == Announcement.id,
            AnnouncementRead.user_id == bindparam("user_id"),
        ),
    )
    .where(_NOW_SHOWN)
    .limit(_MOST_SHOWN)
)


async def inbox(database: Database, caller: Caller) -> list[InboxAnnouncement]:
    """What is shown now, newest first, and whether the caller has read it."""
    rows = await database.read(_SHOWN, user_id=caller.user_id)
    return [InboxAnnouncement(**info_fields(r, r), is_read=r.read_at is not None) for r in rows]


async def read(session: AsyncSession, caller: Caller, announcement_id: str = "") -> None:
    """Note that the caller has read one announcement, or all that are shown.

    Raises `announcement_not_found`.
    """
    shown = select(Announcement.id).where(_NOW_SHOWN)
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
