"""Following the events in their order, each exactly once, over restarts and replicas."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.database.connections import Database
from ctfy.server.events.relay import Position, RelayedEvent, read_settled
from ctfy.server.events.types import Event
from ctfy.server.tables.events import Cursor

log = structlog.get_logger()

_BATCH = 500
_REST = 3.0  # rests this often as long as it worked
_PAUSE_S = 0.5
_PAUSE_AFTER_ERROR_S = 5.0

Handle = Callable[[AsyncSession, list[RelayedEvent]], Awaitable[None]]


async def follow(
    database: Database, name: str, handle: Handle, kinds: frozenset[type[Event]]
) -> None:
    """Call `handle` with every event of some types, a batch at a time, until cancelled.

    It takes a quarter of the time at most, so that a burst of events slows nobody else down. What
    it writes and how far it came commit together. Of several replicas one at a time goes on.
    """
    async with database.transaction() as session:
        await session.execute(
            insert(Cursor).values(name=name, xact=0, id=0).on_conflict_do_nothing()
        )
    while True:
        try:
            began = time.monotonic()
            more = await _advance(database, name, handle, kinds)
            took = time.monotonic() - began
            await asyncio.sleep(took * _REST if more else _PAUSE_S)
        except Exception:
            log.exception("follower_failed", follower=name)
            await asyncio.sleep(_PAUSE_AFTER_ERROR_S)


async def _advance(
    database: Database, name: str, handle: Handle, kinds: frozenset[type[Event]]
) -> bool:
    """Handle the next events; whether more are waiting."""
    async with database.transaction() as session:
        cursor = await session.scalar(
            select(Cursor).where(Cursor.name == name).with_for_update(skip_locked=True)
        )
        if cursor is None:  # another replica is at it
            return False
        events, more = await read_settled(session, Position(cursor.xact, cursor.id), _BATCH)
        if events:
            await handle(session, [event for event in events if event.kind in kinds])
            cursor.xact, cursor.id = events[-1].position.xact, events[-1].position.id
        return more and bool(events)
