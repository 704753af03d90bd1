"""`GET /events`: server-sent events, resumable by `Last-Event-ID`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header
from sqlalchemy import select
from sse_starlette import EventSourceResponse, ServerSentEvent

from ctfy.server.access.caller import Caller, StreamCaller
from ctfy.server.errors import field_error
from ctfy.server.events.outbox import Audience
from ctfy.server.events.relay import Position, Told
from ctfy.server.platform import Platform, ThePlatform
from ctfy.server.teams.tables import TeamMember

router = APIRouter(tags=["events"])

_KEEP_ALIVE_S = 15
_TEAMS_FRESH_S = 5.0


class Reader:
    """What one caller may be told; their teams are looked up again every few seconds."""

    def __init__(self, platform: Platform, caller: Caller) -> None:
        self._platform = platform
        self._caller = caller
        self._teams: dict[str, str] = {}
        self._teams_at = -_TEAMS_FRESH_S

    async def may_read(self, told: Told) -> bool:
        """Whether this event is for the caller."""
        if told.audience == Audience.EVERYBODY:
            return True
        if told.audience == Audience.PLATFORM:
            return False
        if told.audience == Audience.ADMINS or self._caller.is_admin:
            return self._caller.is_admin
        if time.monotonic() - self._teams_at > _TEAMS_FRESH_S or told.team_id not in self._teams:
            await self._look_up_teams()
        competition_id = self._teams.get(told.team_id or "")
        return competition_id is not None and self._caller.sees_competition(competition_id)

    async def _look_up_teams(self) -> None:
        async with self._platform.database.transaction() as session:
            rows = await session.execute(
                select(TeamMember.team_id, TeamMember.competition_id).where(
                    TeamMember.user_id == self._caller.user_id
                )
            )
            self._teams = {row.team_id: row.competition_id for row in rows}
        self._teams_at = time.monotonic()


def _frame(told: Told) -> ServerSentEvent:
    return ServerSentEvent(
        data=json.dumps(told.payload), event=told.name, id=str(told.position), sep="\n"
    )


@router.get(
    "/events",
    response_class=EventSourceResponse,
    summary="Follow what happens",
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(
    platform: ThePlatform,
    caller: StreamCaller,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> Any:
    """The caller's events as they happen: global ones, their teams', and for admins all."""
    after = Position.parse(last_event_id) if last_event_id else None
    if last_event_id and after is None:
        raise field_error(["header", "Last-Event-ID"], "must be an id that this stream gave")
    return EventSourceResponse(
        _stream(platform, Reader(platform, caller), after), ping=_KEEP_ALIVE_S, sep="\n"
    )


async def _stream(
    platform: Platform, reader: Reader, after: Position | None
) -> AsyncIterator[ServerSentEvent]:
    async with platform.relay.subscribe() as subscription:
        yield ServerSentEvent(comment="connected", sep="\n")
        position = after or Position()
        while after is not None:
            missed, more = await platform.relay.read(position)
            for told in missed:
                position = told.position
                if await reader.may_read(told):
                    yield _frame(told)
            if not missed or not more:
                break
        while not subscription.dropped.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                told = await asyncio.wait_for(subscription.queue.get(), 1.0)
                if told.position > position and await reader.may_read(told):
                    yield _frame(told)
