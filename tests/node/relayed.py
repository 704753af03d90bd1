"""A service of a test's own behind a relay, and what the relay recorded of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ctfy.node.capture.relay import Capture
from ctfy.server.models.instances import ServiceEndpoint, ServiceType
from tests.processes import PATIENCE_S

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def published(
    folder: Path, handler: Handler, kind: ServiceType = ServiceType.HTTP
) -> AsyncIterator[tuple[Capture, ServiceEndpoint]]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    capture = Capture("")
    inner = ServiceEndpoint(service_type=kind, host="127.0.0.1", port=port, label="web")
    (outer,) = await capture.publish("i", folder, [inner])
    try:
        yield capture, outer
    finally:
        capture.close()
        server.close()


def http_server(body: bytes) -> Handler:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

    return answer


async def flows(
    capture: Capture, folder: Path, count: int = 0, kind: str = "http"
) -> list[dict[str, Any]]:
    """What was recorded, once there are so many of a kind."""
    found = await capture.flows(folder, 0, 100)
    async with asyncio.timeout(PATIENCE_S):
        while sum(flow["kind"] == kind for flow in found) < count:
            await asyncio.sleep(0.02)
            found = await capture.flows(folder, 0, 100)
    return found
