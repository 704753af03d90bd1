"""Waiting for the engine in threads that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


async def abandonable(work: Callable[..., Result], *arguments: Any) -> Result:
    """As `asyncio.to_thread`, for what may take minutes, as building an image.

    Whoever is cancelled goes on at once, and the process may end meanwhile.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Result] = loop.create_future()

    def tell(how: Callable[[Any], None], what: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if result.done() else how(what))

    def run() -> None:
        try:
            found = work(*arguments)
        except Exception as error:
            tell(result.set_exception, error)
        else:
            tell(result.set_result, found)

    threading.Thread(target=run, daemon=True).start()
    return await result
