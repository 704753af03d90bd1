"""`/activities`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from ctfy.server.access.caller import Admin, AnyToken
from ctfy.server.access.view import View
from ctfy.server.activity import service
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Limit, Offset, fetch_page
from ctfy.server.models.activity import Activity, ActivityTimeseries
from ctfy.server.models.base import Page

router = APIRouter(tags=["activity"])

_Word = Annotated[str, Query(max_length=128)]
_Window = Annotated[int, Query(ge=60, le=604_800)]
_Bucket = Annotated[int, Query(ge=60, le=86_400)]


@router.get("/activities")
async def list_activities(
    session: Session,
    caller: AnyToken,
    team_id: _Word = "",
    challenge_id: _Word = "",
    event: _Word = "",
    since: datetime | None = None,
    until: datetime | None = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> Page[Activity]:
    """What happened, newest first: global activities and those of the caller's teams."""
    conditions = service.narrowed(
        View(caller).events(),
        team_id=team_id,
        challenge_id=challenge_id,
        event=event,
        since=since,
        until=until,
    )
    return await _page(session, conditions, limit, offset, audited=caller.is_admin)


async def _page(
    session: Session, conditions: list[Any], limit: int, offset: int, *, audited: bool
) -> Page[Activity]:
    rows, total = await fetch_page(session, service.activities(conditions), limit, offset)
    items = [service.activity(row, audited=audited) for row in rows]
    return Page(items=items, total=total, limit=limit, offset=offset)


@router.get("/activities/timeseries")
async def activities_timeseries(
    session: Session,
    caller: AnyToken,
    team_id: _Word = "",
    challenge_id: _Word = "",
    event: _Word = "",
    window: _Window = 86_400,
    bucket: _Bucket = 3600,
) -> ActivityTimeseries:
    """The same, counted by kind and time."""
    conditions = service.narrowed(
        View(caller).events(), team_id=team_id, challenge_id=challenge_id, event=event
    )
    return await service.timeseries(session, conditions, window, bucket)


@router.get("/admin/activities")
async def list_all_activities(
    session: Session,
    caller: Admin,
    actor_id: _Word = "",
    team_id: _Word = "",
    challenge_id: _Word = "",
    event: _Word = "",
    since: datetime | None = None,
    until: datetime | None = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> Page[Activity]:
    """Everything that anybody did, newest first, with what it was before and after."""
    conditions = service.narrowed(
        View(caller).events(),
        actor_id=actor_id,
        team_id=team_id,
        challenge_id=challenge_id,
        event=event,
        since=since,
        until=until,
    )
    return await _page(session, conditions, limit, offset, audited=True)


@router.get("/admin/activities/timeseries")
async def all_activities_timeseries(
    session: Session, caller: Admin, window: _Window = 86_400, bucket: _Bucket = 3600
) -> ActivityTimeseries:
    """The same, counted by kind and time."""
    conditions = service.narrowed(View(caller).events())
    return await service.timeseries(session, conditions, window, bucket)
