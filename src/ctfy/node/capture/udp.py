"""A UDP relay: publishes the VPN server of an instance at a port of this machine."""

from __future__ import annotations

import asyncio
from typing import Any

_IDLE_S = 120.0
_MAX_CLIENTS = 256
_OF_ADDRESS = 64  # ports of one address
_UNSENT = 256 * 1024  # bytes that wait for a socket; what comes then is lost, as datagrams are

Address = tuple[str, int]


class _Upstream(asyncio.DatagramProtocol):
    """The socket that carries one client's datagrams to the inner port, and the answers back."""

    def __init__(self, front: UdpRelay, client: Address) -> None:
        self._front, self._client = front, client

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._front.answer(data, self._client)


class UdpRelay(asyncio.DatagramProtocol):
    """Relays between clients and one inner port, with a socket per client.

    There are 256 sockets at most, 64 for one address. One whose client is silent for 120 s is
    closed when a new client comes.
    """

    def __init__(self, inner: Address) -> None:
        self._inner = inner
        self._public: asyncio.DatagramTransport | None = None
        self._upstreams: dict[Address, asyncio.DatagramTransport] = {}
        self._last_seen: dict[Address, float] = {}
        self._opening: set[Address] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def publish(cls, bind: str, port: int, inner: Address) -> UdpRelay:
        """Listen on a port; 0 is any free one. Raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        _, front = await loop.create_datagram_endpoint(lambda: cls(inner), local_addr=(bind, port))
        return front

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._public is not None  # noqa: S101 - published
        return int(self._public.get_extra_info("sockname")[1])

    def connection_made(self, transport: Any) -> None:
        """The public port is bound."""
        self._public = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """A client sent a datagram: pass it on."""
        client: Address = (addr[0], addr[1])
        now = asyncio.get_running_loop().time()
        upstream = self._upstreams.get(client)
        if upstream is not None:
            self._last_seen[client] = now
            _send(upstream, data)
        elif client not in self._opening:
            self._close_idle(now)
            if not self._has_room(client):
                return
            self._last_seen[client] = now
            self._opening.add(client)
            task = asyncio.get_running_loop().create_task(self._open(client, data))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _has_room(self, client: Address) -> bool:
        known = [*self._upstreams, *self._opening]
        of_address = sum(address == client[0] for address, _ in known)
        return len(known) < _MAX_CLIENTS and of_address < _OF_ADDRESS

    async def _open(self, client: Address, first: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            upstream, _ = await loop.create_datagram_endpoint(
                lambda: _Upstream(self, client), remote_addr=self._inner
            )
            self._upstreams[client] = upstream
            _send(upstream, first)
        finally:
            self._opening.discard(client)

    def answer(self, data: bytes, client: Address) -> None:
        """Send an answer of the inner port to its client."""
        if self._public is not None:
            _send(self._public, data, client)

    def _close_idle(self, now: float) -> None:
        for client in [c for c, seen in self._last_seen.items() if now - seen > _IDLE_S]:
            del self._last_seen[client]
            if upstream := self._upstreams.pop(client, None):
                upstream.close()

    def close(self) -> None:
        """Close the port and every client's socket."""
        for task in list(self._tasks):
            task.cancel()
        for upstream in self._upstreams.values():
            upstream.close()
        self._upstreams.clear()
        if self._public is not None:
            self._public.close()


def _send(transport: Any, data: bytes, to: Address | None = None) -> None:
    if transport.get_write_buffer_size() < _UNSENT:
        transport.sendto(data, to)
