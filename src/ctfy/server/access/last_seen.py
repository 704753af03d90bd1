"""When people and their tokens were last seen; written to the database every two seconds."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import String

from ctfy.server.database.connections import Database

log = structlog.get_logger()

_EVERY_S = 2.0
_WRITE = text(
    """
    WITH seen AS (
      UPDATE tokens SET last_used_at = now() WHERE id = ANY(:tokens)
    )
    UPDATE users SET last_active_at = now() WHERE id = ANY(:users)
    """
).bindparams(bindparam("tokens", type_=ARRAY(String)), bindparam("users", type_=ARRAY(String)))


class LastSeen:
    """When this replica last saw people and their tokens, until that is written down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, token_id: str, user_id: str) -> None:
        """Somebody used a token."""
        self._seen[token_id] = user_id

    async def open(self) -> None:
        """Write down, every two seconds, who was here."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Write down the rest."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            await self._write()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self._write()
            except Exception as error:
                log.warning("last_seen_not_written", error=str(error))

    async def _write(self) -> None:
        seen, self._seen = self._seen, {}
        if seen:
            # In one order, so that replicas cannot wait for one another in a circle.
            values = {"tokens": sorted(seen), "users": sorted(set(seen.values()))}
            async with self._database.transaction() as session:
                await session.execute(_WRITE, values)
