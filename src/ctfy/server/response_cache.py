"""Whole responses, sent again while nothing changed that they were made from.

The first request of a caller takes the whole way: its route checks the permission, reads the
database and says what the answer depends on. The same caller's next one is answered from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctfy.server.cache import Cache, Stamp

_KEY = "ctfy.cache_response"
_MOST_OWN_BYTES = 256 * 1024


@dataclass(slots=True)
class _Wish:
    stamp: Stamp
    until: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class _Response:
    start: Message
    body: Message
    tag: bytes


def cache_response(request: Request, stamp: Stamp, *until: float | None) -> None:
    """Keep this request's response for its caller while `stamp` is current; see Cache.put."""
    request.scope[_KEY] = _Wish(stamp, until)


def encoded(request: Request, plain: bytes, gzipped: bytes | None, tag: str) -> Response:
    """A body that was encoded once for everybody, or 304 when the caller has it already."""
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if tag in (part.strip() for part in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    if gzipped is not None:
        headers["Content-Encoding"] = "gzip"
    return Response(gzipped or plain, media_type="application/json", headers=headers)


class ResponseCache:
    """Answers GETs from the cache where it can; plain ASGI, ahead of everything else."""

    def __init__(self, app: ASGIApp, cache: Cache, count: Callable[[], None]) -> None:
        self._app = app
        self._cache = cache
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        authorization, wanted, zipped = b"", b"", False
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value
            elif name == b"if-none-match":
                wanted = value
            elif name == b"accept-encoding":
                zipped = b"gzip" in value
        key = (authorization, scope["raw_path"], scope["query_string"], zipped)
        answer: _Response | None = self._cache.get(key)
        if answer is not None:
            self._count()
            if answer.tag and answer.tag in map(bytes.strip, wanted.split(b",")):
                headers = [h for h in answer.start["headers"] if h[0] in _ON_304]
                await send({"type": "http.response.start", "status": 304, "headers": headers})
                await send({"type": "http.response.body", "body": b""})
            else:
                await send(answer.start)
                await send(answer.body)
            return
        await self._app(scope, receive, self._recorder(scope, send, key))

    def _recorder(self, scope: Scope, send: Send, key: Any) -> Send:
        start: Message | None = None

        async def record(message: Message) -> None:
            nonlocal start
            await send(message)
            if message["type"] == "http.response.start":
                start = _without_id(message) if message["status"] == 200 else None
            elif start is not None and _KEY in scope and not message.get("more_body"):
                asked: _Wish = scope.pop(_KEY)
                tag = next((v for n, v in start["headers"] if n == b"etag"), b"")
                if len(message["body"]) <= _MOST_OWN_BYTES or tag:
                    answer = _Response(start, message, tag)
                    body = message["body"]
                    self._cache.put(key, answer, asked.stamp, *asked.until, body=body)

        return record


def _without_id(start: Message) -> Message:
    """A start without the id of the request it answered: it will answer others."""
    headers = [header for header in start["headers"] if header[0] != b"x-request-id"]
    return {**start, "headers": headers}


_ON_304 = frozenset({b"etag", b"cache-control", b"vary"})
