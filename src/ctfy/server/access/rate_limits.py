"""How often is too often, per address or team."""

from __future__ import annotations

import math
import time

from fastapi import Request
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from ctfy.server.errors import TooMany
from ctfy.server.settings import Settings


class RateLimits:
    """The limits of one replica."""

    def __init__(self, settings: Settings) -> None:
        self._enabled = settings.rate_limiting_enabled
        self._items: dict[str, RateLimitItem] = {
            name: parse(limit) for name, limit in settings.rate_limits.items()
        }
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def hit(self, name: str, who: str) -> None:
        """Count one use of `name` by `who`. Raises 429 with `Retry-After` beyond the limit."""
        item = self._items.get(name)
        if not self._enabled or item is None or await self._limiter.hit(item, name, who):
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


def address(request: Request) -> str:
    """The caller's address, as the connection has it."""
    return request.client.host if request.client else ""
