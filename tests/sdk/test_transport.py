from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from ctfy.sdk import CtfyApiError
from ctfy.sdk.base import BaseHttpClient
from tests.processes import free_port

Answer = tuple[int, dict[str, str], bytes]
OK: Answer = (200, {}, b"{}")


class Scripted(ThreadingHTTPServer):
    """A real server that answers what a test wrote down, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: Iterator[Answer | None] = iter(())
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.headers.get("Authorization", "")))
        scripted = next(self.server.script)
        if scripted is None:  # hang up without a word
            self.close_connection = True
            return
        status, headers, body = scripted
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as scripted:
        threading.Thread(target=scripted.serve_forever, daemon=True).start()
        yield scripted
        scripted.shutdown()


def refused(status: int, code: str = "c", **headers: str) -> Answer:
    body = json.dumps({"code": code, "detail": {"message": "no", "cap": 3}, "timestamp": "t"})
    return status, {k.replace("_", "-"): v for k, v in headers.items()}, body.encode()


@pytest.mark.parametrize("first", [refused(502), refused(503), refused(504), None])
def test_a_safe_request_is_repeated(server: Scripted, first: Answer | None) -> None:
    server.script = iter([first, OK])
    assert BaseHttpClient(server.url).request("GET", "/x").status_code == 200
    assert len(server.asked) == 2


@pytest.mark.parametrize("first", [refused(502), refused(503), None])
def test_a_post_that_may_have_arrived_is_not_repeated(
    server: Scripted, first: Answer | None
) -> None:
    server.script = iter([first, OK])
    with pytest.raises((CtfyApiError, httpx.TransportError)):
        BaseHttpClient(server.url).request("POST", "/x", json={})
    assert len(server.asked) == 1


def test_a_limited_request_waits_as_it_is_told(server: Scripted) -> None:
    server.script = iter([refused(429, "rate_limit", Retry_After="1"), OK])
    assert BaseHttpClient(server.url).request("POST", "/x").status_code == 200
    assert len(server.asked) == 2


def test_what_does_not_pass_is_not_repeated(server: Scripted) -> None:
    for status, code in ((404, "c"), (500, "c"), (429, "question_attempt_cap_exceeded")):
        server.asked.clear()
        server.script = iter([refused(status, code)])
        with pytest.raises(CtfyApiError) as caught:
            BaseHttpClient(server.url).request("GET", "/x")
        assert (caught.value.status_code, caught.value.code) == (status, code)
        assert caught.value.detail["cap"] == 3
        assert len(server.asked) == 1


def test_it_gives_up_after_its_retries(server: Scripted) -> None:
    server.script = itertools.repeat(refused(503))
    with pytest.raises(CtfyApiError):
        BaseHttpClient(server.url, max_retries=2).request("GET", "/x")
    assert len(server.asked) == 3


def test_a_server_that_is_not_there_is_a_transport_error() -> None:
    with pytest.raises(httpx.ConnectError):
        BaseHttpClient(f"http://127.0.0.1:{free_port()}", max_retries=1).request("POST", "/x")


def test_an_answer_that_is_not_ours_still_makes_a_clear_error(server: Scripted) -> None:
    server.script = iter([(404, {}, b"<h1>nothing here</h1>")])
    with pytest.raises(CtfyApiError, match="nothing here"):
        BaseHttpClient(server.url).request("GET", "/x")


def test_the_token_is_sent_as_bearer(server: Scripted) -> None:
    server.script = iter([OK])
    BaseHttpClient(server.url, "pf_secret").request("GET", "/x")
    assert server.asked == [("GET", "Bearer pf_secret")]
