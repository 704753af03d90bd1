"""From the outbox to every reader on this replica."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.database.engine import Database
from ctfy.server.events.outbox import Audience

log = structlog.get_logger()

_BATCH = 500
_BACKLOG = 1000  # unread events after which a slow reader is dropped; it resumes by id
_QUIET_POLL_S = 5.0
_PENDING_POLL_S = 0.02

# Rows at or above the snapshot's xmin may still be overtaken by an open transaction.
_READ = text(
    """
    SELECT xact::text AS xact, id, name, audience, team_id, payload, created_at,
           xact < pg_snapshot_xmin(pg_current_snapshot()) AS settled
    FROM events
    WHERE (xact, id) > (CAST(CAST(:xact AS text) AS xid8), :id)
    ORDER BY xact, id LIMIT :batch
    """
)
_NEWEST = text(
    """
    SELECT xact::text AS xact, id FROM events
    WHERE xact < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xact DESC, id DESC LIMIT 1
    """
)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the order of all events; on the wire `xact-id`."""

    xact: int = 0
    id: int = 0

    @classmethod
    def parse(cls, value: str) -> Position | None:
        """The position that a `Last-Event-ID` names; None when it names none."""
        xact, _, id_ = value.partition("-")
        if not (xact.isdecimal() and id_.isdecimal() and len(value) <= 40):
            return None
        position = cls(int(xact), int(id_))
        return position if position.xact < 2**64 and position.id < 2**63 else None

    def __str__(self) -> str:
        return f"{self.xact}-{self.id}"


@dataclass(frozen=True, slots=True)
class Told:
    """An event on its way to readers."""

    position: Position
    name: str
    audience: Audience
    team_id: str | None
    payload: dict[str, Any]
    created_at: datetime


async def read_settled(session: AsyncSession, after: Position) -> tuple[list[Told], bool]:
    """The settled events after a position, and whether more wait behind them."""
    rows = (
        await session.execute(_READ, {"xact": str(after.xact), "id": after.id, "batch": _BATCH})
    ).all()
    settled: list[Told] = []
    for row in rows:
        if not row.settled:
            return settled, True
        settled.append(
            Told(
                Position(int(row.xact), row.id),
                row.name,
                Audience(row.audience),
                row.team_id,
                row.payload,
                row.created_at,
            )
        )
    return settled, len(rows) == _BATCH


class Subscription:
    """One reader's queue."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Told] = asyncio.Queue(_BACKLOG)
        self.dropped = asyncio.Event()


class Relay:
    """One LISTEN connection that follows the outbox and hands each event to every subscriber."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._subscriptions: set[Subscription] = set()
        self._observers: list[Callable[[Told], None]] = []
        self._position = Position()
        self._task: asyncio.Task[None] | None = None

    def observe(self, observer: Callable[[Told], None]) -> None:
        """Call `observer` with every event, before any reader sees it."""
        self._observers.append(observer)

    async def start(self) -> None:
        """Follow the outbox from now on."""
        async with self._database.transaction() as session:
            newest = (await session.execute(_NEWEST)).one_or_none()
        if newest is not None:
            self._position = Position(int(newest.xact), newest.id)
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[Subscription]:
        """A queue that receives every event from now on."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    async def read(self, after: Position) -> tuple[list[Told], bool]:
        """The settled events after a position, and whether unsettled ones wait behind them."""
        async with self._database.transaction() as session:
            return await read_settled(session, after)

    async def _follow(self) -> None:
        url = self._database.url
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, autocommit=True) as listener:
                    await listener.execute("LISTEN ctfy_events")
                    while True:
                        more = await self._advance()
                        timeout = _PENDING_POLL_S if more else _QUIET_POLL_S
                        async for _ in listener.notifies(timeout=timeout, stop_after=1):
                            pass
            except (psycopg.Error, OSError) as error:
                log.warning("events_reconnecting", error=str(error))
                await asyncio.sleep(1)

    async def _advance(self) -> bool:
        events, more = await self.read(self._position)
        for told in events:
            self._position = told.position
            for observer in self._observers:
                observer(told)
            for subscription in list(self._subscriptions):
                try:
                    subscription.queue.put_nowait(told)
                except asyncio.QueueFull:
                    subscription.dropped.set()
                    self._subscriptions.discard(subscription)
        return more
