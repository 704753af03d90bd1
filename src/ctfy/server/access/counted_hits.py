"""Where rate limits that hold over all replicas are counted: in the database."""

from __future__ import annotations

import hashlib
import time

from limits import RateLimitItem, WindowStats
from sqlalchemy import text

from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement

# The lock makes two at once count one after the other.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_HIT = text(
    """
    INSERT INTO rate_limit_hits (key, at, expires_at)
    SELECT CAST(:key AS varchar), clock_timestamp(),
           clock_timestamp() + make_interval(secs => :seconds)
     WHERE (
       SELECT count(*) FROM rate_limit_hits
        WHERE key = :key AND at > clock_timestamp() - make_interval(secs => :seconds)
     ) < :most
    RETURNING id
    """
)
_WINDOW = Statement(
    """
    SELECT count(*) AS uses, CAST(extract(epoch FROM min(at)) AS float) AS first
      FROM rate_limit_hits
     WHERE key = :key AND at > clock_timestamp() - make_interval(secs => :seconds)
    """
)


class CountedHits:
    """What `limits.aio.strategies.MovingWindowRateLimiter` does, with one count for all replicas.

    The library has it for Redis, Memcached and MongoDB, and none for PostgreSQL.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hit(self, item: RateLimitItem, *identifiers: str) -> bool:
        """Count one use, unless there were as many as the limit has; whether it was counted."""
        key = _key(item, identifiers)
        values = {"key": key, "most": item.amount, "seconds": item.get_expiry()}
        async with self._database.transaction() as session:
            await session.execute(_LOCK, {"key": key})
            return (await session.execute(_HIT, values)).first() is not None

    async def test(self, item: RateLimitItem, *identifiers: str) -> bool:
        """Whether one more use is within the limit."""
        return (await self.get_window_stats(item, *identifiers)).remaining > 0

    async def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        """When the first use that counts is forgotten, and how many are left until then."""
        values = {"key": _key(item, identifiers), "seconds": item.get_expiry()}
        (row,) = await self._database.read(_WINDOW, **values)
        first = row.first or time.time()
        return WindowStats(first + item.get_expiry(), item.amount - row.uses)


def _key(item: RateLimitItem, identifiers: tuple[str, ...]) -> str:
    """A digest, since it is of an address or a person: the table names neither."""
    return hashlib.sha256(item.key_for(*identifiers).encode()).hexdigest()
