"""The containers that the engine runs for this node, as it lists them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import docker

from ctfy.node.providers.docker.compose import DISK_LABEL, PORTS_LABEL

_EXITED = re.compile(r"Exited \((\d+)\)")
_HEALTH = re.compile(r"\((healthy|unhealthy|health: starting)\)")


@dataclass(frozen=True, slots=True)
class Container:
    """A container. `ports` are those that players may reach; `written` is in bytes.

    `disk_mb` is what the instance may write with all of its containers; 0: the node's own limit.

    `written` is 0 unless the list was asked for with `size`.
    """

    id: str
    name: str
    instance_id: str
    service: str
    image: str
    state: str
    exit_code: int | None
    health: str | None
    address: str
    networks: list[str]
    ports: list[int]
    is_sidecar: bool
    written: int
    disk_mb: int = 0

    @property
    def is_done(self) -> bool:
        """Whether it is a job that succeeded: it publishes no port and exited with 0."""
        return self.state == "exited" and self.exit_code == 0 and not self.ports

    @property
    def is_over(self) -> bool:
        """Whether it exited, and is no job that succeeded."""
        return self.state in ("exited", "dead") and not self.is_done


def _parse(entry: dict[str, Any]) -> Container:
    labels, status = entry["Labels"], str(entry["Status"])
    exited, health = _EXITED.search(status), _HEALTH.search(status)
    networks = entry["NetworkSettings"]["Networks"]
    return Container(
        id=entry["Id"],
        name=entry["Names"][0].removeprefix("/") if entry["Names"] else "",
        instance_id=labels["ctfy.instance"],
        service=labels["ctfy.service"],
        image=entry["Image"],
        state=entry["State"],
        exit_code=int(exited[1]) if exited else None,
        health=health[1] if health else None,
        address=next((n["IPAddress"] for _, n in sorted(networks.items()) if n["IPAddress"]), ""),
        networks=list(networks),
        ports=[int(port) for port in labels.get(PORTS_LABEL, "").split(",") if port],
        is_sidecar="ctfy.sidecar" in labels,
        written=entry.get("SizeRw", 0),
        disk_mb=int(labels.get(DISK_LABEL, 0)),
    )


class ContainerList:
    """Lists this node's containers; concurrent callers of `fetch` share one request."""

    def __init__(self, engine: docker.APIClient, node: str) -> None:
        self._engine = engine
        self._node = node
        self._current: asyncio.Task[list[Container]] | None = None
        self._next: asyncio.Task[list[Container]] | None = None

    def request(self, *, size: bool = False) -> list[Container]:
        """Ask the engine; blocks. `size`: have it measure `written`, which takes it seconds."""
        filters = {"label": f"ctfy.node={self._node}"}
        entries = self._engine.containers(all=True, size=size, filters=filters)
        return [_parse(entry) for entry in entries]

    async def fetch(self) -> list[Container]:
        """The containers, from a request that begins after the call."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._current))
        return await asyncio.shield(self._next)

    async def _after(self, current: asyncio.Task[list[Container]] | None) -> list[Container]:
        if current is not None:
            await asyncio.wait({current})
        self._current, self._next = self._next, None
        return await asyncio.to_thread(self.request)
