"""A real OpenVPN client reaches an engagement instance alone, and nothing after the stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from ctfy.challenge.catalogue import Catalogue
from ctfy.node.builds import Builds
from ctfy.node.capture.relay import Capture
from ctfy.node.instances import Instances
from ctfy.node.inventory import Inventory
from ctfy.node.library import Library
from ctfy.node.providers import choose_provider
from ctfy.node.settings import NodeSettings
from ctfy.server.models.nodes import NodeStartRequest
from tests.available import needs
from tests.node.probe import PROBE, accept
from tests.processes import PATIENCE_S, wait_for

pytestmark = [
    needs("vpn"),
    pytest.mark.xdist_group("network"),  # one at a time: they change what the machine is
]

HOST, PLAYER = "198.51.100.1", "198.51.100.2"


@dataclass
class Player:
    """A machine of its own: a network namespace whose one neighbour is the node."""

    space: str
    port: int  # of a service of the host that no player may reach through the tunnel

    def run(self, *command: str, timeout: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ip", "netns", "exec", self.space, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def reaches(self, host: str, port: int) -> bool:
        code = f"import socket; socket.create_connection(({host!r}, {port}), 2)"
        return self.run("python3", "-c", code).returncode == 0

    def dial(self, config: Path, log: Path) -> subprocess.Popen[bytes]:
        with log.open("wb") as file:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.space, "openvpn", "--config", str(config)],
                stdout=file,
                stderr=file,
            )


@pytest.fixture
def player() -> Iterator[Player]:
    tag = uuid.uuid4().hex[:6]
    space, here, there = f"ctfy-{tag}", f"cx{tag}", f"cy{tag}"
    with contextlib.ExitStack() as stack:

        def ip(*words: str) -> None:
            subprocess.run(["ip", *words], check=True, capture_output=True)

        ip("netns", "add", space)
        stack.callback(subprocess.run, ["ip", "netns", "del", space], check=False)
        ip("link", "add", here, "type", "veth", "peer", "name", there)
        stack.callback(
            subprocess.run, ["ip", "link", "del", here], check=False, capture_output=True
        )
        ip("link", "set", there, "netns", space)
        ip("addr", "add", f"{HOST}/24", "dev", here)
        ip("link", "set", here, "up")
        for words in (
            ("addr", "add", f"{PLAYER}/24", "dev", there),
            ("link", "set", there, "up"),
            ("link", "set", "lo", "up"),
        ):
            ip("-n", space, *words)
        listener = stack.enter_context(socket.create_server(("0.0.0.0", 0), backlog=64))
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield Player(space, listener.getsockname()[1])


def challenges(folder: Path) -> Path:
    root = folder / "harbour"
    (root / "services" / "web").mkdir(parents=True)
    (root / "services" / "web" / "app.py").write_text(PROBE)
    (root / "services" / "web" / "Dockerfile").write_text(
        'FROM python:3.11-slim\nCOPY app.py /app.py\nCMD ["python3", "-u", "/app.py"]\n'
    )
    (root / "docker-compose.yml").write_text(
        "services: {web: {build: services/web, ports: [8000]}, db: {build: services/web}}\n"
    )
    (root / "metadata.yaml").write_text(
        "{name: Harbour, description: d, difficulty: hard, tags: [t], "
        "network_topology: engagement}\n"
    )
    return folder


async def ready(instances: Instances, instance_id: str) -> None:
    order = NodeStartRequest(
        challenge_id="harbour", instance_id=instance_id, ttl=600, answers={"flag": "FLAG{x}"}
    )
    instances.start(order)
    while (state := instances.get(instance_id)).status == "starting":
        await instances.wait_started(instance_id, 1)
    assert state.status == "ready", state.error


def test_a_tunnel_leads_to_its_instance_alone(tmp_path: Path, player: Player) -> None:
    async def work() -> None:
        settings = NodeSettings(
            provider="docker",
            data_dir=tmp_path / "node",
            challenges_dir=challenges(tmp_path / "challenges"),
            public_host=HOST,
            ready_timeout_s=PATIENCE_S,
        )
        provider = await choose_provider(settings)
        catalogue = Catalogue.load(settings.challenges_dir)
        instances = Instances(
            provider,
            Inventory(settings.data_dir / "instances"),
            Library(catalogue, settings.data_dir / "versions"),
            10,
            capture=Capture(HOST),
            builds=Builds(provider, catalogue, settings.data_dir / "builds.json"),
        )
        mine, other = uuid.uuid4().hex, uuid.uuid4().hex
        try:
            await ready(instances, mine)
            await ready(instances, other)
            surface = instances.get(mine).attack_surface
            elsewhere = instances.get(other).attack_surface
            assert surface is not None
            assert surface.vpn is not None
            assert elsewhere is not None
            (service,), (foreign,) = surface.services, elsewhere.services
            config = instances.inventory.folder(mine) / "client.ovpn"
            await asyncio.to_thread(
                visit, player, config, tmp_path, service.host, foreign.host, provider, mine
            )
            assert await nothing_is_published_by_the_engine(mine)
            tunnel = player.dial(config, tmp_path / "second.log")
            try:
                await asyncio.to_thread(until, lambda: player.reaches(service.host, 8000), True)
                await instances.stop(mine)
                await asyncio.to_thread(until, lambda: player.reaches(service.host, 8000), False)
            finally:
                tunnel.kill()
                tunnel.wait()
            kept = tmp_path / "kept.ovpn"
            assert kept.exists()
            late = player.dial(kept, tmp_path / "late.log")
            try:
                await asyncio.sleep(5)
                said = (tmp_path / "late.log").read_text()
                assert "Initialization Sequence Completed" not in said
            finally:
                late.kill()
                late.wait()
        finally:
            await instances.close()

    asyncio.run(work())


def visit(
    player: Player,
    config: Path,
    folder: Path,
    service: str,
    foreign: str,
    provider: object,
    instance_id: str,
) -> None:
    """In by the tunnel: the instance answers, and nobody else does."""
    assert not player.reaches(service, 8000)  # not without the tunnel
    (folder / "kept.ovpn").write_text(config.read_text())
    tunnel = player.dial(config, folder / "first.log")
    try:
        until(lambda: player.reaches(service, 8000), True)
        routes = json.loads(player.run("ip", "-j", "route").stdout)
        through = {r["dst"] for r in routes if r.get("dev", "").startswith("tun")}
        assert all(r == "10.212.0.0/24" or r.startswith("10.213.") for r in through), routes
        engine = docker.from_env()
        gateways = {
            network["Gateway"]
            for container in engine.containers.list(
                filters={"label": f"ctfy.instance={instance_id}"}
            )
            for network in container.attrs["NetworkSettings"]["Networks"].values()
        }
        engine.close()
        for host in (*gateways, "10.212.0.1"):
            assert not player.reaches(host, player.port), host
        # Also when the player makes routes that nobody pushed.
        for host in (foreign, "172.17.0.1", "169.254.169.254"):
            player.run("ip", "route", "add", f"{host}/32", "dev", "tun0")
            assert not player.reaches(host, 8000), host
            assert not player.reaches(host, player.port), host
    finally:
        tunnel.terminate()
        tunnel.wait()


def until(look: Callable[[], bool], wanted: bool) -> None:
    wait_for(f"it to be {wanted}", lambda: look() is wanted)


async def nothing_is_published_by_the_engine(instance_id: str) -> bool:
    engine = docker.from_env()
    containers = engine.containers.list(filters={"label": f"ctfy.instance={instance_id}"})
    bound = {
        container.labels["ctfy.service"]: sorted(port for port, b in container.ports.items() if b)
        for container in containers
    }
    engine.close()
    return bound == {"web": [], "db": [], "ctfy-vpn": []}
