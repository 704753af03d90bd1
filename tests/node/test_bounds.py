"""Whoever speaks through a relay, or to the node itself, gets no more than a bounded part of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctfy.node.app import MAX_BODY
from ctfy.node.capture import bounds
from ctfy.node.capture.bounds import Budget
from ctfy.node.capture.flows import Connection
from ctfy.node.capture.recorder import TRAFFIC, Recorder, read_flows
from ctfy.node.capture.udp import UdpRelay
from tests.node.relayed import flows, http_server, published
from tests.processes import PATIENCE_S

MB = 1024 * 1024
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
ENDLESS = {
    "a request line": (b"GET /", b"a"),
    "a header": (HEAD + b"X: ", b"a"),
    "a header's name": (HEAD, b"a"),
    "headers": (HEAD, b"a:b\r\n"),
    "blank headers": (HEAD, b"a:\n"),
    "a cookie": (HEAD + b"Cookie: ", b"a=b; "),
    "a chunk's extension": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;", b"a"),
    "a trailer": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a:b\r\n"),
    "a trailer's value": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"a"),
    "requests": (b"", HEAD + b"\r\n"),
    "requests with bodies": (b"", HEAD + b"Content-Length: 60000\r\n\r\n" + b"a" * 60_000),
    "blank lines": (b"", b"\r\n"),
    "a status line": (b"HTTP/1.1 200 ", b"a"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "no HTTP": (b"\x00", b"\x00"),
}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("from_client", [True, False])
def test_memory_and_time_are_bounded_whatever_never_ends(name: str, from_client: bool) -> None:
    start, more = ENDLESS[name]
    connection = Connection("web", "1.2.3.4:5", is_http=True)
    connection.data(start, from_client=from_client) if start else None
    chunk = (more * (65536 // len(more) + 1))[: 65536 // len(more) * len(more)]
    before, spent = psutil.Process().memory_info().rss, []
    for _ in range(2):
        begun = time.process_time()
        for _ in range(200):
            connection.data(chunk, from_client=from_client)
            connection.take()
        spent.append(time.process_time() - begun)
    assert connection.budget.taken <= bounds.OF_CONNECTION
    assert psutil.Process().memory_info().rss - before < 48 * MB
    assert spent[1] < 4 * spent[0] + 0.5  # twice as much takes twice as long, not four times
    connection.closed()
    assert connection.budget.taken == 0


def test_what_is_beyond_a_bound_arrives_whole_and_is_recorded_as_a_stream(tmp_path: Path) -> None:
    heard = bytearray()
    line = b"GET /" + b"a" * (3 * MB) + b" HTTP/1.1\r\nHost: x\r\n\r\n"

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while len(heard) < len(line):
            heard.extend(await reader.read(65536))
        writer.write(b"HTTP/1.1 414 URI Too Long\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def work() -> None:
        async with published(tmp_path, take) as (capture, service):
            reader, writer = await asyncio.open_connection(service.host, service.port)
            writer.write(line)
            assert b"414" in await reader.read()
            writer.close()
            assert heard == line
            while not (found := await flows(capture, tmp_path)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert [flow["kind"] for flow in found] == ["tcp"]
            assert found[0]["truncated"]
            assert found[0]["bytes_from_client"] == len(line)

    asyncio.run(work())


def test_a_big_download_is_no_error(tmp_path: Path) -> None:
    body = random.Random(1).randbytes(30 * MB)

    async def work() -> None:
        async with published(tmp_path, http_server(body)) as (capture, service):
            async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
                assert (await client.get(service.url)).content == body
            (flow,) = await flows(capture, tmp_path)
            assert (flow["kind"], flow["response"]["body_bytes"]) == ("http", len(body))
            assert flow["response"]["truncated"]

    asyncio.run(work())


def test_one_address_holds_a_bounded_number_of_connections_and_others_still_get_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctfy.node.capture.relay.SPARE_S", 0.2)

    async def work() -> None:
        async with published(tmp_path, http_server(b"hello")) as (capture, service):
            links = capture._published["i"].links
            idle = [
                await asyncio.open_connection(service.host, service.port)
                for _ in range(bounds.CONNECTIONS_OF_CLIENT + 50)
            ]
            async with httpx.AsyncClient() as client:
                async with asyncio.timeout(PATIENCE_S):
                    while True:  # until one of the others was silent for long enough
                        try:
                            assert (await client.get(service.url)).text == "hello"
                            break
                        except httpx.TransportError:
                            await asyncio.sleep(0.05)
                assert len(links) <= bounds.CONNECTIONS_OF_CLIENT
            for _, writer in idle:
                writer.close()

    asyncio.run(work())


def test_a_silent_connection_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctfy.node.capture.relay.IDLE_S", 0.2)

    async def work() -> None:
        async with published(tmp_path, http_server(b"hello")) as (_, service):
            reader, writer = await asyncio.open_connection(service.host, service.port)
            async with asyncio.timeout(PATIENCE_S):
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
            writer.close()

    asyncio.run(work())


def test_many_addresses_do_not_fill_a_udp_relay() -> None:
    async def work() -> None:
        relay = await UdpRelay.publish("127.0.0.1", 0, ("127.0.0.1", 9))
        try:
            for n in range(5000):
                relay.datagram_received(b"x", (f"10.0.{n % 50}.{n % 250}", 1024 + n))
            async with asyncio.timeout(PATIENCE_S):
                while relay._opening:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert len(relay._upstreams) <= 256
            assert len(relay._last_seen) <= 256
        finally:
            relay.close()

    asyncio.run(work())


def test_what_an_instance_leaves_on_the_disk_is_bounded_and_says_where_it_ends(
    tmp_path: Path,
) -> None:
    recorder = Recorder(most_bytes=MB)
    said = {"body": "x" * 20_000, "body_encoding": "utf-8", "body_bytes": 20_000}
    flow = {"kind": "http", "request": {"path": "/", **said, "truncated": False}, "response": None}
    for _ in range(1000):
        recorder.append(tmp_path / TRAFFIC, flow)
    recorder.close()
    assert (tmp_path / TRAFFIC).stat().st_size <= MB
    kept = read_flows(tmp_path / TRAFFIC, 0, 10_000)
    whole = [not one["request"]["truncated"] for one in kept]
    assert whole == sorted(whole, reverse=True)
    assert 0 < sum(whole) < len(whole)
    assert {one["request"]["body"] for one in kept[sum(whole) :]} == {""}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 500)), max_size=50))
def test_a_budget_is_never_overdrawn(steps: list[tuple[bool, int]]) -> None:
    whole = Budget(1000)
    parts = [Budget(700, whole), Budget(700, whole)]
    for first, wanted in steps:
        part = parts[first]
        if wanted % 3:
            assert 0 <= part.take(wanted) <= wanted
        else:
            part.give(min(wanted, part.taken))
        assert all(one.taken <= 700 for one in parts)
        assert whole.taken == sum(one.taken for one in parts) <= 1000


class _Unread:
    """A body that nobody should read."""

    def __init__(self) -> None:
        self.sent = 0

    def __iter__(self) -> Any:
        for _ in range(200):
            self.sent += MB
            yield bytes(MB)


@pytest.fixture
def node_url(tmp_path: Path) -> Any:
    from tests.processes import Process, free_port, wait_for

    port = free_port()
    process = Process(
        [
            *("node", "join", "--no-register", "--provider", "sandbox"),
            *("--data-dir", str(tmp_path / "node"), "--port", str(port)),
        ],
        {"CTFY_NODE_OWN_TOKEN": "secret"},
        tmp_path / "node.log",
    )
    process.start()
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/api/v1/health").status_code == 200
        except httpx.TransportError:
            return False

    wait_for("the node", answers)
    yield url, process
    process.kill()


def test_a_node_reads_no_body_of_a_stranger_and_no_long_one_of_anybody(node_url: Any) -> None:
    url, process = node_url
    order = f"{url}/api/v1/instances"
    stranger = _Unread()
    answer = refused(order, stranger, {})
    assert answer in (401, None)
    assert stranger.sent < 50 * MB
    for headers in ({}, {"Content-Length": str(200 * MB)}):
        mine = {"Authorization": "Bearer secret", **headers}
        assert refused(order, _Unread(), mine) in (413, None)
    small = httpx.post(order, json={}, headers={"Authorization": "Bearer secret"})
    assert small.status_code == 422
    long = httpx.post(
        order, content=bytes(MAX_BODY + 1), headers={"Authorization": "Bearer secret"}
    )
    assert long.json()["code"] == "payload_too_large"
    assert psutil.Process(process.popen.pid).memory_info().rss < 400 * MB
    address = ("127.0.0.1", int(url.rpartition(":")[2]))
    with socket.create_connection(address) as endless, contextlib.suppress(OSError):
        endless.sendall(b"GET /")
        for _ in range(2000):
            endless.sendall(b"a" * 65536)
        raise AssertionError("it was read to the end")


def refused(url: str, body: _Unread, headers: dict[str, str]) -> int | None:
    """The status of a POST; None when the connection ended while the body was sent."""
    try:
        return httpx.post(url, content=iter(body), headers=headers, timeout=PATIENCE_S).status_code
    except httpx.TransportError:
        return None
