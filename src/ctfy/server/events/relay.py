"""From the outbox to every reader on this replica."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import CtfyError
from ctfy.server.database.connections import Database
from ctfy.server.database.peers import Peers
from ctfy.server.database.statement import Statement
from ctfy.server.events.types import EVENTS, Audience, Event, topics_of

log = structlog.get_logger()

_BATCH = 500
_BACKLOG = 4000  # unread events after which a slow reader is dropped; it resumes by id
_REMEMBERED = 2000  # events kept for readers that come back
_KEEP_ALIVE_S = 15.0
# A comment alone: some readers take a blank line after an event with an id for one more event.
KEEP_ALIVE = b": still here\n"
_QUIET_POLL_S = 5.0
_PENDING_POLL_S = 0.02
_GATHER_S = 0.01

# Rows at or above the snapshot's xmin may still be overtaken by an open transaction.
_READ = text(
    """
    SELECT xact::text AS xact, id, name, audience, team_id, payload, created_at,
           xact < pg_snapshot_xmin(pg_current_snapshot()) AS settled
    FROM events
    WHERE (xact, id) > (CAST(CAST(:xact AS text) AS xid8), :id)
    ORDER BY events.xact, id LIMIT :batch
    """
)
_READ_ALONE = Statement(_READ)
_NEWEST = text(
    """
    SELECT xact::text AS xact, id FROM events
    WHERE xact < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY events.xact DESC, id DESC LIMIT 1
    """
)


_BEHIND = text(
    """
    SELECT xact::text AS xact, id FROM events
    WHERE xact < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY events.xact DESC, id DESC OFFSET :most LIMIT 1
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


@dataclass(frozen=True)
class RelayedEvent:
    """An event as it was written, on its way to readers."""

    position: Position
    name: str
    audience: Audience
    team_id: str | None
    payload: dict[str, Any]
    created_at: datetime

    @property
    def kind(self) -> type[Event] | None:
        """Its type; None when this version does not know it."""
        return EVENTS.get(self.name)

    @property
    def topics(self) -> list[str]:
        """The topics of the cache that it makes stale."""
        return list(topics_of(self.kind, self.payload))

    @property
    def competition_id(self) -> str:
        """The competition it happened in; empty when in none."""
        return str(self.payload.get("competition_id", ""))

    @property
    def person(self) -> str:
        """Who hears of it because it is about them; empty when nobody does."""
        personal = self.audience == Audience.PERSON or (self.kind and self.kind.is_personal)
        return str(self.payload.get("user_id", "")) if personal else ""

    @cached_property
    def frame(self) -> bytes:
        """The event as a frame of the stream, encoded once for all readers."""
        data = json.dumps(self.payload, ensure_ascii=False)
        return f"id: {self.position}\nevent: {self.name}\ndata: {data}\n\n".encode()


def _audience(name: str) -> Audience:
    """Whom an event is for; one of a newer server's kind is for nobody here, and holds none up."""
    try:
        return Audience(name)
    except ValueError:
        return Audience.PLATFORM


def _settled(rows: Sequence[Any], most: int) -> tuple[list[RelayedEvent], bool]:
    """The events of rows up to the first unsettled one, and whether more wait behind them."""
    settled: list[RelayedEvent] = []
    for row in rows:
        if not row.settled:
            return settled, True
        settled.append(
            RelayedEvent(
                Position(int(row.xact), row.id),
                row.name,
                _audience(row.audience),
                row.team_id,
                row.payload,
                row.created_at,
            )
        )
    return settled, len(rows) == most


async def read_settled(
    session: AsyncSession, after: Position, most: int
) -> tuple[list[RelayedEvent], bool]:
    """The settled events after a position, and whether more wait behind them."""
    values = {"xact": str(after.xact), "id": after.id, "batch": most}
    return _settled((await session.execute(_READ, values)).all(), most)


