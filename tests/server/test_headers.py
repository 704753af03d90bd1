"""Headers that decide something: once, or not at all."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.types import Message

from ctfy.core.request_headers import SingleHeaders
from ctfy.node.app import create_app as create_node
from tests.conftest import Arena
from tests.openapi import gets, operations
from tests.playing import start
from tests.processes import PATIENCE_S

DECIDING = [
    "Authorization",
    "Origin",
    "Content-Type",
    "Last-Event-ID",
    "Range",
    "X-Forwarded-Proto",
]


def twice(name: str, first: str, second: str) -> list[tuple[str, str]]:
    return [(name, first), (name, second)]


@pytest.fixture(scope="module")
def hidden(arena: Arena) -> tuple[str, str, str]:
    """A hidden competition that is played, one of its players' tokens, and a stranger's."""
    competition = arena.competition("notes", access="private_hidden")
    player = arena.player("Insider")
    arena.admin.admin.competition_invites.invite(competition.id, user_id=player.me.get().id)
    player.competition(competition.id).register()
    player.submissions.submit(start(player, competition.id, "notes").id, "wrong")
    return competition.id, player.token, arena.player("Stranger").token


def test_no_get_of_the_api_takes_two_tokens(arena: Arena, hidden: tuple[str, str, str]) -> None:
    competition, insider, stranger = hidden
    own = {"Authorization": f"Bearer {insider}"}
    with httpx.Client(base_url=arena.url, timeout=PATIENCE_S) as client:
        for path in gets(client, competition_id=competition, challenge_id="notes"):
            client.get(path, headers=own)  # whatever is cached for them is cached now
            for tokens in ((insider, stranger), (stranger, insider), (insider, "nobody")):
                values = [f"Bearer {token}" for token in tokens]
                answer = client.get(path, headers=twice("Authorization", *values))
                assert (answer.status_code, answer.json()["code"]) == (400, "header_repeated"), path


@pytest.mark.parametrize("name", DECIDING)
def test_a_header_that_decides_comes_once(arena: Arena, name: str) -> None:
    answer = httpx.get(f"{arena.url}/api/v1/health", headers=twice(name, "one", "two"))
    assert (answer.status_code, answer.json()["code"]) == (400, "header_repeated")
    assert answer.json()["detail"]["header"] == name.lower()


def test_every_header_that_a_route_takes_comes_once(arena: Arena) -> None:
    with httpx.Client(base_url=arena.url, timeout=PATIENCE_S) as client:
        taken = {
            parameter["name"]
            for _, _, operation in operations(client)
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "header"
        }
        assert taken
        for name in taken:
            answer = client.get("/api/v1/health", headers=twice(name, "one", "two"))
            assert answer.json().get("code") == "header_repeated", name


@pytest.mark.parametrize("name", ["Host", "Content-Length"])
def test_a_request_for_two_hosts_or_of_two_lengths_is_none(arena: Arena, name: str) -> None:
    place = urlsplit(arena.url)
    with socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S) as raw:
        raw.sendall(
            f"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\n{name}: 2\r\n{name}: 3\r\n"
            "Content-Type: application/json\r\nConnection: close\r\n\r\n{}".encode()
        )
        status = raw.makefile("rb").readline()
    assert status.split()[1] == b"400"


def test_lists_are_one_whichever_way_they_come(arena: Arena, hidden: tuple[str, str, str]) -> None:
    competition, insider, _ = hidden
    where = f"{arena.url}/api/v1/competitions/{competition}/scoreboard"
    cookies = twice("Cookie", "theme=dark", f"ctfy_session={insider}")
    first = httpx.get(where, headers=cookies)
    assert first.status_code == 200
    tags = twice("If-None-Match", first.headers["etag"], '"another"')
    for _ in range(2):  # from the route, and from the cache
        assert httpx.get(where, headers=[*cookies, *tags]).status_code == 304


async def refused(scope: dict[str, object]) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def unreachable(*_: object) -> None:
        raise AssertionError("it went through")

    await SingleHeaders(unreachable)(scope, receive, send)  # type: ignore[arg-type]
    return sent


def test_a_websocket_is_held_to_the_same() -> None:
    headers = [(b"origin", b"http://a"), (b"origin", b"http://b")]
    sent = asyncio.run(refused({"type": "websocket", "headers": headers}))
    assert (sent[0]["type"], sent[0]["status"]) == ("websocket.http.response.start", 400)


def test_a_node_takes_no_two_tokens_either() -> None:
    node = create_node(None, lambda: "own")  # type: ignore[arg-type]

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(node)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            both = twice("Authorization", "Bearer own", "Bearer another")
            return await client.get("/api/v1/instances", headers=both)

    assert asyncio.run(ask()).json()["code"] == "header_repeated"
