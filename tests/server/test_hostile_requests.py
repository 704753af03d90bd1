"""Every route of the API with everything a request can hold: a clear refusal, or a plain answer.

The routes come from the API's own document, and what is sent from `tests/hostile_requests.py`.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from zlib import crc32

import httpx
import pytest

from ctfy.sdk import PlatformClient
from tests.conftest import ADMIN_EMAIL, PASSWORD, lone_server, sign_in
from tests.hostile_requests import (
    AUTHORIZATIONS,
    BODIES,
    CONTENT_TYPES,
    COOKIES,
    ENCODED,
    HEADERS,
    NUMBERS,
    TEXTS,
)
from tests.openapi import filled, operations
from tests.processes import PATIENCE_S

# They would end the session that asks.
_LAST = {("POST", "/api/v1/auth/logout"), ("DELETE", "/api/v1/auth/tokens/others")}
_LARGE = 8 * 1024
EVERYTHING = "CTFY_FUZZ_EXAMPLES" in os.environ
Call = tuple[str, str, list[tuple[str, bytes]], bytes]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hostile")
    with lone_server(folder) as where:
        yield where
        log = (folder / "server.log").read_text(errors="replace")
    assert "Traceback" not in log, log[log.index("Traceback") :][:6000]


@pytest.fixture(scope="module", params=["super admin", "player"])
def token(request: pytest.FixtureRequest, url: str) -> str:
    auth = PlatformClient(url).auth
    if request.param == "player":
        return auth.register("a.player@example.org", PASSWORD).token
    return auth.login(ADMIN_EMAIL, PASSWORD).token


@pytest.fixture(scope="module")
def known(url: str) -> dict[str, str]:
    """Things that there are, for what has a thing's id in its path."""
    with sign_in(url, ADMIN_EMAIL) as admin:
        cup = admin.admin.competitions.create(
            title="Cup", status="published", challenge_ids=["notes"]
        )
        told = admin.admin.announcements.create(title="Tea")
        team = admin.competition(cup.id).register()
    return {
        "competition_id": cup.id,
        "challenge_id": "notes",
        "team_id": team.id,
        "announcement_id": told.id,
        "key": "question_attempt_caps",
        "name": "token_expiry",
        "reaction": "learned",
        "achievement_id": "star_gazer",
    }


def ask(url: str, calls: list[Call], token: str = "") -> None:
    """Make the calls, and hold what each is answered to what an API may answer.

    Every third of them, the same each time; `make fuzz` makes them all.
    """
    if not EVERYTHING:
        calls = [call for call in calls if crc32(repr(call).encode()) % 3 == 0]
    own = [("Authorization", b"Bearer " + token.encode())] if token else []

    def one(client: httpx.Client, call: Call, left: int = 5) -> str:
        method, path, headers, body = call
        where = f"{url}{path}"
        try:
            with client.stream(method, where, headers=own + headers, content=body) as answer:
                status = answer.status_code
                if status < 400 or not path.startswith("/api"):
                    return "" if status < 500 else f"{status} {call!r:.300}"
                text = answer.read()
        except httpx.TransportError:
            if len(body) > _LARGE:  # refused before it was read to its end
                return ""
            if left:  # what is no HTTP ends the connection, sometimes before its answer is read
                return one(client, call, left - 1)
            raise
        try:
            fine = {"code", "detail", "timestamp"} <= json.loads(text).keys() and status < 500
        except ValueError:
            fine = text == b"Invalid HTTP request received."  # so far it was no request at all
        return "" if fine else f"{status} {text!r:.200} {call!r:.300}"

    with httpx.Client(timeout=PATIENCE_S) as client, ThreadPoolExecutor(4) as pool:
        wrong = [found for found in pool.map(lambda call: one(client, call), calls) if found]
    assert not wrong, f"{len(wrong)} of {len(calls)}:\n" + "\n".join(wrong[:20])


def documented(url: str) -> list[tuple[str, str, dict[str, Any]]]:
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
        return [o for o in operations(client) if o[:2] not in _LAST]


