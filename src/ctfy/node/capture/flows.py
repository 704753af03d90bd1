"""Connections as flows: HTTP exchanges where both sides speak HTTP, else one TCP stream.

Whoever speaks may be hostile. Beyond a bound (`bounds.py`) what passes is no HTTP any more but a
stream, of which the beginning is kept.
"""

from __future__ import annotations

import base64
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httptools

from ctfy.node.capture.bounds import (
    MOST_BODY,
    MOST_HEAD,
    MOST_HEADERS,
    MOST_PARTS,
    MOST_WAITING,
    OF_CONNECTION,
    OF_HEADER,
    Budget,
)


class TooMuch(Exception):
    """A message is beyond a bound."""


@dataclass
class Message:
    """One HTTP message as it comes in. Called by the parser."""

    started_at: float = 0.0
    ended_at: float = 0.0
    path: bytearray = field(default_factory=bytearray)
    line: dict[str, Any] = field(default_factory=dict)
    headers: list[list[str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    length: int = 0
    taken: int = 0

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
    """One direction of an HTTP connection. The parser turns what it raises into its own error."""

    def __init__(self, kind: type[Any], clock: Callable[[], float], budget: Budget) -> None:
        self._clock = clock
        self._budget = budget
        self._unparsed = 0  # bytes since anything was over: of a head, of a chunk's extension
        self.parser = kind(self)
        self.messages: deque[Message] = deque()
        self.current = Message()

    def feed(self, chunk: bytes) -> None:
        """Parse what was sent.

        Raises httptools.HttpParserError when it is no HTTP, and TooMuch.
        """
        self._unparsed += len(chunk)
        self.parser.feed_data(chunk)
        if self._unparsed > MOST_HEAD:
            raise TooMuch

    def on_message_begin(self) -> None:
        self.current = Message(started_at=self._clock())
        self._take(OF_HEADER)

    def on_url(self, url: bytes) -> None:
        self._take(len(url))
        self.current.path += url

    def on_status(self, status: bytes) -> None:
        self._take(len(status))
        line = self.current.line
        line["reason"] = line.get("reason", "") + status.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._take(OF_HEADER + len(name) + len(value))
        self.current.headers.append([name.decode("latin-1"), value.decode("latin-1")])
        if len(self.current.headers) > MOST_HEADERS:
            raise TooMuch

    def _take(self, size: int) -> None:
        given = self._budget.take(size)
        self.current.taken += given
        if given < size:
            raise TooMuch

    def on_headers_complete(self) -> None:
        self._unparsed = 0
        line = self.current.line
        line["http_version"] = self.parser.get_http_version()
        if isinstance(self.parser, httptools.HttpRequestParser):
            line["path"] = self.current.path.decode("latin-1")
            line["method"] = self.parser.get_method().decode("latin-1")
        else:
            line["status"] = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        room = self._budget.take(min(len(body), MOST_BODY - len(self.current.body)))
        self.current.taken += room
        self.current.body += body[:room]
        self.current.length += len(body)

    def on_message_complete(self) -> None:
        self._unparsed = 0
        self.current.ended_at = self._clock()
        if self.current.line.get("status", 200) < 200:  # "100 Continue", which comes before
            self._budget.give(self.current.taken)
            return
        self.messages.append(self.current)
        if len(self.messages) > MOST_WAITING:
            raise TooMuch


@dataclass
class Connection:
    """One relayed connection. `take` gives the flows that are complete."""

    service: str
    client: str
    is_http: bool
    budget: Budget = field(default_factory=lambda: Budget(OF_CONNECTION))
    started_at: float = field(default_factory=time.time)
    _done: list[dict[str, Any]] = field(default_factory=list)
    _stream: list[tuple[float, str, bytearray]] = field(default_factory=list)
    _kept: int = 0
    _bytes: dict[str, int] = field(default_factory=lambda: {"client": 0, "service": 0})

    def __post_init__(self) -> None:
        self._opened = time.monotonic()
        self._requests = _Side(httptools.HttpRequestParser, self._now, self.budget)
        self._responses = _Side(httptools.HttpResponseParser, self._now, self.budget)

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
            except (httptools.HttpParserError, httptools.HttpParserUpgrade, TooMuch):
                self._become_stream()
            else:
                self._pair()
                return
        room = MOST_BODY - self._kept if len(self._stream) < MOST_PARTS else 0
        kept = chunk[: self.budget.take(min(len(chunk), room))]
        self._kept += len(kept)
        if kept and self._stream and self._stream[-1][1] == side and self._goes_on():
            self._stream[-1][2].extend(kept)
        elif kept:
            self._stream.append((self._now(), side, bytearray(kept)))

    def _goes_on(self) -> bool:
        """Whether what comes now belongs to the part before it."""
        return self._now() - self._stream[-1][0] < 0.05

    def _pair(self) -> None:
        while self._requests.messages and self._responses.messages:
            self._exchange(self._requests.messages.popleft(), self._responses.messages.popleft())

    def _become_stream(self) -> None:
        """From here on nothing is parsed; what was is written down as it is."""
        self._pair()
        self._end_http()
        self.is_http = False
        self.budget.give(self.budget.taken)
        self._responses.messages.clear()
        self._requests.current, self._responses.current = Message(), Message()

    def _end_http(self) -> None:
        while self._requests.messages:
            late = self._responses.current
            answered = late if late.line and not late.ended_at else None
            self._exchange(self._requests.messages.popleft(), answered)
            self._responses.current = Message()

    def _exchange(self, request: Message, response: Message | None) -> None:
        ended = response.ended_at or self._now() if response else self._now()
        self.budget.give(request.taken + (response.taken if response else 0))
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
        self._end_http()
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
                    "data": [_part(*part) for part in self._stream],
                }
            )
        self.budget.give(self.budget.taken)

    def take(self) -> list[dict[str, Any]]:
        """The flows that were completed since the last call."""
        done, self._done = self._done, []
        return done


def _part(at: float, side: str, kept: bytearray) -> dict[str, Any]:
    content = _content(bytes(kept), len(kept))
    del content["truncated"]
    return {"at": at, "from": side, **content}
