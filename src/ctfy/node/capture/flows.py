"""Connections as flows: HTTP exchanges where both sides speak HTTP, else one TCP stream."""

from __future__ import annotations

import base64
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httptools

MOST_BODY = 1024 * 1024  # of a body or a stream; its whole length is kept beside it


@dataclass
class Message:
    """One HTTP message as it comes in. Called by the parser."""

    started_at: float = 0.0
    ended_at: float = 0.0
    line: dict[str, Any] = field(default_factory=dict)
    headers: list[list[str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    length: int = 0

    def described(self) -> dict[str, Any]:
        """The message in a flow."""
        return {
            **self.line,
            "headers": self.headers,
            **_content(bytes(self.body), self.length),
        }


def _content(kept: bytes, length: int) -> dict[str, Any]:
    try:
        text, encoding = kept.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(kept).decode(), "base64"
    return {
        "body": text,
        "body_encoding": encoding,
        "body_bytes": length,
        "truncated": length > len(kept),
    }


class _Side:
    """One direction of an HTTP connection."""

    def __init__(self, kind: type[Any], clock: Callable[[], float]) -> None:
        self._clock = clock
        self.parser = kind(self)
        self.messages: deque[Message] = deque()
        self.current = Message()

    def feed(self, chunk: bytes) -> None:
        """Parse what was sent. Raises httptools.HttpParserError when it is no HTTP."""
        self.parser.feed_data(chunk)

    def on_message_begin(self) -> None:
        self.current = Message(started_at=self._clock())

    def on_url(self, url: bytes) -> None:
        self.current.line["path"] = self.current.line.get("path", "") + url.decode("latin-1")

    def on_status(self, status: bytes) -> None:
        self.current.line["reason"] = status.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.current.headers.append([name.decode("latin-1"), value.decode("latin-1")])

    def on_headers_complete(self) -> None:
        line = self.current.line
        line["http_version"] = self.parser.get_http_version()
        if isinstance(self.parser, httptools.HttpRequestParser):
            line["method"] = self.parser.get_method().decode("latin-1")
        else:
            line["status"] = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        room = MOST_BODY - len(self.current.body)
        self.current.body += body[:room]
        self.current.length += len(body)

    def on_message_complete(self) -> None:
        self.current.ended_at = self._clock()
        if self.current.line.get("status", 200) >= 200:  # not "100 Continue", which comes before
            self.messages.append(self.current)


@dataclass
class Connection:
    """One relayed connection. `take` gives the flows that are complete."""

    service: str
    client: str
    is_http: bool
    started_at: float = field(default_factory=time.time)
    _done: list[dict[str, Any]] = field(default_factory=list)
    _stream: list[dict[str, Any]] = field(default_factory=list)
    _kept: int = 0
    _bytes: dict[str, int] = field(default_factory=lambda: {"client": 0, "service": 0})

    def __post_init__(self) -> None:
        self._opened = time.monotonic()
        self._requests = _Side(httptools.HttpRequestParser, self._now)
        self._responses = _Side(httptools.HttpResponseParser, self._now)

    def _now(self) -> float:
        """Unix seconds that only ever grow: a clock that is set meanwhile changes no duration."""
        return self.started_at + time.monotonic() - self._opened

    def data(self, chunk: bytes, *, from_client: bool) -> None:
        """What one side sent."""
        side = "client" if from_client else "service"
        self._bytes[side] += len(chunk)
        if self.is_http:
            try:
                (self._requests if from_client else self._responses).feed(chunk)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade):
                self.is_http = False  # from here on it is a stream
            else:
                self._pair()
                return
        kept = chunk[: max(0, MOST_BODY - self._kept)]
        self._kept += len(kept)
        if kept:
            self._stream.append(
                {
                    "at": self._now(),
                    "from": side,
                    **{k: v for k, v in _content(kept, len(kept)).items() if k != "truncated"},
                }
            )

    def _pair(self) -> None:
        while self._requests.messages and self._responses.messages:
            self._exchange(self._requests.messages.popleft(), self._responses.messages.popleft())

    def _exchange(self, request: Message, response: Message | None) -> None:
        ended = response.ended_at if response else self._now()
        self._done.append(
            {
                "kind": "http",
                "service": self.service,
                "client": self.client,
                "started_at": request.started_at,
                "duration_ms": round((ended - request.started_at) * 1000, 2),
                "request": request.described(),
                "response": response.described() if response else None,
            }
        )

    def closed(self) -> None:
        """Both sides are done: an unanswered request and a stream are flows, too."""
        while self._requests.messages:
            late = self._responses.current
            answered = late if late.line and not late.ended_at else None
            self._exchange(self._requests.messages.popleft(), answered)
            self._responses.current = Message()
        if self._stream:
            self._done.append(
                {
                    "kind": "tcp",
                    "service": self.service,
                    "client": self.client,
                    "started_at": self.started_at,
                    "duration_ms": round((self._now() - self.started_at) * 1000, 2),
                    "bytes_from_client": self._bytes["client"],
                    "bytes_from_service": self._bytes["service"],
                    "truncated": sum(self._bytes.values()) > self._kept,
                    "data": self._stream,
                }
            )

    def take(self) -> list[dict[str, Any]]:
        """The flows that were completed since the last call."""
        done, self._done = self._done, []
        return done
