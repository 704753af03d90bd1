"""Keeps the platform's own credentials from instances: they are not for a hostile service to read.

A browser sends its cookies to every port of a host, and an agent may send its token by mistake.
Both are taken out of what a client sends before it is relayed or recorded; every other byte stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ctfy.core.credentials import COOKIES, SHORTEST_TOKEN, TOKEN_PREFIXES

_NAME = 32  # no header that matters here has a longer name
_LINE = 4096  # of a chunk's size, and of a header that says how long a body is
_TOKEN_LINE = 512

_METHOD = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_|~-]{1,32} ")
_VERSION = re.compile(rb" HTTP/1\.[0-9]\r?\n\Z")
_BEGINS_LINE = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_|~\r\n-]")
# Looked for from the line feed before a line on.
_OF_INTEREST = re.compile(
    rb"\n(?:(\r?\n)|((?:(cookie)|(authorization)|content-length|transfer-encoding)[ \t]*:))",
    re.IGNORECASE,
)
_END_OF_VALUE = re.compile(rb"\r?\n(?=[^ \t])")  # a line that begins with a blank goes on with it
_LAST_FEED = re.compile(rb"(?:\r?\n|\r)\Z")
_OWN_COOKIE = re.compile(
    rb";[ \t\r\n]*(?:%s)[ \t\r\n]*=[^;]*" % b"|".join(name.encode() for name in COOKIES)
)
_OWN_TOKEN = re.compile(
    rb"\s*bearer\s+(?:(?i:%s))[A-Za-z0-9._-]{%d,}\s*"
    % (b"|".join(prefix.encode() for prefix in TOKEN_PREFIXES), SHORTEST_TOKEN),
    re.IGNORECASE,
)


class WithoutCredentials:
    """What one client sends on one connection, in parts, without the platform's credentials.

    It follows HTTP/1 as far as that takes: where headers begin and bodies end. What is no HTTP
    goes through as it is. Nothing is held back but the beginning of a header that may have to go,
    so memory is bounded, and time is linear in what is sent.
    """

    def __init__(self) -> None:
        self._state: Callable[[bytes], bytes] = self._request_line
        self._out = bytearray()
        self._held = b""
        self._start, self._end = b"", b""  # of the request line
        self._left = 0  # of a body or a chunk, bytes
        self._name, self._dropping, self._first = b"", False, True  # of a header
        self._framing: dict[bytes, bytes] = {}

    def passed(self, chunk: bytes) -> bytes:
        """What may be passed on now that `chunk` has come."""
        rest = self._held + chunk if self._held else chunk
        self._held = b""
        self._out = bytearray()
        while rest:
            rest = self._state(rest)
        return bytes(self._out)

    def ended(self) -> bytes:
        """What was held back, when nothing more comes: a header that was never finished."""
        held, self._held = self._held, b""
        hidden = self._state in (self._cookies, self._authorization)
        return b"" if hidden else held

    # Each state takes bytes, passes on or holds back what it knows, and gives back the rest.

    def _stream(self, data: bytes) -> bytes:
        self._out += data
        return b""

    def _request_line(self, data: bytes) -> bytes:
        if not self._start and not _BEGINS_LINE.match(data):
            self._state = self._stream
            return data
        end = data.find(b"\n") + 1
        part = data[:end] if end else data
        self._out += part
        self._start = (self._start + part[:_NAME])[: _NAME + 1]
        self._end = (self._end + part[-16:])[-16:]
        if end:
            blank = not self._start.strip()
            if not blank:
                is_http = _METHOD.match(self._start) and _VERSION.search(self._end)
                self._state = self._headers if is_http else self._stream
            self._start, self._end, self._framing = b"", b"", {}
        return data[end:] if end else b""

    def _headers(self, data: bytes) -> bytes:
        """Here `data` begins a line. Lines of no interest pass at once, whatever their length."""
        scanned = b"\n" + data
        found = _OF_INTEREST.search(scanned)
        if found is None:
            begin = scanned.rfind(b"\n")  # data[begin:] is the line that is not over yet
            if len(data) - begin <= _NAME:
                self._out += data[:begin]
                self._held = data[begin:]
            else:
                self._out += data
                self._state = self._line
            return b""
        self._out += data[: found.start()]
        rest = data[found.end() - 1 :]
        blank, name, cookie, authorization = found.groups()
        if blank:
            self._out += blank
            self._end_of_headers()
        elif cookie:
            self._name, self._dropping, self._first = name, False, True
            self._state = self._cookies
            rest = b";" + rest  # as if a cookie went before: so each one follows a semicolon
        elif authorization:
            self._name, self._state = name, self._authorization
        else:
            self._out += name
            self._name, self._state = name[:-1].strip().lower(), self._length
        return rest or b""

    def _line(self, data: bytes) -> bytes:
        """The rest of a header that stays."""
        end = data.find(b"\n") + 1
        self._out += data[:end] if end else data
        if end:
            self._state = self._headers
        return data[end:] if end else b""

    def _cookies(self, data: bytes) -> bytes:
        """A Cookie header: `data` is what comes next of it, from a semicolon or within a cookie."""
        over = _END_OF_VALUE.search(data)
        value, held = (data[: over.start()] if over else data), b""
        if not over and (feed := _LAST_FEED.search(value)):  # it may be the header's end
            value, held = value[: feed.start()], feed[0]
        if self._dropping:
            value = value[value.find(b";") :] if b";" in value else b""
            self._dropping = not value
        last = value.rfind(b";")
        if not over and last >= 0:
            if b"=" not in value[last:] and len(value) - last <= 2 * _NAME:
                value, held = value[:last], value[last:] + held  # which of all, is not said yet
            else:
                self._dropping = _OWN_COOKIE.match(value, last) is not None
        kept = _OWN_COOKIE.sub(b"", value)
        if kept:
            if self._first:  # the semicolon that we put there
                self._out += self._name
                kept, self._first = kept[1:], False
            self._out += kept
        if not over:
            self._held = held
            return b""
        self._state = self._headers
        ending = data[over.start() : over.end()]
        self._out += b"" if self._first else ending
        return data[over.end() :]

    def _authorization(self, data: bytes) -> bytes:
        over = _END_OF_VALUE.search(data)
        if over is None and len(data) <= _TOKEN_LINE:
            self._held = data
            return b""
        if over is None or not _OWN_TOKEN.fullmatch(data[: over.start()]):
            self._out += self._name
            self._state = self._line
            return data
        self._state = self._headers
        return data[over.end() :]

    def _length(self, data: bytes) -> bytes:
        """A header that says how long the body is: passed on, and remembered."""
        over = data.find(b"\n") + 1
        if not over and len(data) <= _LINE:
            self._held = data
            return b""
        if not over:
            self._state = self._stream
            return data
        self._out += data[:over]
        self._framing[self._name] = data[:over].strip().lower()
        self._state = self._headers
        return data[over:]

    def _end_of_headers(self) -> None:
        coding, length = (self._framing.get(n) for n in (b"transfer-encoding", b"content-length"))
        self._framing = {}
        self._left = 0
        if coding is not None and b"chunked" in coding:
            self._state = self._chunk_size
        elif length is not None and not (length.isdigit() and len(length) < 20):
            self._state = self._stream
        elif length is not None and int(length):
            self._left, self._state = int(length), self._body
        else:
            self._state = self._request_line

    def _body(self, data: bytes) -> bytes:
        part = data[: self._left]
        self._out += part
        self._left -= len(part)
        if not self._left:
            self._state = self._request_line
        return data[len(part) :]

    def _chunk_size(self, data: bytes) -> bytes:
        over = data.find(b"\n") + 1
        if not over and len(data) <= _LINE:
            self._held = data
            return b""
        size = re.match(rb"[0-9A-Fa-f]{1,16}", data)
        if not over or size is None:
            self._state = self._stream
            return data
        self._out += data[:over]
        self._left = int(size[0], 16)
        self._state = self._chunk if self._left else self._headers  # of a trailer
        return data[over:]

    def _chunk(self, data: bytes) -> bytes:
        part = data[: self._left]
        self._out += part
        self._left -= len(part)
        if not self._left:
            self._state = self._after_chunk
        return data[len(part) :]

    def _after_chunk(self, data: bytes) -> bytes:
        end = data.find(b"\n") + 1
        self._out += data[:end] if end else data
        if end:
            self._state = self._chunk_size
        return data[end:] if end else b""
