"""From inside an instance, nothing but the instance can be reached; on a real engine.

What lies outside is played by things that the test makes first: a listener on every address of the
host, the metadata address on an interface of its own, an internet host in a network namespace.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.node.providers import choose_provider
from ctfy.node.providers.base import Order, Provider
from ctfy.node.providers.docker import isolation
from ctfy.node.providers.docker.settings import DockerSettings
from ctfy.node.settings import NodeSettings
from tests.available import needs
from tests.node.probe import PROBE, accept
from tests.processes import PATIENCE_S, wait_for

pytestmark = [
    needs("network"),
    pytest.mark.xdist_group("network"),  # one at a time: they change what the machine is
]

# No HTTP server: Python's looks its own name up first, and nobody here answers that.
LISTEN = """
import socket, sys
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])), backlog=64)
while True:
    listener.accept()[0].close()
"""
METADATA, INTERNET = "169.254.169.254", "203.0.113.9"


def made(folder: Path, name: str, *, egress: bool) -> Challenge:
    root = folder / name
    (root / "services" / "web").mkdir(parents=True)
    (root / "services" / "web" / "app.py").write_text(PROBE)
    (root / "services" / "web" / "Dockerfile").write_text(
        'FROM python:3.11-slim\nCOPY app.py /app.py\nCMD ["python3", "-u", "/app.py"]\n'
    )
    (root / "docker-compose.yml").write_text(
        "services:\n"
        "  web: {build: services/web, ports: [8000], networks: [front, back]}\n"
        "  db: {build: services/web, networks: [back]}\n"
        "networks: {front: {}, back: {}}\n"
    )
    (root / "metadata.yaml").write_text(
        "{name: Probe, description: d, difficulty: easy, tags: [t], "
        f"egress: {str(egress).lower()}}}\n"
    )
    return Catalogue.load(folder).challenges[name]


@dataclass
class Outside:
    """Where the outside listens."""

    port: int
    host_addresses: list[str]


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    """The host's own services, the metadata address and an internet host."""
    tag = uuid.uuid4().hex[:6]
    space, here, there, dummy = f"ctfy-{tag}", f"cv{tag}", f"cw{tag}", f"cd{tag}"
    with contextlib.ExitStack() as stack:

        def ip(*words: str, undo: tuple[str, ...] = ()) -> None:
            subprocess.run(["ip", *words], check=True, capture_output=True)
            if undo:
                stack.callback(subprocess.run, ["ip", *undo], check=False, capture_output=True)

        ip("netns", "add", space, undo=("netns", "del", space))
        ip("link", "add", here, "type", "veth", "peer", "name", there, undo=("link", "del", here))
        ip("link", "set", there, "netns", space)
        ip("addr", "add", "203.0.113.1/24", "dev", here)
        ip("link", "set", here, "up")
        for words in (
            ("addr", "add", f"{INTERNET}/24", "dev", there),
            ("link", "set", there, "up"),
            ("link", "set", "lo", "up"),
            ("route", "add", "default", "via", "203.0.113.1"),
        ):
            ip("-n", space, *words)
        ip("link", "add", dummy, "type", "bridge", undo=("link", "del", dummy))
        ip("addr", "add", f"{METADATA}/32", "dev", dummy)
        ip("link", "set", dummy, "up")

        listener = stack.enter_context(socket.create_server(("0.0.0.0", 0), backlog=64))
        port = listener.getsockname()[1]
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        far = subprocess.Popen(
            ["ip", "netns", "exec", space, "python3", "-c", LISTEN, str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(far.wait)
        stack.callback(far.kill)
        found = subprocess.run(
            ["ip", "-j", "-4", "addr"], check=True, capture_output=True, text=True
        )
        addresses = [
            info["local"]
            for link in json.loads(found.stdout)
            if link["ifname"] in ("eth0", "docker0", here)
            for info in link["addr_info"]
        ]
        reachable(INTERNET, port)
        reachable(METADATA, port)
        yield Outside(port, addresses)


def reachable(host: str, port: int) -> None:
    """What a closed door proves, it proves only if there is somebody behind it."""

    def answers() -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(
                (host, port),
                timeout=5,  # a packet that is dropped is never refused
            ),
        ):
            return True
        return False

    wait_for(host, answers)


@dataclass
class World:
    """Two instances, of the same challenge or not, and what may lie around them."""

    provider: Provider
    outside: Outside
    url: str
    neighbour: str
    own_gateways: list[str]
    service: str

    async def ask(self, **query: Any) -> Any:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            return (await client.get(self.url, params=query)).json()

    async def doors(self) -> dict[str, str]:
        """Every way out, and whether it is open."""
        port = self.outside.port
        ways = {f"host {a}": (a, port) for a in (*self.outside.host_addresses, *self.own_gateways)}
        ways |= {
            "neighbour": (self.neighbour, 8000),
            "metadata": (METADATA, port),
            "internet": (INTERNET, port),
        }
        found = await asyncio.gather(*(self.ask(host=h, port=p) for h, p in ways.values()))
        return dict(zip(ways, found, strict=True))


@contextlib.asynccontextmanager
async def world(folder: Path, outside: Outside, *, egress: bool) -> Any:
    engine = docker.from_env()
    settings = NodeSettings(provider="docker", data_dir=folder / "node", ready_timeout_s=PATIENCE_S)
    provider = await choose_provider(settings)
    challenge = made(folder / "challenges", "probe", egress=egress)
    try:
        ids = [uuid.uuid4().hex, uuid.uuid4().hex]
        services = []
        for id_ in ids:
            (folder / id_ / "answers").mkdir(parents=True)
            order = Order(id_, challenge, {}, folder / id_)
            services.append((await provider.start(order, lambda reason: None))[0])

        def containers(id_: str) -> list[Any]:
            return list(engine.containers.list(filters={"label": f"ctfy.instance={id_}"}))

        def addresses(id_: str, key: str) -> list[str]:
            return [
                network[key]
                for container in containers(id_)
                for network in container.attrs["NetworkSettings"]["Networks"].values()
            ]

        yield World(
            provider,
            outside,
            services[0].url,
            addresses(ids[1], "IPAddress")[0],
            sorted(set(addresses(ids[0], "Gateway"))),
            "db",
        )
    finally:
        await provider.close()
        engine.close()


def test_nothing_is_reached_from_inside(tmp_path: Path, outside: Outside) -> None:
    async def work() -> None:
        async with world(tmp_path, outside, egress=False) as inside:
            assert await inside.ask(host="db", port=8000) == "open"  # its own second service
            doors = await inside.doors()
            assert set(doors.values()) == {"closed"}, doors
            for path in ("/var/run/docker.sock", "/run/docker.sock"):
                assert await inside.ask(path=path) is False

    asyncio.run(work())


def test_no_door_opens_while_the_engine_changes_its_own_rules(
    tmp_path: Path, outside: Outside
) -> None:
    """An engine rearranges its chains whenever somebody makes a network."""

    async def work() -> None:
        async with world(tmp_path, outside, egress=False) as inside:
            networks = asyncio.create_task(asyncio.to_thread(make_networks, 25))

            try:
                while not networks.done():  # often: a gap lasts a few milliseconds
                    knocked = await inside.ask(
                        host=INTERNET, port=outside.port, wait=0.01, times=50
                    )
                    assert knocked == "closed"
            finally:
                await networks

    asyncio.run(work())


def make_networks(count: int) -> None:
    engine = docker.from_env()
    for _ in range(count):
        engine.networks.create(f"ctfy-test-{uuid.uuid4().hex[:8]}").remove()
    engine.close()


def test_egress_leads_to_the_internet_and_nowhere_else(tmp_path: Path, outside: Outside) -> None:
    async def work() -> None:
        async with world(tmp_path, outside, egress=True) as inside:
            doors = await inside.doors()
            assert doors.pop("internet") == "open"
            assert set(doors.values()) == {"closed"}, doors

    asyncio.run(work())


def test_without_the_rules_the_doors_are_open(tmp_path: Path, outside: Outside) -> None:
    """So the two tests above see something; and the node puts the rules back."""

    async def work() -> None:
        async with world(tmp_path, outside, egress=False) as inside:
            for parent, chain in isolation.JUMPS:
                await asyncio.to_thread(take_away, parent, chain)
            try:
                doors = await inside.doors()
                opened = {name for name, state in doors.items() if state == "open"}
                assert {"internet", "metadata"} <= opened
                assert any(name.startswith("host") for name in opened)
            finally:
                await isolation.enforce(DockerSettings().instance_networks)
            assert set((await inside.doors()).values()) == {"closed"}

    asyncio.run(work())


def take_away(parent: str, chain: str) -> None:
    subprocess.run(["iptables", "-w", "-t", isolation.TABLE, "-D", parent, "-j", chain], check=True)


def test_nothing_is_left_of_an_instance(tmp_path: Path, outside: Outside) -> None:
    async def work() -> None:
        async with world(tmp_path, outside, egress=False):
            pass

    asyncio.run(work())
    engine = docker.from_env()
    node = str((tmp_path / "node").resolve())
    assert engine.containers.list(all=True, filters={"label": f"ctfy.node={node}"}) == []
    ids = [p.name for p in tmp_path.iterdir() if len(p.name) == 32]
    assert len(ids) == 2
    names = [n.name for n in engine.networks.list()] + [v.name for v in engine.volumes.list()]
    links = os.listdir("/sys/class/net")
    for id_ in ids:
        assert not [name for name in names if id_ in name]
        for network in ("front", "back"):
            assert isolation.bridge_name(id_, network, egress=False) not in links
    engine.close()


def test_a_bridge_that_the_engine_forgot_goes_with_its_rules() -> None:
    name = "cti" + uuid.uuid4().hex[:12]
    rule = ["POSTROUTING", "-s", "10.213.255.240/28", "!", "-o", name, "-j", "MASQUERADE"]
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    subprocess.run(["iptables", "-w", "-t", "nat", "-A", *rule], check=True)
    assert name in isolation.orphaned_bridges(set())
    assert name not in isolation.orphaned_bridges({name})
    isolation.remove_bridge(name)
    assert name not in isolation.orphaned_bridges(set())
