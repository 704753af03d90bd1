"""TCP relays between players and services, which record what passes through."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctfy.node.capture.flows import Connection
from ctfy.node.capture.pcap import HEADER, Packets
from ctfy.node.capture.recorder import (
    PACKETS,
    TRAFFIC,
    Recorder,
    count_flows,
    read_flows,
    whole_packets,
)
from ctfy.node.capture.udp import UdpRelay
from ctfy.node.inventory import read_json, write_atomically
from ctfy.server.models.instances import ServiceEndpoint, ServiceType

_CHUNK = 65536
_PORTS = "published.json"


@dataclass
class _Published:
    servers: list[asyncio.Server] = field(default_factory=list)
    udp: UdpRelay | None = None
    connections: set[asyncio.StreamWriter] = field(default_factory=set)
    flows: int = 0
    last_at: float = 0.0


class Capture:
    """Publishes the services of instances and records their traffic.

    `public_host`: where players reach this node; empty: only this machine does. `first_port`: where
    the first service of an instance is published; 0: at any port that is free.
    """

    def __init__(self, public_host: str, *, first_port: int = 0) -> None:
        self._first_port = first_port
        self._public_host = public_host
        self._bind = "0.0.0.0" if public_host else "127.0.0.1"  # noqa: S104 - asked for
        self._recorder = Recorder()
        self._published: dict[str, _Published] = {}

    async def publish(
        self, instance_id: str, folder: Path, services: list[ServiceEndpoint]
    ) -> list[ServiceEndpoint]:
        """Where players reach services that this machine alone reaches.

        Raises OSError when a port that was published before a restart is taken now.
        """
        before = read_json(folder / _PORTS) or {}
        already = await asyncio.to_thread(count_flows, folder / TRAFFIC)
        published = self._published[instance_id] = _Published(flows=already)
        result, ports = [], {}
        for number, service in enumerate(services):
            key = str(number)
            server = await asyncio.start_server(
                self._handler(instance_id, folder, service),
                self._bind,
                before.get(key, 0 if number else self._first_port),
            )
            published.servers.append(server)
            ports[key] = server.sockets[0].getsockname()[1]
            host = self._public_host or self._bind
            result.append(service.model_copy(update={"host": host, "port": ports[key]}))
        write_atomically(folder / _PORTS, json.dumps(ports).encode())
        return result

    async def publish_vpn(
        self, instance_id: str, folder: Path, inner: tuple[str, int]
    ) -> tuple[str, int]:
        """Where players reach an instance's VPN server: host and port, the same after a restart.

        No service of the instance is published. Raises OSError as `publish` does.
        """
        before = read_json(folder / _PORTS) or {}
        published = self._published[instance_id] = _Published()
        front = await UdpRelay.publish(self._bind, before.get("vpn", 0), inner)
        published.udp = front
        write_atomically(folder / _PORTS, json.dumps({"vpn": front.port}).encode())
        return self._public_host or self._bind, front.port

    def withdraw(self, instance_id: str) -> None:
        """Close an instance's ports and abort its connections."""
        published = self._published.pop(instance_id, None)
        if published is None:
            return
        for server in published.servers:
            server.close()
        if published.udp is not None:
            published.udp.close()
        for connection in list(published.connections):
            connection.transport.abort()

    def counted(self, instance_id: str) -> tuple[int, float]:
        """How many flows an instance had, and when the last was, Unix seconds."""
        published = self._published.get(instance_id)
        return (published.flows, published.last_at) if published else (0, 0.0)

    async def flows(self, folder: Path, offset: int, limit: int) -> list[dict[str, Any]]:
        """What was recorded of an instance, oldest first."""
        await self._recorder.flushed()
        return await asyncio.to_thread(read_flows, folder / TRAFFIC, offset, limit)

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
            if published is None:
                writer.close()
                return
            published.connections.add(writer)
            try:
                await self._relay(published, folder, service, reader, writer)
            finally:
                writer.close()
                published.connections.discard(writer)

        return handle

    async def _relay(
        self,
        published: _Published,
        folder: Path,
        service: ServiceEndpoint,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        peer = writer.get_extra_info("peername")[:2]
        here = writer.get_extra_info("sockname")[:2]
        try:
            inner_reader, inner_writer = await asyncio.open_connection(service.host, service.port)
        except OSError:
            return
        connection = Connection(
            service=service.label,
            client=f"{peer[0]}:{peer[1]}",
            is_http=service.service_type == ServiceType.HTTP,
        )
        packets = Packets(peer, here)
        if not (folder / PACKETS).exists():
            self._recorder.append(folder / PACKETS, HEADER)
        self._recorder.append(folder / PACKETS, packets.opened())

        def note(chunk: bytes, from_client: bool) -> None:
            self._recorder.append(folder / PACKETS, packets.data(chunk, from_client=from_client))
            connection.data(chunk, from_client=from_client)
            self._write(published, folder, connection)

        try:
            await asyncio.gather(
                _pump(reader, inner_writer, lambda chunk: note(chunk, True)),
                _pump(inner_reader, writer, lambda chunk: note(chunk, False)),
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


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Any) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            note(chunk)
            await writer.drain()
        writer.write_eof()