class Listener:
    """One reader of the stream: who they are, and the frames that wait for them.

    `refresh` looks the person up again; None when they may read no longer.
    """

    def __init__(self, user_id: str, refresh: Callable[[], Awaitable[Rights | None]]) -> None:
        self.user_id = user_id
        self.refresh = refresh
        self.rights = Rights()
        self.closed = False
        self._frames: list[bytes] = []
        self._news = asyncio.Event()
        self._taken = asyncio.Event()

    def may_read(self, event: RelayedEvent) -> bool:
        """Whether an event is for this reader."""
        rights = self.rights
        if event.audience == Audience.EVERYBODY:
            return not event.competition_id or rights.reach(event.competition_id)
        if event.audience == Audience.PLATFORM:
            return False
        if rights.is_admin or (event.person == self.user_id and rights.reach(event.competition_id)):
            return True
        if event.audience == Audience.TEAM:
            return event.team_id in rights.teams
        if event.audience == Audience.OPERATORS:
            return event.competition_id in rights.runs
        if event.audience == Audience.BRACKET:
            bracket = (event.competition_id, str(event.payload.get("bracket", "")))
            return event.competition_id in rights.runs or bracket in rights.brackets
        return (
            event.audience == Audience.COMPETITION and event.competition_id in rights.competitions
        )

    def may_read_again(self, event: RelayedEvent) -> bool:
        """Whether an event of the past is for this reader: it may have been public then."""
        kind, rights = event.kind, self.rights
        of_others = kind is not None and kind.tells_solves and event.audience != Audience.TEAM
        unknown = rights.hidden | (rights.without_standings if of_others else frozenset())
        return event.competition_id not in unknown and self.may_read(event)

    @property
    def idle(self) -> bool:
        """Whether nothing waits for this reader."""
        return not self._frames

    def put(self, frame: bytes) -> None:
        """Hand over a frame. A reader too slow for the backlog is let go, and resumes by id."""
        if self.closed:
            return
        self._frames.append(frame)
        self._news.set()
        if len(self._frames) > _BACKLOG:
            self.close()

    def close(self) -> None:
        """End the stream; what was handed over and not taken is not sent, and is read later."""
        self.closed = True
        self._frames.clear()
        self._news.set()
        self._taken.set()

    async def take(self) -> bytes:
        """All frames that wait, once there are any; empty when the stream has ended."""
        await self._news.wait()
        self._news.clear()
        frames, self._frames = self._frames, []
        self._taken.set()
        return b"".join(frames)

    async def drained(self) -> None:
        """Return when everything handed over was taken."""
        while self._frames and not self.closed:
            self._taken.clear()
            await self._taken.wait()


@dataclass(frozen=True, slots=True)
class Rights:
    """What a reader may hear of.

    `competitions`: those they are in or run; `runs`: these alone. `hidden`: those that they may
    not know of now, whoever might when something happened there.
    `without_standings`: those of which they may not know who is ahead.
    `brackets`: each with its competition, of their teams.
    `reach`: whether the reader's token reaches into a competition at all.
    """

    is_admin: bool = False
    teams: frozenset[str] = frozenset()
    competitions: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    reach: Callable[[str], bool] = bool
    brackets: frozenset[tuple[str, str]] = frozenset()
    without_standings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """Somebody who waits for one of some events of one instance."""

    kinds: frozenset[type[Event]]
    met: asyncio.Event


