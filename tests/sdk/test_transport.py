from __future__ import annotations

import itertools
import json
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from ctfy.core import exceptions
from ctfy.sdk import (
    BadAnswer,
    CapacityError,
    ConfigError,
    CtfyApiError,
    NotFoundError,
    PlatformClient,
    RateLimitedError,
    ValidationError,
)
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
        self.keys: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.headers.get("Authorization", "")))
        self.server.keys.append(self.headers.get("Idempotency-Key", ""))
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


BY_PROXY: Answer = (502, {}, b"<h1>Bad Gateway</h1>")
KEEPS_KEYS: Answer = (200, {}, b'{"idempotency_keys": true}')


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none is waited for."""
    asked: list[float] = []
    monkeypatch.setattr("ctfy.sdk.base.time.sleep", asked.append)
    return asked


@pytest.mark.parametrize("first", [refused(502), refused(503), refused(504), BY_PROXY, None])
def test_a_safe_request_is_repeated(server: Scripted, first: Answer | None) -> None:
    server.script = iter([first, OK])
    assert BaseHttpClient(server.url).call("GET", "/x").status_code == 200
    assert len(server.asked) == 2


@pytest.mark.parametrize("first", [refused(502), refused(503), None])
def test_a_post_that_may_have_arrived_is_not_repeated(
    server: Scripted, first: Answer | None
) -> None:
    """The second answer is that of `/health`: an older server keeps no idempotency keys."""
    server.script = iter([first, OK])
    with pytest.raises((CtfyApiError, httpx.TransportError)):
        BaseHttpClient(server.url, "t").call("POST", "/x", json={})
    assert [method for method, _ in server.asked] == ["POST", "GET"]


def test_a_post_of_nobody_is_not_repeated(server: Scripted) -> None:
    """Registered twice, it would be told that its own address is taken."""
    server.script = iter([None, KEEPS_KEYS, OK])
    with pytest.raises(httpx.TransportError):
        BaseHttpClient(server.url).call("POST", "/auth/register", json={})
    assert len(server.asked) == 1


@pytest.mark.parametrize("first", [refused(502), BY_PROXY, None])
def test_a_post_is_repeated_with_its_key_where_the_server_keeps_keys(
    server: Scripted, first: Answer | None
) -> None:
    server.script = iter([first, KEEPS_KEYS, OK])
    assert BaseHttpClient(server.url, "t").call("POST", "/x", json={}).status_code == 200
    assert server.keys[0] == server.keys[2] != ""


def test_each_post_has_a_key_of_its_own(server: Scripted) -> None:
    server.script = iter([OK, OK, OK])
    client = BaseHttpClient(server.url)
    client.call("POST", "/x")
    client.call("POST", "/x")
    client.call("POST", "/x", headers={"Idempotency-Key": "mine"})
    assert server.keys[0] != server.keys[1]
    assert server.keys[2] == "mine"


def test_a_limited_request_waits_as_it_is_told(server: Scripted, short_pauses: list[float]) -> None:
    server.script = iter([refused(429, "rate_limit", Retry_After="7"), OK])
    assert BaseHttpClient(server.url).call("POST", "/x").status_code == 200
    assert short_pauses == [7.0]


def test_what_does_not_pass_is_not_repeated(server: Scripted) -> None:
    for status, code in ((404, "c"), (500, "c"), (429, "question_attempt_cap_exceeded")):
        server.asked.clear()
        server.script = iter([refused(status, code)])
        with pytest.raises(CtfyApiError) as caught:
            BaseHttpClient(server.url).call("GET", "/x")
        assert (caught.value.status_code, caught.value.code) == (status, code)
        assert caught.value.detail["cap"] == 3
        assert len(server.asked) == 1


def test_it_gives_up_after_its_retries(server: Scripted, short_pauses: list[float]) -> None:
    server.script = itertools.repeat(refused(503))
    with pytest.raises(CtfyApiError):
        BaseHttpClient(server.url, max_retries=2).call("GET", "/x")
    assert len(server.asked) == 3
    assert 1 <= short_pauses[0] <= 2 <= short_pauses[1]


def test_a_server_that_never_answered_is_given_up(short_pauses: list[float]) -> None:
    with pytest.raises(httpx.ConnectError):
        BaseHttpClient(f"http://127.0.0.1:{free_port()}").call("POST", "/x")
    assert len(short_pauses) == 3


def test_a_server_that_has_answered_is_waited_for(
    server: Scripted, short_pauses: list[float]
) -> None:
    """Its restart takes longer than the retries that another is given."""
    server.script = iter([OK, *[BY_PROXY] * 5, *[None] * 5, OK])
    client = BaseHttpClient(server.url)
    client.call("GET", "/x")
    assert client.call("GET", "/x").status_code == 200
    assert sum(short_pauses) > 30


def test_a_public_request_gives_refusals_back(server: Scripted) -> None:
    server.script = iter([refused(404)])
    answer = PlatformClient(server.url).request("GET", "/x")
    assert answer.status_code == 404
    with pytest.raises(httpx.HTTPStatusError):
        answer.raise_for_status()


def test_a_refusal_is_caught_in_either_style(server: Scripted) -> None:
    server.script = itertools.repeat(refused(404, X_Request_ID="r1"))
    client = PlatformClient(server.url)
    with pytest.raises(httpx.HTTPStatusError) as theirs:
        client.me.get()
    assert (theirs.value.request.method, theirs.value.response.status_code) == ("GET", 404)
    with pytest.raises(exceptions.PlatformError):
        client.me.get()
    with pytest.raises(NotFoundError) as ours:
        client.me.get()
    assert (ours.value.code, ours.value.request_id) == ("c", "r1")


KINDS = [
    (refused(401), exceptions.NotAuthorizedError),
    (refused(403), exceptions.ForbiddenError),
    (refused(404), NotFoundError),
    (refused(409), exceptions.StateError),
    (refused(409, "capacity_exceeded"), CapacityError),
    (refused(503, "capacity_exceeded"), exceptions.CapacityExceededError),
    (refused(422), ValidationError),
    (refused(429), exceptions.RateLimitError),
]


@pytest.mark.parametrize(("answer", "kind"), KINDS)
def test_each_kind_of_refusal_has_its_class(
    server: Scripted, answer: Answer, kind: type[Exception]
) -> None:
    server.script = itertools.repeat(answer)
    with pytest.raises(kind) as caught:
        BaseHttpClient(server.url, max_retries=0).call("GET", "/x")
    assert isinstance(caught.value, CtfyApiError)


def test_a_refusal_survives_a_process_boundary(server: Scripted) -> None:
    server.script = iter([refused(429, "rate_limit", Retry_After="7")])
    with pytest.raises(RateLimitedError) as caught:
        BaseHttpClient(server.url, max_retries=0).call("GET", "/x")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is RateLimitedError
    assert (again.code, again.retry_after, str(again)) == ("rate_limit", 7.0, str(caught.value))


def test_a_refused_field_is_named(server: Scripted) -> None:
    issue = {"loc": ["body", "ttl"], "msg": "too long", "type": "value_error"}
    detail = {"message": "no", "issues": [issue]}
    body = json.dumps({"code": "validation_error", "detail": detail}).encode()
    server.script = iter([(422, {}, body)])
    with pytest.raises(ValidationError) as caught:
        BaseHttpClient(server.url).call("POST", "/x")
    assert [(i.loc, i.msg, i.type) for i in caught.value.issues] == [
        (("body", "ttl"), "too long", "value_error")
    ]


def test_an_answer_that_is_not_ours_still_makes_a_clear_error(server: Scripted) -> None:
    server.script = iter([(404, {}, b"<h1>nothing here</h1>")])
    with pytest.raises(CtfyApiError, match="nothing here"):
        BaseHttpClient(server.url).call("GET", "/x")


@pytest.mark.parametrize("answer", [(200, {}, b"<h1>a page</h1>"), (302, {"Location": "/y"}, b"")])
def test_what_is_no_answer_of_this_api_says_so(server: Scripted, answer: Answer) -> None:
    server.script = iter([answer])
    with pytest.raises(BadAnswer):
        PlatformClient(server.url).me.get()


def test_a_page_is_told_in_words_instead_of_markup(server: Scripted) -> None:
    server.script = iter([(404, {"Content-Type": "text/html"}, b"<h1>nothing here</h1>")])
    with pytest.raises(NotFoundError, match="a page came") as caught:
        PlatformClient(server.url).me.get()
    assert "<" not in str(caught.value)


@pytest.mark.parametrize("challenge_id", ["", ".", "..", "../me", "notes/"])
def test_an_id_that_leads_elsewhere_is_not_asked_for(server: Scripted, challenge_id: str) -> None:
    with pytest.raises(ConfigError, match="an id in it is empty, or none"):
        PlatformClient(server.url).challenges.get(challenge_id)
    assert server.asked == []


def test_events_that_are_none_end_the_stream(server: Scripted) -> None:
    server.script = iter([(200, {"Content-Type": "text/html"}, b"<h1>a page</h1>")])
    with pytest.raises(BadAnswer, match="its URL is wrong"):
        next(iter(PlatformClient(server.url).events()))


def test_a_stream_that_is_connected_again_is_logged(
    server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    told = (200, {"Content-Type": "text/event-stream"}, b"event: x\ndata: {}\n\n")
    server.script = iter([None, told])
    with caplog.at_level("WARNING", logger="ctfy"):
        assert next(iter(PlatformClient(server.url).events()))["event"] == "x"
    assert "GET /events: RemoteProtocolError" in caplog.text


def test_the_address_of_the_api_is_taken_for_that_of_the_server() -> None:
    assert PlatformClient("http://host/api/v1/").base_url == "http://host/api/v1"


def test_the_token_is_sent_as_bearer(server: Scripted) -> None:
    server.script = iter([OK])
    BaseHttpClient(server.url, "pf_secret").call("GET", "/x")
    assert server.asked == [("GET", "Bearer pf_secret")]


@pytest.mark.parametrize("token", ["pf_secret\n", " pf_secret", "pf_se cret", "pf_secret\u200b"])
def test_a_token_with_a_stray_character_is_refused_and_not_printed(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PlatformClient("http://127.0.0.1:1", token)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["127.0.0.1:8100", "localhost", "//host", "http://", "http://["])
def test_a_url_that_is_none_fails_at_once_with_the_fix(url: str) -> None:
    with pytest.raises(ConfigError, match="write 'http://"):
        PlatformClient(url)
    with pytest.raises(ValueError, match="write 'http://"):
        PlatformClient(url)


@pytest.mark.parametrize("given", [(None, ""), ("http://127.0.0.1:1", None)])
def test_a_variable_that_is_not_set_is_told(given: tuple[Any, Any]) -> None:
    with pytest.raises(ConfigError, match=r"the (token|URL of the server) is None"):
        PlatformClient(*given)


def test_what_is_repeated_is_logged(server: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    server.script = iter([None, OK])
    with caplog.at_level("WARNING", logger="ctfy"):
        BaseHttpClient(server.url, "pf_secret").call("GET", "/x")
    assert "GET /x" in caplog.text
    assert "secret" not in caplog.text


def test_a_whole_list_is_iterated_page_by_page(server: Scripted) -> None:
    def page(ids: range) -> Answer:
        items = [{"id": f"c{n}", "name": "n"} for n in ids]
        return 200, {}, json.dumps({"items": items, "total": 0, "limit": 1, "offset": 0}).encode()

    server.script = iter([page(range(100)), page(range(100, 130))])
    found = [c.id for c in PlatformClient(server.url).challenges.iterate(category="web")]
    assert found == [f"c{n}" for n in range(130)]
