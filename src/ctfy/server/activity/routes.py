"""`/activities`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.caller import Admin, AnyToken, Caller
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.activity import service
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Paged, Paging
from ctfy.server.kernel import TheCatalogue, TheDatabase
from ctfy.server.models.activity import Activity, ActivityTimeseries
from ctfy.server.models.base import Page

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
) -> dict[str, Any]:
    return service.filter_values(
        team_id=team_id, challenge_id=challenge_id, event=event, since=since, until=until
    )


_Wanted = Annotated[dict[str, Any], Depends(_wanted)]


async def _page(
    database: Database,
    catalogue: Catalogue,
    paging: Paging,
    caller: Caller,
    wanted: dict[str, Any],
) -> Page[Activity]:
    view = View(caller)
    return await paging.read(
        database,
        service.listed(view.sight, frozenset(wanted)),
        lambda row: service.activity(row, row, catalogue, audited=caller.is_admin),
        **view.values,
        **wanted,
    )


@router.get("/activities")
async def list_activities(
    database: TheDatabase,
    catalogue: TheCatalogue,
    paging: Paged,
    caller: AnyToken,
    wanted: _Wanted,
) -> Page[Activity]:
    """What happened, newest first: global activities and those of the caller's teams."""
    return await _page(database, catalogue, paging, caller, wanted)


@router.get("/activities/timeseries")
async def activities_timeseries(
    database: TheDatabase,
    caller: AnyToken,
    wanted: _Wanted,
    window: _Window = 86_400,
    bucket: _Bucket = 3600,
) -> ActivityTimeseries:
    """The same, counted by kind and time."""
    return await service.timeseries(database, View(caller), wanted, window, bucket)


@router.get("/admin/activities")
async def list_all_activities(
    database: TheDatabase,
    catalogue: TheCatalogue,
    paging: Paged,
    caller: Admin,
    wanted: _Wanted,
    actor_id: _Word = "",
) -> Page[Activity]:
    """Everything that anybody did, newest first, with what it was before and after."""
    by = wanted | service.filter_values(actor_id=actor_id)
    return await _page(database, catalogue, paging, caller, by)


@router.get("/admin/activities/timeseries")
async def all_activities_timeseries(
    database: TheDatabase, caller: Admin, window: _Window = 86_400, bucket: _Bucket = 3600
) -> ActivityTimeseries:
    """The same, counted by kind and time."""
    return await service.timeseries(database, View(caller), {}, window, bucket)
