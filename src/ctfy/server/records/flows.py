"""Recorded traffic on its way to a reader, a page at a time: there may be more than fits memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO, TypeVar

from fastapi import Query
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from ctfy.sdk.aio import AsyncNodeClient
from ctfy.server.models.nodes import NodeFlow
from ctfy.server.nodes.clients import NODE_FAILURES
from ctfy.server.records import har
from ctfy.server.store import Store

PAGE_BYTES = 1024 * 1024  # of JSON that is checked at once, if not a single flow is larger
_PAGE_FLOWS = 500
MOST_FLOWS = 100_000
MOST_BYTES = 1 << 40
_CHUNK = 256 * 1024

MaxBytes = Annotated[
    int, Query(ge=1, description="The answer ends when it holds that much; `offset` goes on")
]
_reading = asyncio.Semaphore(4)  # pages of all readers that are being checked

Item = TypeVar("Item")


async def pages(
    node: AsyncNodeClient, instance_id: str, offset: int = 0, limit: int = MOST_FLOWS
) -> AsyncIterator[list[NodeFlow]]:
    """What a node recorded of an instance, oldest first. Raises what the client does."""
    while limit > 0:
        most = min(limit, _PAGE_FLOWS)
        async with _reading:
            page = await node.get_traffic(
                instance_id, offset=offset, limit=most, max_bytes=PAGE_BYTES
            )
        if not page:
            return
        offset, limit = offset + len(page), limit - len(page)
        yield page[:most]


async def stored(
    store: Store, path: str, offset: int = 0, limit: int = MOST_FLOWS
) -> AsyncIterator[bytes]:
    """The lines of an archive's file, each a flow; nothing of a file that is not there."""
    if limit <= 0:
        return
    number, rest = 0, b""
    try:
        async for chunk in store.stream(path):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if number >= offset + limit:
                    return
                if number >= offset:
                    yield line
                number += 1
    except FileNotFoundError:
        return


async def begun(parts: AsyncIterator[Item]) -> AsyncIterator[Item]:
    """The same parts, the first of which is there: what goes wrong at once can still be said."""
    first = [part async for part in _one(parts)]

    async def whole() -> AsyncIterator[Item]:
        while first:
            yield first.pop()
        async for part in parts:
            yield part

    return whole()


async def _one(parts: AsyncIterator[Item]) -> AsyncIterator[Item]:
    try:
        yield await anext(parts)
    except StopAsyncIteration:
        return


async def lines(found: AsyncIterator[list[NodeFlow]]) -> AsyncIterator[bytes]:
    """Flows as JSON."""
    async for page in found:
        for flow in page:
            yield flow.line()


async def entries(found: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Flows, given as JSON, as entries of an HTTP Archive; what is no HTTP is left out."""
    async for line in found:
        try:
            entry = har.entry(NodeFlow.model_validate_json(line))
        except ValidationError:  # of an archive that somebody else wrote
            continue
        if entry is not None:
            yield json.dumps(entry, ensure_ascii=False).encode()


def as_items(
    found: AsyncIterator[bytes], *, most_bytes: int = MOST_BYTES, **more: Any
) -> StreamingResponse:
    """Flows as `items` of an object that has `more`, too; a part of them has `truncated`."""
    ending = "".join(f",{json.dumps(name)}:{json.dumps(value)}" for name, value in more.items())
    cut = ',"truncated":true'
    return _streamed(found, '{"items":[', f"]{ending}}}", f"]{ending}{cut}}}", most_bytes)


def as_har(found: AsyncIterator[bytes]) -> StreamingResponse:
    """Flows as an HTTP Archive."""
    log = json.dumps(har.LOG)[:-1] + ', "entries": ['
    cut = '], "comment": "The rest could not be read."}}'
    return _streamed(entries(found), '{"log": ' + log, "]}}", cut, MOST_BYTES)


def _streamed(
    found: AsyncIterator[bytes], start: str, end: str, cut: str, most_bytes: int
) -> StreamingResponse:
    async def whole() -> AsyncIterator[bytes]:
        ending, given = end, 0
        yield start.encode()
        try:
            async for one in found:
                if given and given + len(one) > most_bytes:
                    break
                yield b"," + one if given else one
                given += len(one)
        except (*NODE_FAILURES, OSError):  # in the middle: the answer has begun
            ending = cut
        yield ending.encode()

    return StreamingResponse(whole(), media_type="application/json")


def file_response(file: BinaryIO, media_type: str, headers: dict[str, str]) -> StreamingResponse:
    """A temporary file, from its beginning; it is closed when it was sent."""
    length = file.seek(0, 2)
    file.seek(0)

    async def whole() -> AsyncIterator[bytes]:
        with file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk

    return StreamingResponse(
        whole(), media_type=media_type, headers={**headers, "Content-Length": str(length)}
    )
