"""Following the server's events."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from httpx_sse import EventSource

from ctfy.sdk.base import Closable, growing_pauses, log
from ctfy.sdk.errors import BadAnswer, CtfyApiError

# The server sends a comment every 15 s; longer silence is a dead connection.
_TIMEOUT = httpx.Timeout(10, read=60)


class EventStream(Closable):
    """Server-sent events, each `{"event": name, "data": {…}}`.

    A broken connection is made again and resumes after the last event seen, so none is missed.
    The logger `ctfy.sdk` says when, and why. Raises CtfyApiError when the server refuses, and
    BadAnswer when what came are no events.
    """

    def __init__(
        self,
        *,
        client_factory: Callable[[], httpx.Client],
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

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        pauses = growing_pauses(0.2, 10)
        while not self._closed:
            try:
                for event in self._connection():
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
            time.sleep(pause)

    def _connection(self) -> Iterator[dict[str, Any]]:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        with self._client.stream("GET", self._path, headers=headers, timeout=_TIMEOUT) as response:
            if response.status_code >= 400:
                response.read()
                if response.status_code in (429, 502, 503, 504):
                    return
                raise CtfyApiError.of(response)
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise BadAnswer.page(self._path)
            for frame in EventSource(response).iter_sse():
                self._last_id = frame.id or self._last_id
                if not frame.data:  # of a comment; an event of ours is never empty
                    continue
                yield {"event": frame.event, "data": json.loads(frame.data)}

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._client.close()
