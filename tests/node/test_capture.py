"""What is said to an instance is relayed untouched and recorded whole."""

from __future__ import annotations

import asyncio
import base64
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctfy.node.capture.flows import MOST_BODY, Connection
from ctfy.node.capture.pcap import HEADER, Packets
from ctfy.node.capture.recorder import PACKETS, TRAFFIC, Recorder, read_flows, whole_packets
from ctfy.server.models.instances import ServiceType
from tests.available import needs
from tests.node.relayed import flows, http_server, published
from tests.processes import PATIENCE_S


def test_each_request_of_a_connection_is_a_flow_of_its_own(tmp_path: Path) -> None:
    async def work() -> None:
        async with published(tmp_path, http_server(b"hello")) as (capture, service):
            async with httpx.AsyncClient() as client:
                for path in ("/a?x=1", "/b"):
                    answer = await client.get(service.url.rstrip("/") + path)
                    assert answer.text == "hello"
                found = await flows(capture, tmp_path, 2)  # while the connection is open still
            assert [f["request"]["path"] for f in found] == ["/a?x=1", "/b"]
            assert {f["response"]["body"] for f in found} == {"hello"}
            assert {f["kind"] for f in found} == {"http"}
            assert all(f["duration_ms"] >= 0 for f in found)
            assert capture.counted("i")[0] == 2
            assert await capture.flows(tmp_path, 1, 1) == found[1:]

    asyncio.run(work())


def test_a_long_body_is_cut_and_its_length_kept(tmp_path: Path) -> None:
    body = bytes(3 * MOST_BODY)

    async def work() -> None:
        async with published(tmp_path, http_server(body)) as (capture, service):
            async with httpx.AsyncClient() as client:
                assert (await client.get(service.url)).content == body
            (flow,) = await flows(capture, tmp_path, 1)
            answer = flow["response"]
            assert (answer["body_bytes"], answer["truncated"]) == (len(body), True)
            assert len(answer["body"]) == MOST_BODY

    asyncio.run(work())


def test_what_is_no_http_is_a_stream_with_both_sides(tmp_path: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"name? ")
        writer.write(b"hi " + await reader.readline())
        writer.close()

    async def work() -> None:
        async with published(tmp_path, echo, ServiceType.TCP) as (capture, service):
            reader, writer = await asyncio.open_connection(service.host, service.port)
            writer.write(b"\xff\x00eve\n")
            assert await reader.read() == b"name? hi \xff\x00eve\n"
            writer.close()
            (flow,) = await flows(capture, tmp_path, 1, "tcp")
            assert (flow["kind"], flow["bytes_from_client"], flow["bytes_from_service"]) == (
                "tcp", 6, 15
            )  # fmt: skip
            assert {part["from"] for part in flow["data"]} == {"client", "service"}

    asyncio.run(work())


@pytest.mark.parametrize("turns", range(6))
def test_nobody_who_connects_while_it_is_withdrawn_waits_for_ever(
    tmp_path: Path, turns: int
) -> None:
    async def run() -> bytes:
        async with published(tmp_path, http_server(b"hello")) as (capture, service):
            with socket.create_connection((service.host, service.port)) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                for _ in range(turns):  # of the loop: it may have been accepted or not
                    await asyncio.sleep(0)
                capture.withdraw("i")
                client.settimeout(PATIENCE_S)
                try:
                    return await asyncio.to_thread(client.recv, 1)
                except ConnectionResetError:
                    return b""

    assert asyncio.run(run()) in (b"", b"H")


def test_a_withdrawn_instance_is_published_on_the_same_port_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with published(tmp_path, http_server(b"x")) as (capture, service):
            capture.withdraw("i")
            inner = service.model_copy(update={"port": 1})
            (again,) = await capture.publish("i", tmp_path, [inner])
            assert again.port == service.port

    asyncio.run(work())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=200)), max_size=20))
def test_no_bytes_at_all_break_the_recorder(parts: list[tuple[bool, bytes]]) -> None:
    connection = Connection("web", "1.2.3.4:5", is_http=True)
    for from_client, chunk in parts:
        connection.data(chunk, from_client=from_client)
    connection.closed()
    for flow in connection.take():
        assert flow["kind"] in ("http", "tcp")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=70_000)), max_size=6))
def test_the_packets_hold_the_streams_in_order(parts: list[tuple[bool, bytes]]) -> None:
    packets = Packets(("10.0.0.1", 40_000), ("10.0.0.2", 80))
    file = HEADER + packets.opened()
    for from_client, chunk in parts:
        file += packets.data(chunk, from_client=from_client)
    file += packets.closed()
    sent = {True: b"", False: b""}
    expected: dict[bool, int] = {}
    at = len(HEADER)
    while at < len(file):
        _, _, size, whole = struct.unpack_from("<IIII", file, at)
        packet = file[at + 16 : at + 16 + size]
        assert size == whole == struct.unpack_from(">H", packet, 2)[0]
        assert checksum(packet[:20]) == 0
        pseudo = packet[12:20] + struct.pack(">BBH", 0, 6, size - 20)
        assert checksum(pseudo + packet[20:]) == 0
        from_client = packet[12:16] == bytes([10, 0, 0, 1])
        (sequence,) = struct.unpack_from(">I", packet, 24)
        payload = packet[40:]
        flags = packet[33]
        assert expected.get(from_client, 0) == sequence
        expected[from_client] = sequence + len(payload) + bool(flags & 0x03)
        sent[from_client] += payload
        at += 16 + size
    for side in (True, False):
        assert sent[side] == b"".join(chunk for who, chunk in parts if who is side)


