"""HTTP to clients of any kind: bounds on what they send, and on how long they take."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST_HEAD = 128 * 1024  # bytes, of a request to the platform
_MOST_HEADERS = 256
# How long, in seconds, a client may take for a request's line and headers; may send nothing of a
# body; may read nothing of an answer. nginx has 60 for each; browsers open connections ahead.
_HEAD_S = 30.0
_BODY_S = 60.0
_ANSWER_S = 60.0


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's HTTP, which reads and waits for its clients without end, with an end to both.

    Refuses a request whose line and headers are longer than `_MOST_HEAD`.
    Hangs up on who neither sends what is awaited nor reads what is answered.
    """

    _unread = 0  # bytes since a head or a part of a body was whole
    _in_head = True
    _asking = True  # a request of theirs is not whole
    _sending: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request."""
        super().connection_made(transport)
        self._sending = self.loop.call_later(_HEAD_S, self._hang_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        if self._reading:
            self._reading.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; each part of a body has its time, a head has it as a whole."""
        self._unread += len(data)
        super().data_received(data)
        if self._unread > _MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("Request line and headers are too long.")
        if not self._asking:
            self._stop_waiting()
        elif not self._in_head:
            self._stop_waiting()
            self._sending = self.loop.call_later(_BODY_S, self._hang_up)
        elif self._sending is None:
            self._sending = self.loop.call_later(_HEAD_S, self._hang_up)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._asking = self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header. Raises ValueError at one too many."""
        super().on_header(name, value)
        if len(self.headers) > _MOST_HEADERS:
            raise ValueError("too many headers")  # which the parser makes a 400

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._unread = 0
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body is whole."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._unread = 0
        self._asking = False
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._reading = self.loop.call_later(_ANSWER_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The client read."""
        if self._reading:
            self._reading.cancel()
            self._reading = None
        super().resume_writing()

    def _stop_waiting(self) -> None:
        if self._sending:
            self._sending.cancel()
            self._sending = None

    def _hang_up(self) -> None:
        if self.flow.read_paused:  # it is we who do not read
            self._sending = self.loop.call_later(_BODY_S, self._hang_up)
        else:
            self.transport.abort()
