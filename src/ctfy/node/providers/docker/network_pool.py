"""A pool of networks that are created ahead of instances.

Creating a network takes a tenth of the engine's time for a start. A network of the pool serves one
instance, and is removed with it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import docker
import docker.errors
import requests
import structlog

from ctfy.node.providers.docker.compose import Network, definition
from ctfy.node.providers.docker.isolation import bridge_name
from ctfy.node.providers.docker.project import (
    NetworkTaken,
    create_network,
    remove_network,
    uninterrupted,
)

log = structlog.get_logger()

_LABEL, _PREFIX = "ctfy.spare", "ctfy-spare-"
_POLL_S = 0.5
_REMOVED_AT_ONCE = 8
_TAKEN = (NetworkTaken, LookupError)
_IDLE_S = 2.0  # after the last start, so that many starts at once have the engine to themselves


class NetworkPool:
    """Keeps `count` free networks. `choose` gives an address range that is not in use."""

    def __init__(
        self, engine: docker.APIClient, node: str, count: int, choose: Callable[[], str]
    ) -> None:
        self._engine = engine
        self._node = node
        self._count = count
        self._choose = choose
        self._free: list[Network] = []
        self._used: dict[str, str] = {}
        self._making = ""
        self._last_start = time.monotonic()

    @property
    def subnets(self) -> list[str]:
        """The address ranges of the free networks."""
        return [network.subnet for network in list(self._free)]

    def note_start(self) -> None:
        """Note that an instance starts, which postpones the creation of further networks."""
        self._last_start = time.monotonic()

    def take(self, instance_id: str) -> Network | None:
        """Assign a free network to an instance; None when there is none."""
        if not self._free:
            return None
        # Recorded as used before it leaves the free ones: `remove_unused` runs in another thread.
        self._used[instance_id] = self._free[-1].name
        return self._free.pop()

    def release(self, instance_id: str) -> None:
        """Remove the network that an instance was assigned, if any. Blocks on the engine."""
        if name := self._used.pop(instance_id, ""):
            self._remove(name)

    def discard_free(self) -> None:
        """Assign none of the free networks any more: somebody else removed some."""
        self._free.clear()

    def recover(self, used: Mapping[str, Iterable[str]]) -> None:
        """Take over the networks of running instances, and remove all others. Blocks on the engine.

        `used`: the engine's names of networks, by instance id.
        """
        self._free.clear()
        self._making = ""
        self._used = {
            instance_id: name
            for instance_id, names in used.items()
            for name in names
            if name.startswith(_PREFIX)
        }
        self.remove_unused()

    def remove_unused(self) -> None:
        """Remove this node's networks that are neither free nor assigned. Blocks on the engine.

        A process that was killed leaves such, and so does a removal that the engine refused.
        """
        labels = {"label": [_LABEL, f"ctfy.node={self._node}"]}
        found = {network["Name"] for network in self._engine.networks(filters=labels)}
        found -= {self._making, *(network.name for network in list(self._free))}
        found -= set(self._used.values())
        with ThreadPoolExecutor(_REMOVED_AT_ONCE) as pool:
            list(pool.map(self._remove, found))

    def _remove(self, name: str) -> None:
        with suppress(docker.errors.APIError):
            remove_network(self._engine, name)

    async def replenish(self) -> None:
        """Until cancelled, create missing networks while no instance starts."""
        while True:
            await asyncio.sleep(_POLL_S)
            try:
                while len(self._free) < self._count and self._is_idle():
                    self._free.append(await uninterrupted(self._make))
            except (docker.errors.DockerException, requests.RequestException, *_TAKEN) as error:
                log.debug("network_pool_not_replenished", error=str(error))
                self.note_start()  # retry after _IDLE_S

    def _is_idle(self) -> bool:
        return time.monotonic() - self._last_start > _IDLE_S

    def _make(self) -> Network:
        self._making = name = f"{_PREFIX}{secrets.token_hex(8)}"
        network = Network(bridge_name(name, "", egress=False), self._choose(), name=name)
        labels = {_LABEL: "", "ctfy.node": self._node}
        create_network(self._engine, name, {**definition(network), "labels": labels})
        return network
