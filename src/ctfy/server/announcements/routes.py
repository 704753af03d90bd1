"""`/admin/announcements`, and reading them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from ctfy.core.enums import ScopeLevel
from ctfy.server.access.caller import Admin, Caller, may
from ctfy.server.access.idempotency import Router
from ctfy.server.access.scopes import Scope
from ctfy.server.announcements import service
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.models.base import Page
from ctfy.server.models.inbox import AnnouncementCreate, AnnouncementInfo, AnnouncementUpdate

router = Router(tags=["announcements"])

_CompetitionId = Annotated[str, Query(max_length=64)]
_READER = may(Scope.PROFILE, ScopeLevel.WRITE)


@router.get("/admin/announcements")
async def list_announcements(session: Session, paging: Paged, _: Admin) -> Page[AnnouncementInfo]:
    """Every announcement, newest first."""
    return await paging.fetch(
        session,
        service.every(),
        lambda row: AnnouncementInfo(**service.info_fields(row.Announcement, row)),
    )


@router.post("/admin/announcements", status_code=201)
async def create_announcement(
    body: AnnouncementCreate, session: Session, caller: Admin
) -> AnnouncementInfo:
    """Announce something to everybody, or to a competition, one of its brackets, or a team."""
    return await service.get(session, await service.create(session, caller, body))


@router.patch("/admin/announcements/{announcement_id}")
async def update_announcement(
    announcement_id: str, body: AnnouncementUpdate, session: Session, caller: Admin
) -> AnnouncementInfo:
    """Change an announcement."""
    await service.change(session, caller, announcement_id, body)
    return await service.get(session, announcement_id)


@router.delete("/admin/announcements/{announcement_id}")
async def delete_announcement(
    announcement_id: str, session: Session, caller: Admin
) -> dict[str, str]:
    """Take an announcement away."""
    await service.remove(session, caller, announcement_id)
    return {"status": "deleted"}


@router.post("/me/announcements/read-all")
async def read_all(
    session: Session, caller: Caller = _READER, competition_id: _CompetitionId = ""
) -> dict[str, Any]:
    """Mark what is shown as read; with a competition, that to everybody and to it alone."""
    await service.read(session, caller, competition_id=competition_id)
    return {"status": "read"}


@router.post("/me/announcements/{announcement_id}/read")
async def read_one(
    announcement_id: str,
    session: Session,
    caller: Caller = _READER,
    competition_id: _CompetitionId = "",
) -> dict[str, Any]:
    """Mark one announcement as read."""
    await service.read(session, caller, announcement_id)
    return {"status": "read", "id": announcement_id}
