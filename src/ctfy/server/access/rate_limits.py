"""How often is too often, per address, account or person."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import lru_cache
from weakref import WeakValueDictionary

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection

from ctfy.core.errors import Conflict, NotFound, TooMany, Unauthorized
from ctfy.server.access.counted_hits import CountedHits
from ctfy.server.database.connections import Database
from ctfy.server.settings import Settings

_AT_ONCE = 4  # of what is counted when it fails; so many more can fail than the limit has
_V6_PREFIX = 64  # what one subscriber has of IPv6, at least (RFC 6177)


# Counted by each process for itself: an answer would need one more trip to the database, where its
# question's cap, which holds for all, is looked at anyway.
_BY_PROCESS = frozenset({"submit"})


class RateLimits:
    """The limits of all replicas, as the settings have them at each moment."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared = CountedHits(database)
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Semaphore] = WeakValueDictionary()

    async def hit(self, name: str, who: str) -> None:
        """Count one use of `name` by `who`. Raises 429 with `Retry-After` beyond the limit."""
        await self.hit_limit(self._settings.rate_limits[name], name, who)

    async def hit_limit(self, limit: str, name: str, who: str) -> None:
        """The same with a limit of its own, such as `10/minute`."""
        if not self._settings.rate_limiting_enabled or limit == "none":
            return
        item = _parsed(limit)
        if not await self._limiter(name).hit(item, name, who):
            await self._refuse(item, name, who)

    @asynccontextmanager
    async def failures(self, *counted: tuple[str, str]) -> AsyncIterator[None]:
        """Count what is refused in here, by each `name` and `who`.

        Raises 429 beyond any of the limits, before anything is tried. What goes right is not
        counted: many people behind one address take nothing from one another.
        """
        limits = {
            each: _parsed(self._settings.rate_limits[each[0]])
            for each in counted
            if self._settings.rate_limiting_enabled
            and self._settings.rate_limits[each[0]] != "none"
        }
        async with AsyncExitStack() as turns:
            for each, item in limits.items():
                turn = self._turns.setdefault(each, asyncio.Semaphore(_AT_ONCE))
                await turns.enter_async_context(turn)
                if not await self._limiter(each[0]).test(item, *each):
                    await self._refuse(item, *each)
            try:
                yield
            except (Unauthorized, NotFound, Conflict):
                for each, item in limits.items():
                    await self._limiter(each[0]).hit(item, *each)
                raise

    def _limiter(self, name: str) -> MovingWindowRateLimiter | CountedHits:
        return self._own if name in _BY_PROCESS else self._shared

    async def _refuse(self, item: RateLimitItem, name: str, who: str) -> None:
        window = await self._limiter(name).get_window_stats(item, name, who)
        left = math.ceil(window.reset_time - time.time())
        wait = min(max(1, left), item.get_expiry())  # the database has a clock of its own
        raise TooMany(
            "rate_limit",
            f"Too many requests: at most {item}. Try again in {wait} s.",
            headers={"Retry-After": str(wait)},
            limit=str(item),
            retry_after=wait,
        )


_parsed: Callable[[str], RateLimitItem] = lru_cache(maxsize=64)(parse)


def address(request: HTTPConnection) -> str:
    """The caller's address: the connection's, or what a trusted proxy says of it."""
    return request.client.host if request.client else ""


def network(request: HTTPConnection) -> str:
    """By what a caller's address is counted; see `network_of`."""
    return network_of(address(request))


def network_of(host: str) -> str:
    """What an address stands for: IPv4 whole, of IPv6 what one subscriber has."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:  # a socket's path, or what a proxy says that names no address
        return host
    if isinstance(found, ipaddress.IPv4Address):
        return host
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), _V6_PREFIX), strict=False))
