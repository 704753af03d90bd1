"""How often is too often, per address or team."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import lru_cache

from fastapi import Request
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from ctfy.core.errors import TooMany
from ctfy.server.settings import Settings


class RateLimits:
    """The limits of one replica, as the settings have them at each moment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def hit(self, name: str, who: str) -> None:
        """Count one use of `name` by `who`. Raises 429 with `Retry-After` beyond the limit."""
        await self.hit_limit(self._settings.rate_limits[name], name, who)

    async def hit_limit(self, limit: str, name: str, who: str) -> None:
        """The same with a limit of its own, such as `10/minute`."""
        if not self._settings.rate_limiting_enabled or limit == "none":
            return
        item = _parsed(limit)
        if await self._limiter.hit(item, name, who):
            return
        window = await self._limiter.get_window_stats(item, name, who)
        wait = max(1, math.ceil(window.reset_time - time.time()))
        raise TooMany(
            "rate_limit",
            f"Too many requests: at most {item}. Try again in {wait} s.",
            headers={"Retry-After": str(wait)},
            limit=str(item),
            retry_after=wait,
        )


_parsed: Callable[[str], RateLimitItem] = lru_cache(maxsize=64)(parse)


def address(request: Request) -> str:
    """The caller's address, as the connection has it."""
    return request.client.host if request.client else ""
