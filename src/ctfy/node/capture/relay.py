"""TCP relays between players and services, which record what passes through."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ctfy.node.capture.bounds import (
    CONNECTIONS_OF_CLIENT,
    CONNECTIONS_OF_INSTANCE,
    IDLE_S,
    OF_CONNECTION,
    OF_INSTANCE,
    OF_NODE,
    SPARE_S,
    Budget,
    connections_of_node,
)
from ctfy.node.capture.credentials import WithoutCredentials
from ctfy.node.capture.flows import Connection
from ctfy.node.capture.pcap import HEADER, Packets
from ctfy.node.capture.recorder import (
    PACKETS,
    TRAFFIC,
    Recorder,
    count_flows,
    flow_lines,
    read_flows,
    whole_packets,
)
from ctfy.node.capture.udp import UdpRelay
from ctfy.node.inventory import read_json, write_atomically
from ctfy.server.models.instances import ServiceEndpoint, ServiceType

_CHUNK = 65536
_CONNECT_S = 30
_PORTS = "published.json"


class _Link:
    """A player's connection. Times are the loop's."""

    def __init__(self, writer: asyncio.StreamWriter, now: Callable[[], float]) -> None:
        self.writer = writer
        self.address = str((writer.get_extra_info("peername") or ("",))[0])
        self.now = now
        self.last_at = now()
        self._timer: asyncio.TimerHandle | None = None
        # A client that is gone without a word is noticed before the time is up.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    @property
    def idle(self) -> float:
        """For how long nothing was said, seconds."""
        return self.now() - self.last_at

    def watch_idle(self) -> None:
        """Close it when nothing was said for too long."""
        if self.idle >= IDLE_S:
            self.abort()
        else:
            later = asyncio.get_running_loop().call_later
            self._timer = later(IDLE_S - self.idle + 1, self.watch_idle)

    def abort(self) -> None:
        """Close it now."""
        self.writer.transport.abort()

    def over(self) -> None:
        """It is closed."""
        if self._timer is not None:
            self._timer.cancel()


@dataclass
class _Published:
    budget: Budget
    servers: list[asyncio.Server] = field(default_factory=list)
    udp: UdpRelay | None = None
    links: set[_Link] = field(default_factory=set)
    flows: int = 0
    last_at: float = 0.0


class Capture:
    """Publishes the services of instances and records their traffic.

    `public_host`: where players reach this node; empty: only this machine does. `first_port`: where
    the first service of an instance is published; 0: at any port that is free. `in_place`: each
    instance is published where the one before it was, and beside it until that is withdrawn.
    """

    def __init__(self, public_host: str, *, first_port: int = 0, in_place: bool = False) -> None:
        self._ports = {"0": first_port}
        self._in_place = in_place
        self._public_host = public_host
        self._bind = "127.0.0.1" if _is_loopback(public_host) else "0.0.0.0"  # noqa: S104 - asked for
        self._recorder = Recorder()
        self._budget = Budget(OF_NODE)
        self._published: dict[str, _Published] = {}

    @property
    def host(self) -> str:
        """The host by which players reach instances."""
        return self._public_host or self._bind

    async def publish(
        self, instance_id: str, folder: Path, services: list[ServiceEndpoint]
    ) -> list[ServiceEndpoint]:
        """Where players reach services that this machine alone reaches.

        Raises OSError when a port that was published before a restart is taken now.
        """
        before = read_json(folder / _PORTS) or {}
        already = await asyncio.to_thread(count_flows, folder / TRAFFIC)
        published = self._published[instance_id] = self._new()
        published.flows = already
        result, ports = [], dict[str, int]()
        for number, service in enumerate(services):
            key = str(number)
            server = await asyncio.start_server(
                self._handler(instance_id, folder, service),
                self._bind,
                before.get(key, self._ports.get(key, 0)),
                reuse_port=self._in_place or None,
            )
            published.servers.append(server)
            ports[key] = server.sockets[0].getsockname()[1]
            result.append(service.model_copy(update={"host": self.host, "port": ports[key]}))
        if self._in_place:
            self._ports |= ports
        write_atomically(folder / _PORTS, json.dumps(ports).encode())
        return result

    async def publish_vpn(
        self, instance_id: str, folder: Path, inner: tuple[str, int]
    ) -> tuple[str, int]:
        """Where players reach an instance's VPN server: host and port, the same after a restart.

        No service of the instance is published. Raises OSError as `publish` does.
        """
        before = read_json(folder / _PORTS) or {}
        published = self._published[instance_id] = self._new()
        front = await UdpRelay.publish(self._bind, before.get("vpn", 0), inner)
        published.udp = front
        write_atomically(folder / _PORTS, json.dumps({"vpn": front.port}).encode())
        return self.host, front.port

    def withdraw(self, instance_id: str) -> None:
        """Close an instance's ports and abort its connections."""
        published = self._published.pop(instance_id, None)
        if published is None:
            return
        for server in published.servers:
            _close(server)
        if published.udp is not None:
            published.udp.close()
        for link in list(published.links):
            link.abort()

    def _new(self) -> _Published:
        return _Published(Budget(OF_INSTANCE, self._budget))

    def counted(self, instance_id: str) -> tuple[int, float]:
        """How many flows an instance had, and when the last was, Unix seconds."""
        published = self._published.get(instance_id)
        return (published.flows, published.last_at) if published else (0, 0.0)

    async def flows(self, folder: Path, offset: int, limit: int) -> list[dict[str, Any]]:
        """What was recorded of an instance, oldest first."""
        await self._recorder.flushed()
        return await asyncio.to_thread(read_flows, folder / TRAFFIC, offset, limit)

    async def flow_lines(
        self, folder: Path, offset: int, limit: int, most_bytes: int
    ) -> Iterator[bytes]:
        """The same as lines of JSON, read as they are asked for."""
        await self._recorder.flushed()
        return flow_lines(folder / TRAFFIC, offset, limit, most_bytes)

    async def packets(self, folder: Path) -> Path | None:
        """The file of an instance's packets; None when there were none."""
        await self._recorder.flushed()
        return await asyncio.to_thread(whole_packets, folder / PACKETS)

    def close(self) -> None:
        """Close every port."""
        for instance_id in list(self._published):
            self.withdraw(instance_id)
        self._recorder.close()

    def _handler(self, instance_id: str, folder: Path, service: ServiceEndpoint) -> Any:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            published = self._published.get(instance_id)
            link = _Link(writer, asyncio.get_running_loop().time)
            if published is None or not self._admitted(published, link):
                writer.transport.abort()
                return
            published.links.add(link)
            link.watch_idle()
            try:
                await self._relay(published, folder, service, reader, link)
            finally:
                writer.close()
                link.over()
                published.links.discard(link)

        return handle

    def _admitted(self, published: _Published, new: _Link) -> bool:
        """Whether there is room for one more connection; a silent one may have to make it."""
        same = [link for link in published.links if link.address == new.address]
        everywhere = [link for other in self._published.values() for link in other.links]
        for links, most in (
            (same, CONNECTIONS_OF_CLIENT),
            (published.links, CONNECTIONS_OF_INSTANCE),
            (everywhere, connections_of_node()),
        ):
            if len(links) < most:
                continue
            silent = min(links, key=lambda link: link.last_at)
            if silent.idle < SPARE_S:
                return False
            silent.abort()
            for other in self._published.values():
                other.links.discard(silent)
        return True

    async def _relay(
        self,
        published: _Published,
        folder: Path,
        service: ServiceEndpoint,
        reader: asyncio.StreamReader,
        link: _Link,
    ) -> None:
        peer, here = (link.writer.get_extra_info(which)[:2] for which in ("peername", "sockname"))
        try:
            async with asyncio.timeout(_CONNECT_S):
                inner = await asyncio.open_connection(service.host, service.port)
        except (OSError, TimeoutError):
            return
        inner_reader, inner_writer = inner
        connection = Connection(
            service=service.label,
            client=f"{peer[0]}:{peer[1]}",
            is_http=service.service_type == ServiceType.HTTP,
            budget=Budget(OF_CONNECTION, published.budget),
        )
        packets = Packets(peer, here)
        if not (folder / PACKETS).exists():
            self._recorder.append(folder / PACKETS, HEADER)
        self._recorder.append(folder / PACKETS, packets.opened())

        async def record(from_client: bool, chunk: bytes) -> None:
            link.last_at = link.now()
            self._recorder.append(folder / PACKETS, packets.data(chunk, from_client=from_client))
            connection.data(chunk, from_client=from_client)
            self._write(published, folder, connection)
            await self._recorder.room()

        asked = WithoutCredentials()
        try:
            await asyncio.gather(
                _pump(reader, inner_writer, asked.passed, asked.ended, partial(record, True)),
                _pump(inner_reader, link.writer, _whole, bytes, partial(record, False)),
            )
        finally:
            inner_writer.close()
            connection.closed()
            self._write(published, folder, connection)
            self._recorder.append(folder / PACKETS, packets.closed())

    def _write(self, published: _Published, folder: Path, connection: Connection) -> None:
        for flow in connection.take():
            self._recorder.append(folder / TRAFFIC, flow)
            published.flows += 1
            published.last_at = time.time()


def _close(server: asyncio.Server) -> None:
    """Listen no more. Whom asyncio has just accepted is still handed over, and hung up on.

    Closed at once, it would forget them, and they would wait for an answer for ever.
    """
    loop = server.get_loop()
    for listening in server.sockets:
        loop.remove_reader(listening.fileno())
    loop.call_soon(server.close)


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine alone; without one nobody else is meant either."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host in ("", "localhost")


def _whole(chunk: bytes) -> bytes:
    return chunk


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    passed: Callable[[bytes], bytes],
    ended: Callable[[], bytes],
    record: Callable[[bytes], Awaitable[None]],
) -> None:
    with contextlib.suppress(OSError):
        more = True
        while more:
            chunk = await reader.read(_CHUNK)
            more = bool(chunk)
            if chunk := passed(chunk) if more else ended():
                writer.write(chunk)
                await record(chunk)
                await writer.drain()
        writer.write_eof()
