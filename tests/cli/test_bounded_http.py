"""A client that does not send, or does not read, holds nothing for long."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
import websockets.sync.client

from ctfy.cli.operator import bounded_http
from tests.processes import PATIENCE_S, free_port, wait_for

SHORT_S = 1.5
LARGE = b"x" * 50_000_000  # more than the buffers of both ends hold


class Application:
    """Answers with a body's length, or with much; counts the answers under way."""

    under_way = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": (await receive())["text"]})
        if scope["type"] != "http":
            return
        self.under_way += 1
        try:
            length, more = 0, True
            while more:
                message = await receive()
                more = message.get("more_body", False)
                length += len(message.get("body", b""))
            body = LARGE if scope["path"] == "/large" else str(length).encode()
            headers = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            for start in range(0, len(body), 100_000):
                part = body[start : start + 100_000]
                more = start + len(part) < len(body)
                await send({"type": "http.response.body", "body": part, "more_body": more})
        finally:
            self.under_way -= 1


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Application, int]]:
    for name in ("_HEAD_S", "_BODY_S", "_ANSWER_S"):
        monkeypatch.setattr(bounded_http, name, SHORT_S)
    app, port = Application(), free_port()
    config = uvicorn.Config(
        app, port=port, http=bounded_http.BoundedHttp, lifespan="off", log_config=None
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        wait_for("the server", lambda: running.started)
        yield app, port
    finally:
        running.should_exit = True
        thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def hung_up(client: socket.socket) -> bool:
    """Whether the other end closes the connection, after whatever it still says."""
    try:
        while client.recv(65_536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: here\r\n",
        b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nhalf",
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\nGET / HTTP/1.1\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "half a second head"],
)
def test_who_stops_in_a_request_is_hung_up_on(server: tuple[Application, int], sent: bytes) -> None:
    app, port = server
    with connect(port) as client:
        client.sendall(sent)
        assert hung_up(client)
    wait_for("nothing is under way", lambda: app.under_way == 0)


def test_a_head_in_drops_is_hung_up_on(server: tuple[Application, int]) -> None:
    _, port = server
    with connect(port) as client, contextlib.suppress(ConnectionError):
        for letter in b"GET /" + b"a" * 100:
            client.sendall(bytes([letter]))
            time.sleep(SHORT_S / 5)
        pytest.fail("it went on listening")


def test_a_body_that_goes_on_arriving_may_take_its_time(server: tuple[Application, int]) -> None:
    _, port = server
    with connect(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 12\r\n\r\n")
        for _ in range(12):  # twice as long as may pass between two parts
            client.sendall(b"x")
            time.sleep(SHORT_S / 6)
        assert client.recv(1000).endswith(b"\r\n\r\n12")


def test_who_reads_nothing_of_an_answer_is_hung_up_on(server: tuple[Application, int]) -> None:
    app, port = server
    with connect(port) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
        wait_for("the answer is under way", lambda: app.under_way == 1)
        wait_for("nothing is under way", lambda: app.under_way == 0)


def test_who_reads_slowly_gets_the_whole_answer(server: tuple[Application, int]) -> None:
    _, port = server
    with connect(port) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        read, began = 0, time.monotonic()
        while part := client.recv(1_000_000):
            read += len(part)
            if time.monotonic() - began < 3 * SHORT_S:
                time.sleep(SHORT_S / 10)
        assert read > len(LARGE)


def test_a_websocket_may_be_silent(server: tuple[Application, int]) -> None:
    _, port = server
    with websockets.sync.client.connect(f"ws://127.0.0.1:{port}") as client:
        time.sleep(2 * SHORT_S)
        client.send("still here")
        assert client.recv(timeout=PATIENCE_S) == "still here"
