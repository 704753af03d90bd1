"""What was recorded is hostile input wherever it is read, and may be more than fits memory."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psutil
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from rich.console import Console

from ctfy.cli import traffic as shown
from ctfy.mcp.tools.instances import _exchange
from ctfy.node.capture.credentials import WithoutCredentials
from ctfy.node.capture.flows import Connection
from ctfy.node.capture.pcap import HEADER, Packets
from ctfy.node.capture.recorder import TRAFFIC, Recorder, flow_lines, read_flows
from ctfy.sdk import PlatformClient
from ctfy.server.models.nodes import NodeFlow
from ctfy.server.records import flows
from ctfy.server.settings import Settings
from ctfy.server.store import Store
from tests.conftest import Arena
from tests.playing import start
from tests.processes import wait_for

WORDS = [
    *(b"GET ", b"POST ", b"HTTP/1.1 200 OK\r\n", b" HTTP/1.1\r\n", b"\r\n", b"Host: [\r\n", b"?"),
    *(b"Host: ]:99999999\r\n", b"//[::1", b"%ff%00=&&;", b"Content-Length: 5\r\n", b"\x1b[2J"),
    *(b"Cookie: ctfy_session=x\r\n", b"Transfer-Encoding: chunked\r\n", b"[red]", b"\xe2\x80\xae"),
    *(
        b"5\r\nhello\r\n0\r\n\r\n",
        b"Location: \x00\r\n",
        b"Upgrade: websocket\r\n",
        b"\xed\xa0\x80",
    ),
]
said = st.lists(st.tuples(st.booleans(), st.one_of(st.sampled_from(WORDS), st.binary())))


async def one(line: bytes) -> AsyncIterator[bytes]:
    yield line


async def whole(response: Any) -> Any:
    return json.loads(b"".join([part async for part in response.body_iterator]))


def read_everywhere(line: bytes) -> None:
    """Every reader of a flow that the platform has taken from a node."""
    flow = NodeFlow.model_validate_json(line)
    items = asyncio.run(whole(flows.as_items(one(flow.line()), total=1)))["items"]
    archive = asyncio.run(whole(flows.as_har(one(flow.line()))))
    assert len(archive["log"]["entries"]) == (flow.kind == "http")
    for item in items:
        if item["kind"] == "http":
            assert _exchange(item).service == flow.service
    for terminal in (True, False):
        printed = io.StringIO()
        shown.out, before = Console(file=printed, force_terminal=terminal, width=200), shown.out
        try:
            shown.show_flows(items)
        finally:
            shown.out = before
        assert "\x1b[2J" not in printed.getvalue()


@settings(max_examples=200, deadline=None)
@given(said, st.booleans())
def test_whatever_was_said_every_reader_reads_it(
    parts: list[tuple[bool, bytes]], is_http: bool
) -> None:
    connection = Connection("web", "1.2.3.4:5", is_http=is_http)
    packets, client = Packets(("::1", 1), ("127.0.0.1", 80)), WithoutCredentials()
    file = HEADER + packets.opened()
    for from_client, chunk in parts:
        passed = client.passed(chunk) if from_client else chunk
        connection.data(passed, from_client=from_client)
        file += packets.data(passed, from_client=from_client)
    connection.closed()
    assert file + packets.closed()
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder()
        for flow in connection.take():
            recorder.append(Path(folder) / TRAFFIC, flow)
        recorder.close()
        for line in flow_lines(Path(folder) / TRAFFIC, 0, 1000, 1 << 30):
            read_everywhere(line)


HOSTS = ["[", "]", "[::1", "a b", "", "\x00", "x:99999999", "%", "http://[", "é", "@"]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(HOSTS) | st.text(), st.text(), st.text(), st.floats(0, 253_402_300_799))
def test_whatever_a_node_says_it_recorded_every_reader_reads_it(
    host: str, path: str, method: str, at: float
) -> None:
    content = {"body": path, "body_encoding": "base64", "body_bytes": -1, "truncated": False}
    request = {"headers": [["Host", host]], "path": path, "method": method, **content}
    common = {"service": host, "client": path, "started_at": at, "duration_ms": -1.5}
    for more in (
        {"kind": "http", "request": request, "response": {"headers": [], **content}},
        {"kind": "http", "request": {"headers": [], **content}},
        {"kind": "tcp"},
    ):
        try:
            line = json.dumps({**common, **more}).encode()
            NodeFlow.model_validate_json(line)
        except (ValidationError, UnicodeError):  # it is refused as a whole
            continue
        read_everywhere(line)


def test_a_host_that_is_none_does_not_break_the_archive(arena: Arena) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    ready = start(player, competition.id)
    url = ready.surface.services[0].url
    for host in HOSTS[:5]:
        httpx.get(url, headers={"Host": host})
    archive = player.instances.har(ready.id)
    assert len(archive["log"]["entries"]) == 5
    admin = arena.admin.admin.instances
    assert len(admin.har(ready.id)["log"]["entries"]) == 5
    player.instances.stop(ready.id)
    records = arena.admin.admin.records
    wait_for("the archive", lambda: records.get(ready.id).artifacts.archived_at > 0)
    assert len(records.har(ready.id)["log"]["entries"]) == 5


def test_traffic_comes_in_pages(arena: Arena) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    ready = start(player, competition.id)
    for n in range(10):
        httpx.get(f"{ready.surface.services[0].url}?n={n}")
    everything = player.instances.traffic(ready.id)["items"]
    assert len(everything) == 10
    assert player.instances.traffic(ready.id, offset=3, limit=2)["items"] == everything[3:5]
    pages: list[Any] = []
    while more := player.instances.traffic(ready.id, offset=len(pages), max_bytes=1)["items"]:
        assert len(more) == 1
        pages += more
    assert pages == everything
    assert PlatformClient(arena.url).health().status == "ok"


def test_lines_are_read_once_however_many_pages_there_are(tmp_path: Path) -> None:
    path = tmp_path / TRAFFIC
    path.write_bytes(b"".join(b'{"n":%d}\n' % n for n in range(5000)) + b'{"cut sho')
    found: list[bytes] = []
    while page := list(flow_lines(path, len(found), 100, 600)):
        found += page
    assert [json.loads(line)["n"] for line in found] == list(range(5000))
    assert read_flows(path, 4990, 100) == [{"n": n} for n in range(4990, 5000)]


def test_a_file_of_an_archive_is_read_in_parts(tmp_path: Path) -> None:
    store = Store(Settings(data_dir=tmp_path))

    async def work() -> None:
        lines = [b"%07d" % n + b"x" * 1000 for n in range(5000)]
        await store.put("a/b", one(b"".join(line + b"\n" for line in lines)))
        assert [line async for line in flows.stored(store, "a/b", 100, 5)] == lines[100:105]
        assert [line async for line in flows.stored(store, "a/none")] == []

    asyncio.run(work())


FLOW = {"kind": "http", "service": "web", "client": "c", "started_at": 1, "duration_ms": 1}
BODY = {"body_encoding": "utf-8", "body_bytes": 1 << 20, "truncated": False, "headers": []}


def test_many_readers_of_much_traffic_take_bounded_memory() -> None:
    """60 answers of 1 MB and three readers: once it took 2.4 GB."""
    text = os.urandom(1 << 19).hex()
    line = NodeFlow.model_validate(
        {**FLOW, "request": {**BODY, "body": "", "path": "/"}, "response": {**BODY, "body": text}}
    ).line()

    class Node:
        async def get_traffic(self, _: str, *, offset: int, limit: int, max_bytes: int) -> Any:
            return [NodeFlow.model_validate_json(line)] if offset < 60 else []

    async def reader() -> int:
        found = await flows.begun(flows.lines(flows.pages(Node(), "i")))  # type: ignore[arg-type]
        size = 0
        async for part in flows.as_items(found).body_iterator:
            size += len(part)
            await asyncio.sleep(0)
        return size

    async def work() -> list[int]:
        return await asyncio.gather(*(reader() for _ in range(10)))

    before = psutil.Process().memory_info().rss
    assert all(size > 60 << 20 for size in asyncio.run(work()))
    assert psutil.Process().memory_info().rss - before < 200 << 20
