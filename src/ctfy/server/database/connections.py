"""Connections and transactions."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Request
from psycopg import AsyncConnection
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session as SyncSession

from ctfy.core.errors import Unavailable
from ctfy.server.database.peers import Peers
from ctfy.server.database.statement import Row, Statement
from ctfy.server.database.turns import BoundedPool, Turns

AFTER_COMMIT = "ctfy.after_commit"
_AWAITED = "ctfy.awaited"
_TRANSACTION = "ctfy.transaction"
_TOLD = "ctfy.told"  # whether events went out


_LONGEST_WAIT_S = 10.0  # for a connection
# Reads are short and a process has one core to run them from: more would only wait in PostgreSQL.
_MOST_READERS = 8


class Database:
    """PostgreSQL: a pool of connections for transactions, and one for statements alone."""

    def __init__(self, url: str, *, pool_size: int = 10, peers: Peers | None = None) -> None:
        self.url = url
        self._peers = peers
        # No overflow: a connection beyond the pool would be made and thrown away at each use,
        # which costs more than waiting for one.
        self.engine = create_async_engine(
            sqlalchemy_url(url),
            poolclass=BoundedPool,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=_LONGEST_WAIT_S,
            pool_pre_ping=False,
        )
        self._most_readers = min(pool_size, _MOST_READERS)
        self._turns = Turns(self._most_readers)
        self._readers: asyncpg.Pool | None = None
        # A class of its own, so that the listener below hears this database's sessions alone.
        self._sync_session = type("Transaction", (SyncSession,), {})
        event.listen(self._sync_session, "after_commit", self._committed)
        self._observers: list[Callable[[Any], Awaitable[None] | None]] = []
        self._sessions = async_sessionmaker(
            self.engine, expire_on_commit=False, sync_session_class=self._sync_session
        )

    def on_commit(self, observer: Callable[[Any], Awaitable[None] | None]) -> None:
        """Call `observer` with each event of a transaction once it committed.

        What it answers is awaited before `transaction` returns.
        """
        self._observers.append(observer)

    def _committed(self, session: SyncSession) -> None:
        events = session.info.pop(AFTER_COMMIT, [])
        session.info[_TOLD] = session.info.get(_TOLD) or bool(events)
        done = [observer(each) for each in events for observer in self._observers]
        session.info.setdefault(_AWAITED, []).extend(filter(None, done))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work commits at the end, or not at all.

        Where several servers are one, all of them know afterwards what its events tell.
        """
        async with self._sessions() as session:
            async with session.begin():
                yield session
            committed = time.monotonic()
            told = session.info.get(_TOLD)
            for done in session.info.pop(_AWAITED, []):
                await done
        if told and self._peers is not None:
            await self._peers.know_of(committed)

    async def read(self, statement: Statement, **values: Any) -> list[Row]:
        """The rows of one statement, alone: no transaction around it, so one round trip.

        The statement may write, too, when all that it does is one thing. Raises `overloaded`,
        `database_unavailable`.
        """
        arguments = statement.arguments(values)
        async with self._turns:
            readers = self._readers or await self._open_readers()
            try:
                rows: Any = await readers.fetch(statement.sql, *arguments)
            except (OSError, asyncpg.InterfaceError, *_AWAY) as error:
                raise away() from error
        return rows  # type: ignore[no-any-return]

    async def _open_readers(self) -> asyncpg.Pool:
        # Nothing is waited for in here, so that nobody else comes in between.
        self._readers = await asyncpg.create_pool(
            _driver_url(self.url),
            min_size=0,
            max_size=self._most_readers,
            record_class=Row,
            init=_read_json,
            reset=_nothing_to_reset,
        )
        return self._readers

    @property
    def connections_in_use(self) -> int:
        """How many connections of the pool somebody holds now."""
        pool: Any = self.engine.pool
        readers = self._readers
        reading = readers.get_size() - readers.get_idle_size() if readers else 0
        return int(pool.checkedout()) + reading

    async def open(self) -> None:
        """Do nothing: connections are made when they are first used."""

    async def close(self) -> None:
        """Close every connection."""
        if self._readers is not None:
            await self._readers.close()
            self._readers = None
        await self.engine.dispose()


class Background(Database):
    """A pool of its own for what runs behind requests.

    A request that waits for standings or for the submission writer holds a connection itself, and
    could otherwise wait for one that only another such request can give back.
    """


def sqlalchemy_url(url: str) -> str:
    """A `postgresql://` URL with the driver that SQLAlchemy is to use."""
    scheme, rest = url.split("://", 1)
    return f"{scheme.split('+')[0].replace('postgres:', 'postgresql:')}+psycopg://{rest}"


_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)


def away() -> Unavailable:
    """The database does not answer, or not now."""
    return Unavailable(
        "database_unavailable",
        "The database does not answer. Ask again in a moment.",
        headers={"Retry-After": "1"},
    )


def _driver_url(url: str) -> str:
    """The same for the driver of the reads, which knows fewer options than libpq."""
    scheme, rest = url.split("://", 1)
    address, _, options = rest.partition("?")
    known = [part for part in options.split("&") if part.split("=")[0] not in _LIBPQ_ALONE]
    return f"{scheme.split('+')[0]}://{address}?{'&'.join(known)}".rstrip("?")


_LIBPQ_ALONE = (
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "require_auth",
    "requirepeer",
    "sslcertmode",
    "sslcompression",
    "tcp_user_timeout",
)


async def _read_json(connection: Any) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
        )


async def _nothing_to_reset(_: Any) -> None:
    """A statement alone leaves nothing behind; the driver would ask the server to forget."""


async def driver_connection(session: AsyncSession) -> AsyncConnection:
    """The psycopg connection under a session's transaction."""
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    assert isinstance(connection, AsyncConnection)  # noqa: S101 - narrows the type
    return connection


async def _request_transaction(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.services.get(Database).transaction() as session:
        request.scope[_TRANSACTION] = session
        yield session
    del request.scope[_TRANSACTION]


def transaction_of(request: Request) -> AsyncSession | None:
    """The transaction that a request's handler worked in, before it commits; None without one."""
    session: AsyncSession | None = request.scope.get(_TRANSACTION)
    return session


# A request is one transaction, and it has committed before the first byte of the answer leaves.
Session = Annotated[AsyncSession, Depends(_request_transaction, scope="function")]
