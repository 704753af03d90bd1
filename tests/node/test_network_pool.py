"""Networks that a docker node makes ahead."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import docker
import pytest

from ctfy.node.providers.base import Provider
from ctfy.node.providers.docker import isolation
from ctfy.node.providers.docker.provider import DockerProvider
from ctfy.node.providers.docker.settings import DockerSettings
from ctfy.node.settings import NodeSettings
from tests.available import needs
from tests.node.lone_provider import example, order
from tests.processes import PATIENCE_S

pytestmark = needs("network")
COUNT = 2


def spares(folder: Path) -> dict[str, list[str]]:
    """The networks that a node made ahead, each with the containers on it."""
    engine = docker.from_env()
    filters = {"label": ["ctfy.spare", f"ctfy.node={(folder / 'node').resolve()}"]}
    found = {}
    for network in engine.networks.list(filters=filters):
        network.reload()
        found[network.name] = [str(c.name) for c in network.containers]
    engine.close()
    return found


async def full(folder: Path, free: int = COUNT) -> dict[str, list[str]]:
    """The networks, once as many are free as there should be."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await asyncio.to_thread(spares, folder)
            if sum(not containers for containers in found.values()) == free:
                return found
            await asyncio.sleep(0.2)


async def node(folder: Path, **more: Any) -> Provider:
    chosen = DockerProvider(
        NodeSettings(data_dir=folder / "node"), DockerSettings(**{"spare_networks": COUNT, **more})
    )
    await chosen.check()
    return chosen


def test_an_instance_takes_one_which_goes_with_it(tmp_path: Path) -> None:
    async def do() -> None:
        chosen = await node(tmp_path)
        made = await full(tmp_path)
        placed = order(tmp_path, example("notes"))
        await chosen.start(placed, lambda _: None)
        used = [name for name, containers in spares(tmp_path).items() if containers]
        assert len(used) == 1
        assert used[0] in made
        later = await full(tmp_path)  # another one in its place
        assert len(later) == COUNT + 1
        await chosen.stop(placed.instance_id)
        assert used[0] not in spares(tmp_path)
        await chosen.close()
        assert spares(tmp_path) == {}

    asyncio.run(do())


def test_somebody_else_may_take_them_away(tmp_path: Path) -> None:
    async def do() -> None:
        chosen = await node(tmp_path)
        try:
            await full(tmp_path)
            engine = docker.from_env()
            for name in spares(tmp_path):
                engine.networks.get(name).remove()
            engine.close()
            placed = order(tmp_path, example("notes"))
            (service,) = await chosen.start(placed, lambda _: None)
            assert service.port == 8000
            assert len(await full(tmp_path)) == COUNT
        finally:
            await chosen.close()

    asyncio.run(do())


def test_a_restart_keeps_the_used_and_replaces_the_free(tmp_path: Path) -> None:
    async def do() -> None:
        before = await node(tmp_path)
        made = await full(tmp_path)
        placed = order(tmp_path, example("notes"))
        await before.start(placed, lambda _: None)
        await before.detach()
        (used,) = [name for name, containers in spares(tmp_path).items() if containers]

        after = await node(tmp_path)
        try:
            assert await after.recover({placed.instance_id: lambda _: None}) == {placed.instance_id}
            assert set(spares(tmp_path)) & set(made) == {used}
            assert await after.is_healthy(placed.instance_id)
            await after.stop(placed.instance_id)
            assert used not in spares(tmp_path)
        finally:
            await after.close()
        assert spares(tmp_path) == {}

    asyncio.run(do())


def test_addresses_that_somebody_else_took_are_not_insisted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation.random, "randrange", lambda places: 0)  # the first is wanted
    engine = docker.from_env()
    pool = docker.types.IPAMPool(subnet="10.219.77.0/28")
    taken = engine.networks.create(
        "ctfy-test-taken", ipam=docker.types.IPAMConfig(pool_configs=[pool])
    )

    async def do() -> None:
        chosen = await node(tmp_path, spare_networks=0, instance_networks="10.219.77.0/27")
        try:
            placed = order(tmp_path, example("notes"))
            (service,) = await chosen.start(placed, lambda _: None)
            assert service.host.startswith("10.219.77.")
        finally:
            await chosen.close()

    try:
        asyncio.run(do())
    finally:
        taken.remove()
        engine.close()
        route = ["ip", "route", "delete", "unreachable", "10.219.77.0/27", "metric", "4096"]
        subprocess.run(route, check=True)
