"""`/activities`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query

from ctfy.server.access.caller import Admin, AnyToken
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.activity import service
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.models.activity import Activity, ActivityTimeseries
from ctfy.server.models.base import Page
from ctfy.server.tables.events import OutboxEvent

router = Router(tags=["activity"])

_Word = Annotated[str, Query(max_length=128)]
_Window = Annotated[int, Query(ge=60, le=604_800)]
_Bucket = Annotated[int, Query(ge=60, le=86_400)]


async def _wanted(
    team_id: _Word = "",
    challenge_id: _Word = "",
    event: _Word = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Any]:
    return service.narrowed(
        team_id=team_id, challenge_id=challenge_id, event=event, since=since, until=until
    )


_Wanted = Annotated[list[Any], Depends(_wanted)]


@router.get("/activities")
async def list_activities(
    session: Session, paging: Paged, caller: AnyToken, wanted: _Wanted
) -> Page[Activity]:
    """What happened, newest first: global activities and those of the caller's teams."""
    view = View(caller)
    query = service.activities([view.bind(view.sight.events()), *wanted])
    return await paging.fetch(
        session, query, lambda row: service.activity(row, audited=caller.is_admin)
    )


@router.get("/activities/timeseries")
async def activities_timeseries(
    session: Session,
    caller: AnyToken,
    wanted: _Wanted,
    window: _Window = 86_400,
    bucket: _Bucket = 3600,
) -> ActivityTimeseries:
    """The same, counted by kind and time."""
    view = View(caller)
    conditions = [view.bind(view.sight.events()), *wanted]
    return await service.timeseries(session, conditions, window, bucket)


@router.get("/admin/activities")
async def list_all_activities(
    session: Session, paging: Paged, caller: Admin, wanted: _Wanted, actor_id: _Word = ""
) -> Page[Activity]:
    """Everything that anybody did, newest first, with what it was before and after."""
    by = [OutboxEvent.actor_id == actor_id] if actor_id else []
    view = View(caller)
    query = service.activities([view.bind(view.sight.events()), *wanted, *by])
    return await paging.fetch(session, query, lambda row: service.activity(row, audited=True))


@router.get("/admin/activities/timeseries")
async def all_activities_timeseries(
    session: Session, caller: Admin, window: _Window = 86_400, bucket: _Bucket = 3600
) -> ActivityTimeseries:
    """The same, counted by kind and time."""
    view = View(caller)
    events = [view.bind(view.sight.events())]
    return await service.timeseries(session, events, window, bucket)
