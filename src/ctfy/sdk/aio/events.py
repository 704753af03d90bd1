# Written by tools/async_sdk.py from ctfy/sdk/events.py.
# Change that file, then run the tool.
"""Following the server's events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from httpx_sse import EventSource

from ctfy.sdk.aio.base import AsyncClosable
from ctfy.sdk.base import growing_pauses, log
from ctfy.sdk.errors import BadAnswer, CtfyApiError
from ctfy.sdk.events import _TIMEOUT


class AsyncEventStream(AsyncClosable):
    """Server-sent events, each `{"event": name, "data": {…}}`.

    A broken connection is made again and resumes after the last event seen, so none is missed.
    The logger `ctfy.sdk` says when, and why. Raises CtfyApiError when the server refuses, and
    BadAnswer when what came are no events.
    """

    def __init__(
        self,
        *,
        client_factory: Callable[[], httpx.AsyncClient],
        path: str,
        token: str = "",
        auto_reconnect: bool = True,
    ) -> None:
        self._client = client_factory()
        if token:
            self._client.headers["Authorization"] = f"Bearer {token}"
        self._path = path
        self._auto_reconnect = auto_reconnect
        self._last_id = ""
        self._closed = False

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        pauses = growing_pauses(0.2, 10)
        while not self._closed:
            try:
                async for event in self._connection():
                    pauses = growing_pauses(0.2, 10)
                    yield event
                why = "the stream ended"
            except httpx.TransportError as error:
                if not self._auto_reconnect:
                    raise
                why = f"{type(error).__name__} {error}".strip()
            if not self._auto_reconnect or self._closed:
                return
            pause = next(pauses)
            log.warning("GET %s: %s; again in %.1f s", self._path, why, pause)
            await asyncio.sleep(pause)

    async def _connection(self) -> AsyncIterator[dict[str, Any]]:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        async with self._client.stream(
            "GET", self._path, headers=headers, timeout=_TIMEOUT
        ) as response:
            if response.status_code >= 400:
                await response.aread()
                if response.status_code in (429, 502, 503, 504):
                    return
                raise CtfyApiError.of(response)
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise BadAnswer.page(self._path)
            async for frame in EventSource(response).aiter_sse():
                self._last_id = frame.id or self._last_id
                if not frame.data:
                    continue
                yield {"event": frame.event, "data": json.loads(frame.data)}

    async def close(self) -> None:
        """End the stream."""
        self._closed = True
        await self._client.aclose()
