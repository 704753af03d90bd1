"""A port for datagrams in front of one on this machine's loopback: how a VPN is published."""

from __future__ import annotations

import asyncio
from typing import Any

_IDLE_S = 120.0
_MOST_CLIENTS = 256

Address = tuple[str, int]


class _Back(asyncio.DatagramProtocol):
    """The way of one client's datagrams to the inner port, and back."""

    def __init__(self, front: Datagrams, client: Address) -> None:
        self._front, self._client = front, client

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._front.answer(data, self._client)


class Datagrams(asyncio.DatagramProtocol):
    """Relays between clients and one inner port; each client keeps its own way while it speaks."""

    def __init__(self, inner: Address) -> None:
        self._inner = inner
        self._outside: asyncio.DatagramTransport | None = None
        self._ways: dict[Address, asyncio.DatagramTransport] = {}
        self._seen: dict[Address, float] = {}
        self._opening: set[Address] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def publish(cls, bind: str, port: int, inner: Address) -> Datagrams:
        """Open a port; 0 is any free one. Raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        _, front = await loop.create_datagram_endpoint(lambda: cls(inner), local_addr=(bind, port))
        return front

    @property
    def port(self) -> int:
        """The port that is open."""
        assert self._outside is not None  # noqa: S101 - published
        return int(self._outside.get_extra_info("sockname")[1])

    def connection_made(self, transport: Any) -> None:
        """The port is open."""
        self._outside = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """A client spoke."""
        client: Address = (addr[0], addr[1])
        now = asyncio.get_running_loop().time()
        self._seen[client] = now
        way = self._ways.get(client)
        if way is not None:
            way.sendto(data)
        elif client not in self._opening and len(self._ways) < _MOST_CLIENTS:
            self._forget_silent(now)
            self._opening.add(client)
            task = asyncio.get_running_loop().create_task(self._open(client, data))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self, client: Address, first: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            way, _ = await loop.create_datagram_endpoint(
                lambda: _Back(self, client), remote_addr=self._inner
            )
            self._ways[client] = way
            way.sendto(first)
        finally:
            self._opening.discard(client)

    def answer(self, data: bytes, client: Address) -> None:
        """The inner side spoke to a client."""
        if self._outside is not None:
            self._outside.sendto(data, client)

    def _forget_silent(self, now: float) -> None:
        for client in [c for c, seen in self._seen.items() if now - seen > _IDLE_S]:
            del self._seen[client]
            if way := self._ways.pop(client, None):
                way.close()

    def close(self) -> None:
        """Close the port and every client's way."""
        for task in list(self._tasks):
            task.cancel()
        for way in self._ways.values():
            way.close()
        self._ways.clear()
        if self._outside is not None:
            self._outside.close()
