"""Networks made ahead: to make one is a tenth of what a start costs the engine.

A spare serves one instance, once, and goes with it.
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
_LOOK_S = 0.5
_REMOVED_AT_ONCE = 8
_TAKEN = (NetworkTaken, LookupError)
_QUIET_S = 2.0  # after the last start: what comes in a rush has the engine to itself


class Spares:
    """Keeps `count` networks ready. `choose` names an address range that nobody has."""

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
        """The address ranges that the free ones have."""
        return [network.subnet for network in list(self._free)]

    def starting(self) -> None:
        """Note that an instance starts: making more waits."""
        self._last_start = time.monotonic()

    def take(self, instance_id: str) -> Network | None:
        """One for an instance, if there is one."""
        if not self._free:
            return None
        # Known as used before it is none of the free any more: `sweep` looks from another thread.
        self._used[instance_id] = self._free[-1].name
        return self._free.pop()

    def release(self, instance_id: str) -> None:
        """Remove what an instance took, if it did. Asks the engine."""
        if name := self._used.pop(instance_id, ""):
            self._remove(name)

    def mistrust(self) -> None:
        """Somebody took networks away: none of the free ones is handed out any more."""
        self._free.clear()

    def recover(self, used: Mapping[str, Iterable[str]]) -> None:
        """Know those that instances are on, and remove all others. Asks the engine.

        `used` is the engine's names of the networks of instances.
        """
        self._free.clear()
        self._making = ""
        self._used = {
            instance_id: name
            for instance_id, names in used.items()
            for name in names
            if name.startswith(_PREFIX)
        }
        self.sweep()

    def sweep(self) -> None:
        """Remove this node's that nobody has. Asks the engine.

        An earlier process left them, or the engine would not let go of them when it was asked.
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

    async def keep(self) -> None:
        """Make what is missing, whenever nothing starts."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                while len(self._free) < self._count and self._is_quiet():
                    self._free.append(await uninterrupted(self._make))
            except (docker.errors.DockerException, requests.RequestException, *_TAKEN) as error:
                log.debug("no_spare_network", error=str(error))
                self.starting()  # try again after a while

    def _is_quiet(self) -> bool:
        return time.monotonic() - self._last_start > _QUIET_S

    def _make(self) -> Network:
        self._making = name = f"{_PREFIX}{secrets.token_hex(8)}"
        network = Network(bridge_name(name, "", egress=False), self._choose(), name=name)
        labels = {_LABEL: "", "ctfy.node": self._node}
        create_network(self._engine, name, {**definition(network), "labels": labels})
        return network