def schema_of(url: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The JSON object that an operation takes; empty when it takes none."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = body.get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return _schemas(url).get(name, {}) if name else schema


_known: dict[str, dict[str, Any]] = {}


def _schemas(url: str) -> dict[str, Any]:
    if url not in _known:
        _known[url] = httpx.get(f"{url}/openapi.json").json()["components"]["schemas"]
    return _known[url]


JSON = [("Content-Type", b"application/json")]


def test_bodies_that_are_none(url: str, token: str, known: dict[str, str]) -> None:
    calls = [
        (method, filled(path, known), JSON, body)
        for method, path, operation in documented(url)
        if "requestBody" in operation
        for body in BODIES.values()
    ]
    assert len(calls) > 500
    ask(url, calls, token)


def plain(schema: dict[str, Any]) -> Any:
    """A value that a field may well take."""
    kinds = [schema, *schema.get("anyOf", [])]
    for kind in kinds:
        if "enum" in kind:
            return kind["enum"][0]
    types = [kind.get("type") for kind in kinds]
    if "string" in types:
        return "hostile@example.org" if schema.get("format") == "email" else "x" * 12
    return next((v for t, v in _PLAIN.items() if t in types), {})


_PLAIN = {"integer": 1, "number": 1, "boolean": True, "array": []}


def hostile_fields(schema: dict[str, Any]) -> Iterator[bytes]:
    """Objects that are as they should be but for one field."""
    fields = schema.get("properties", {})
    needed = {name: plain(fields[name]) for name in schema.get("required", [])}
    values = [json.dumps(text) for text in TEXTS.values()]
    values += [*NUMBERS, "[[]]", "{}", "null", '{"\\ud800": "\\u0000"}', '["\\ud800"]']
    for name, value in itertools.product(fields, values):
        others = {n: json.dumps(v) for n, v in needed.items() if n != name} | {name: value}
        inner = ",".join(f"{json.dumps(n)}:{v}" for n, v in others.items())
        yield ("{" + inner + "}").encode()


def test_fields_that_hold_anything(url: str, token: str, known: dict[str, str]) -> None:
    calls = [
        (method, filled(path, known), JSON, body)
        for method, path, operation in documented(url)
        for body in hostile_fields(schema_of(url, operation))
    ]
    assert len(calls) > 1000
    ask(url, calls, token)


def test_paths_and_queries(url: str, token: str, known: dict[str, str]) -> None:
    calls: list[Call] = []
    for method, path, operation in documented(url):
        parameters = operation.get("parameters", [])
        in_query = [p["name"] for p in parameters if p["in"] == "query"]
        for value in ENCODED:
            if "{" in path:
                names = (p["name"] for p in parameters if p["in"] == "path")
                calls.append((method, filled(path, dict.fromkeys(names, value)), [], b""))
            if method == "GET" and path != "/api/v1/events":
                where = filled(path, known)
                calls += [(method, f"{where}?{name}={value}", [], b"") for name in in_query]
                calls.append((method, f"{where}?{value}=1&{value}", [], b""))
    ask(url, calls, token)


def test_headers_and_cookies(url: str, token: str) -> None:
    of_get = [filled(p, {}) for m, p, _ in documented(url) if m == "GET" and p != "/api/v1/events"]
    ask(url, [("GET", path, [header], b"") for path in of_get for header in HEADERS], token)


def test_whoever_is_nobody_says_who_they_are_oddly(url: str) -> None:
    odd = [("Authorization", a) for a in AUTHORIZATIONS] + [("Cookie", c) for c in COOKIES]
    calls = [
        (method, filled(path, {}), [header], b"")
        for method, path, _ in documented(url)
        for header in odd
        if path != "/api/v1/events" or header[0] == "Authorization"
    ]
    ask(url, calls)


def test_kinds_of_content(url: str, token: str) -> None:
    calls = [
        (method, filled(path, {}), [("Content-Type", kind)], b'{"title": "x"}')
        for method, path, operation in documented(url)
        if "requestBody" in operation
        for kind in CONTENT_TYPES
    ]
    ask(url, calls, token)