def checksum(content: bytes) -> int:
    if len(content) % 2:
        content += b"\0"
    total = sum(struct.unpack(f">{len(content) // 2}H", content))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nX-Odd:  two  spaces \r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nh\xc3\xa9ll\r\n3;ext=1\r\no\x00\xff\r\n0\r\n\r\n"
)
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
SCRIPTS: dict[str, list[tuple[bytes, bytes]]] = {
    "http": [
        (b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\x00\x01\xfe\xff", CHUNKED),
        (b"GET /d HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
    "websocket": [
        (
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            UPGRADED,
        ),
        (b"\x82\x85\x01\x02\x03\x04\x00\x01\x02\x03\x05", b"\x82\x05\x00\x01\xfe\xff\x05"),
    ],
    "tcp": [(b"\x00hello\xff", b"\x01" * 5000), (b"more\n", b"bye\n")],
}


@needs("tshark")
@pytest.mark.parametrize("name", SCRIPTS)
def test_what_is_recorded_is_what_was_said(name: str, tmp_path: Path) -> None:
    script = SCRIPTS[name]
    kind = ServiceType.TCP if name == "tcp" else ServiceType.HTTP
    sent, said = (b"".join(part[side] for part in script) for side in (0, 1))

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for asked, answer in script:
            assert await reader.readexactly(len(asked)) == asked
            writer.write(answer)
        writer.close()

    async def work() -> tuple[list[dict[str, Any]], Path]:
        async with published(tmp_path, play, kind) as (capture, service):
            reader, writer = await asyncio.open_connection(service.host, service.port)
            heard = b""
            for asked, answer in script:
                writer.write(asked)
                heard += await reader.readexactly(len(answer))
            assert heard == said
            assert await reader.read() == b""
            writer.close()
            wanted = (2, "http") if name == "http" else (1, "tcp")
            recorded = await flows(capture, tmp_path, *wanted)
            path = await capture.packets(tmp_path)
            assert path is not None
            return recorded, path

    found, path = asyncio.run(work())
    if name == "http":
        first, second = found
        assert content(first["request"]) == b"\x00\x01\xfe\xff"
        assert content(first["response"]) == b"h\xc3\xa9llo\x00\xff"
        assert first["response"]["headers"][0] == ["X-Odd", "two  spaces "]
        assert (second["request"]["path"], second["response"]["status"]) == ("/d", 204)
    else:
        (stream,) = [flow for flow in found if flow["kind"] == "tcp"]
        for side, expected in (("client", sent), ("service", said)):
            parts = [content(part) for part in stream["data"] if part["from"] == side]
            assert b"".join(parts) == expected
    assert payloads(path) == (sent, said)


def content(message: dict[str, Any]) -> bytes:
    body = str(message["body"])
    return base64.b64decode(body) if message["body_encoding"] == "base64" else body.encode()


def payloads(path: Path) -> tuple[bytes, bytes]:
    """What tshark finds that each side sent: the client's side spoke first."""
    command = ["tshark", "-r", str(path), "-T", "fields", "-e", "tcp.srcport", "-e", "tcp.payload"]
    shown = subprocess.run(
        [*command, "-e", "tcp.analysis.flags"], capture_output=True, text=True, check=True
    )
    sides: dict[str, bytes] = {}
    for line in shown.stdout.splitlines():
        port, payload, flags = [*line.split("\t"), "", ""][:3]
        assert not flags, f"tshark finds fault with the stream: {line}"
        sides[port] = sides.get(port, b"") + bytes.fromhex(payload)
    first, second = sides.values()
    return first, second


@needs("tshark")
def test_the_newest_packets_and_the_oldest_flows_are_kept(tmp_path: Path) -> None:
    packets = Packets(("127.0.0.1", 1), ("127.0.0.1", 2))
    sent = [packets.data(b"%03d" % n, from_client=True) for n in range(100)]
    capture, traffic = tmp_path / PACKETS, tmp_path / TRAFFIC
    recorder = Recorder(most_bytes=40 * len(sent[0]))
    recorder.append(capture, HEADER)
    for n, packet in enumerate(sent):
        recorder.append(capture, packet)
        recorder.append(traffic, {"flow": n, "body": "x" * 40})
    recorder.close()
    whole = whole_packets(capture)
    assert whole is not None
    said = subprocess.run(
        ["tshark", "-r", str(whole), "-T", "fields", "-e", "tcp.payload"],
        capture_output=True,
        text=True,
        check=True,
    )
    kept = [int(bytes.fromhex(line)) for line in said.stdout.split()]
    assert kept == list(range(100 - len(kept), 100))
    assert 20 <= len(kept) <= 40
    flows = [flow["flow"] for flow in read_flows(traffic, 0, 1000)]
    assert flows == list(range(len(flows)))
    assert 20 <= len(flows) < 100