class Relay:
    """One LISTEN connection that follows the outbox and hands each event to whoever it is for."""

    def __init__(self, database: Database, peers: Peers) -> None:
        self._database = database
        self._peers = peers
        self._expected: defaultdict[str, set[Expectation]] = defaultdict(set)
        self._observers: list[Callable[[RelayedEvent], Awaitable[None] | None]] = []
        self._listeners: set[Listener] = set()
        self._admins: set[Listener] = set()
        self._by_team: defaultdict[str, set[Listener]] = defaultdict(set)
        self._by_competition: defaultdict[str, set[Listener]] = defaultdict(set)
        self._by_user: defaultdict[str, set[Listener]] = defaultdict(set)
        self._position = Position()
        self._recent: deque[RelayedEvent] = deque(maxlen=_REMEMBERED)
        self._recent_after = Position()  # every event after this one is among the recent ones
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def readers(self) -> int:
        """How many read the stream here."""
        return len(self._listeners)

    @property
    def following(self) -> bool:
        """Whether events still come."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def observe(self, observer: Callable[[RelayedEvent], Awaitable[None] | None]) -> None:
        """Call `observer` with every event, before any reader sees it.

        What it answers is awaited before the next event, and before others may take it that this
        process knows.
        """
        self._observers.append(observer)

    async def open(self) -> None:
        """Follow the outbox from now on."""
        async with self._database.transaction() as session:
            newest = (await session.execute(_NEWEST)).one_or_none()
            behind = (await session.execute(_BEHIND, {"most": _REMEMBERED})).one_or_none()
        if newest is not None:
            self._position = Position(int(newest.xact), newest.id)
        if behind is not None:
            self._recent_after = Position(int(behind.xact), behind.id)
        await self._remember()
        self._tasks = [
            asyncio.create_task(self._follow()),
            asyncio.create_task(self._keep_alive()),
        ]

    async def _remember(self) -> None:
        """Read the latest events, so that readers who come back find them in memory."""
        after = self._recent_after
        while True:
            events, more = await self.read(after)
            for event in events:
                if event.position > self._position:
                    return
                self._recent.append(event)
                after = event.position
            if not events or not more:
                return

    async def close(self) -> None:
        """Stop following, and end every stream."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._peers.leave()
        for listener in list(self._listeners):
            listener.close()

    async def admit(self, listener: Listener, after: Position | None) -> None:
        """Hand events to a reader: those after a position, then every one as it comes.

        Returns once the reader is up to date; from then on events come by themselves. The reader
        takes frames meanwhile. One that may not read is closed.
        """
        self._by_user[listener.user_id].add(listener)
        rights = await listener.refresh()
        if rights is None:
            listener.close()
            return
        listener.rights = rights
        while after is not None and after < self._recent_after:
            events, more = await self.read(after)
            for event in events:
                after = event.position
                if listener.may_read_again(event):
                    listener.put(event.frame)
            if not events or not more:
                break
            await listener.drained()  # or the backlog would overflow
        # No await from here on: what comes now is put behind what is remembered.
        if after is not None:
            for event in self._recent:
                if event.position > after and listener.may_read_again(event):
                    listener.put(event.frame)
        if not listener.closed:
            self._listeners.add(listener)
            self._set_rights(listener, rights)

    def dismiss(self, listener: Listener) -> None:
        """Forget a reader who is gone."""
        self._listeners.discard(listener)
        self._set_rights(listener, Rights())
        self._forget(self._by_user, listener.user_id, listener)

    def _set_rights(self, listener: Listener, rights: Rights) -> None:
        for team_id in listener.rights.teams:
            self._forget(self._by_team, team_id, listener)
        for competition_id in listener.rights.competitions:
            self._forget(self._by_competition, competition_id, listener)
        self._admins.discard(listener)
        if rights.is_admin:
            self._admins.add(listener)
        listener.rights = rights
        for team_id in rights.teams:
            self._by_team[team_id].add(listener)
        for competition_id in rights.competitions:
            self._by_competition[competition_id].add(listener)

    @staticmethod
    def _forget(index: defaultdict[str, set[Listener]], key: str, listener: Listener) -> None:
        index[key].discard(listener)
        if not index[key]:
            del index[key]

    async def _look_again(self, event: RelayedEvent) -> None:
        """Before an event that changes what a person may hear of: see what that is now."""
        user_id = str(event.payload.get("user_id", ""))
        if not user_id or event.kind is None or not event.kind.changes_rights:
            return
        for listener in list(self._by_user.get(user_id, ())):
            if listener not in self._listeners:
                continue
            rights = await listener.refresh()
            if rights is None:
                listener.close()
            else:
                self._set_rights(listener, rights)

    def _readers(self, event: RelayedEvent) -> Iterable[Listener]:
        if event.audience == Audience.EVERYBODY:
            return self._listeners
        people: set[Listener] = set()
        if event.audience == Audience.TEAM:
            people = self._by_team.get(event.team_id or "", people)
        elif event.audience in (Audience.COMPETITION, Audience.OPERATORS, Audience.BRACKET):
            people = self._by_competition.get(event.competition_id, people)
        about = self._by_user.get(event.person, set()) & self._listeners
        return people | about | self._admins

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(_KEEP_ALIVE_S)
            for listener in list(self._listeners):
                if listener.idle:
                    listener.put(KEEP_ALIVE)

    @contextmanager
    def expect(self, instance_id: str, kinds: frozenset[type[Event]]) -> Iterator[asyncio.Event]:
        """Set once an event of these types, from now on, is about the instance."""
        expectation = Expectation(kinds, asyncio.Event())
        self._expected[instance_id].add(expectation)
        try:
            yield expectation.met
        finally:
            self._expected[instance_id].discard(expectation)
            if not self._expected[instance_id]:
                del self._expected[instance_id]

    async def read(self, after: Position) -> tuple[list[RelayedEvent], bool]:
        """The settled events after a position, and whether more wait behind them."""
        rows = await self._database.read(
            _READ_ALONE, xact=str(after.xact), id=after.id, batch=_BATCH
        )
        return _settled(rows, _BATCH)

    async def _follow(self) -> None:
        url = self._database.url
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, autocommit=True) as listener:
                    await listener.execute("LISTEN ctfy_events")
                    quiet = _QUIET_POLL_S
                    while True:
                        before = self._position
                        more = await self._advance()
                        # Events in a rush are read together, a hundred times a second at most.
                        await asyncio.sleep(_GATHER_S)
                        # Whoever wrote waits to hear that there was no more until they had their
                        # answer from the database, which on a busy machine may take a while.
                        if self._peers.are_there and self._position != before:
                            quiet = 0.0
                        else:
                            quiet = min(2 * quiet + _GATHER_S, _QUIET_POLL_S)
                        timeout = _PENDING_POLL_S if more else quiet
                        async for _ in listener.notifies(timeout=timeout, stop_after=1):
                            pass
            except (psycopg.Error, OSError, CtfyError) as error:
                log.warning("events_reconnecting", error=str(error))
                await asyncio.sleep(1)

    async def _advance(self) -> bool:
        began = time.monotonic()
        events, more = await self.read(self._position)
        for event in events:
            for observer in self._observers:
                if (done := observer(event)) is not None:
                    await done
            await self._look_again(event)
            # Only now is it behind us: where something above fails, it comes again.
            self._position = event.position
            if len(self._recent) == self._recent.maxlen:
                self._recent_after = self._recent[0].position
            self._recent.append(event)
            for listener in list(self._readers(event)):
                if listener.may_read(event):
                    listener.put(event.frame)
            for expectation in self._expected.get(str(event.payload.get("instance_id")), ()):
                if event.kind in expectation.kinds:
                    expectation.met.set()
        if not more:
            self._peers.knows(began)
        return more
