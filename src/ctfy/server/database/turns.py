"""Who waits for a connection, and who does not any more: queues are bounded.

What comes faster than it can be done would wait longer and longer, until nobody is there to hear
the answer. Beyond a number the oldest read is refused, which costs its caller least: it has most
likely been given up already. What changes something is refused when it comes, before it began.
"""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Any

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from ctfy.core.errors import Unavailable

# About what one process does in a second: who waits longer asks again.
MOST_WAITING = 1000


def overloaded() -> Unavailable:
    """More is asked than this server can do."""
    return Unavailable(
        "overloaded",
        "Too much is asked of this server at once. Ask again in a moment.",
        headers={"Retry-After": "1"},
    )


class Turns:
    """Lets `at_once` in together, first come, first served.

    Beyond `most_waiting` the oldest who wait are refused.
    """

    def __init__(self, at_once: int, most_waiting: int = MOST_WAITING) -> None:
        self._free = at_once
        self._most_waiting = most_waiting
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        """Wait for a turn. Raises `overloaded`."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        if len(self._waiting) > self._most_waiting:
            oldest = self._waiting.popleft()
            if not oldest.done():
                oldest.set_exception(overloaded())
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on()  # it came together with the cancellation
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the turn to the next who still waits."""
        self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class BoundedPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, for which no more than `MOST_WAITING` wait."""

    _waiting = 0

    def _do_get(self) -> ConnectionPoolEntry:
        if self._waiting >= MOST_WAITING:
            raise overloaded()
        self._waiting += 1
        try:
            entry: Any = super()._do_get()
        finally:
            self._waiting -= 1
        return entry  # type: ignore[no-any-return]
