from __future__ import annotations

import ast
import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

import ctfy.server
from tests.conftest import Arena
from tests.processes import PATIENCE_S


def post(arena: Arena, path: str, **kwargs: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {arena.admin.token}"}
    return httpx.post(f"{arena.url}/api/v1{path}", headers=headers, **kwargs)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "x@example.org"}, "password"),
        ({"email": "no address", "password": "long-enough-password"}, "email"),
        ({"email": "x@example.org", "password": "short"}, "password"),
        ({"email": "x@example.org", "password": "long-enough-password", "admin": True}, "admin"),
        ({"email": "x@example.org", "password": "long-enough\x00password"}, "body"),
    ],
)
def test_a_refused_body_names_its_field(arena: Arena, body: object, field: str) -> None:
    answer = post(arena, "/auth/register", json=body)
    assert answer.status_code == 422
    envelope = answer.json()
    assert envelope["code"] == "validation_error"
    issue = envelope["detail"]["issues"][0]
    assert field in issue["loc"]
    assert issue.keys() == {"loc", "msg", "type"}
    assert "long-enough" not in answer.text  # what was sent is not repeated: it may be a secret


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b'{"a": "\xff"}'])
def test_wrong_json_is_a_validation_error(arena: Arena, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{arena.url}/api/v1/auth/login", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) in [
        (422, "validation_error"),
        (400, "bad_request"),
    ]


def test_a_huge_body_is_refused(arena: Arena) -> None:
    answer = post(arena, "/submissions", json={"instance_id": "x", "answer": "a" * 1_000_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


def test_a_huge_body_is_refused_too_when_its_length_is_not_said(arena: Arena) -> None:
    answer = httpx.post(
        f"{arena.url}/api/v1/auth/login",
        content=iter([b"x" * 100_000] * 4),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


def test_an_unknown_path_has_the_envelope(arena: Arena) -> None:
    answer = httpx.get(f"{arena.url}/api/v1/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/competitions/%00", "/competitions?phase=%00"])
def test_nul_characters_are_refused(arena: Arena, path: str) -> None:
    answer = httpx.get(f"{arena.url}/api/v1{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")


def test_the_wrong_method_has_the_envelope(arena: Arena) -> None:
    answer = httpx.put(f"{arena.url}/api/v1/health")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


ENDLESS = {"a line": (b"GET /", b"a"), "a header": (b"GET / HTTP/1.1\r\nX: ", b"a")}
ENDLESS["headers"] = (b"GET / HTTP/1.1\r\n", b"a:b\r\n")
ENDLESS["a trailer"] = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    b"a",
)


@pytest.mark.parametrize("name", ENDLESS)
def test_a_request_that_never_comes_to_its_body_is_refused(arena: Arena, name: str) -> None:
    start, more = ENDLESS[name]
    where = urlsplit(arena.url)
    address = (where.hostname, where.port)
    with (
        socket.create_connection(address, timeout=PATIENCE_S) as client,
        contextlib.suppress(OSError),
    ):
        client.sendall(start)
        for _ in range(3000):
            client.sendall((more * 65536)[:65536])
        raise AssertionError("it was read to the end")
    assert httpx.get(f"{arena.url}/api/v1/health").status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/v1/submissions", "/api/v1/auth/login", "/mcp/", "/api/v1/nothing"]
)
def test_a_long_body_without_a_length_is_refused_everywhere(arena: Arena, path: str) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    token = arena.admin.token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        answer = httpx.post(arena.url + path, content=parts(), headers=headers, timeout=PATIENCE_S)
    except httpx.TransportError:
        return  # the connection was closed while we sent
    assert answer.status_code in (404, 405, 413)
    if answer.status_code == 413:
        assert answer.json()["code"] == "payload_too_large"


def test_no_refusal_of_the_platform_names_a_route() -> None:
    """Who reads it may hold a tool, a page or a command instead."""
    named = [
        f"{path.name}:{call.lineno} {text}"
        for path in Path(ctfy.server.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and len(call.args) > 1
        if isinstance(call.args[0], ast.Constant) and _is_code(call.args[0].value)
        for text in [ast.unparse(call.args[1])]
        if re.search(r"(^|[\s`'\"])/[a-z]|\b(GET|POST|PUT|PATCH|DELETE) ", text)
    ]
    assert named == []


def _is_code(word: object) -> bool:
    return isinstance(word, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", word) is not None
