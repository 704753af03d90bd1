"""The event stream, read beside a test."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from httpx_sse import EventSource

from ctfy.sdk import PlatformClient
from tests.processes import PATIENCE_S


@contextmanager
def following(client: PlatformClient, last_event_id: str = "") -> Iterator[list[dict[str, Any]]]:
    """The events that a client sees from now on, or after one of the past."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    seen: list[dict[str, Any]] = []
    with client.events(auto_reconnect=False) as stream:
        connected = threading.Event()

        def read() -> None:
            try:
                with stream._client.stream("GET", "/events", headers=headers) as response:
                    lines = EventSource(response).iter_sse()
                    connected.set()
                    for frame in lines:
                        seen.append(
                            {"event": frame.event, "id": frame.id, **json.loads(frame.data)}
                        )
            except httpx.HTTPError:
                return

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        assert connected.wait(PATIENCE_S)
        yield seen
