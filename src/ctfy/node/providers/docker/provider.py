"""Instances as compose projects on this machine's Docker engine."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import docker.errors
import requests
import structlog
import yaml
from docker.models.containers import Container

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.compose import refusals
from ctfy.node.inventory import write_atomically
from ctfy.node.providers.base import LOG_TAIL, Order, Provider, ProviderUnavailable, StartFailed
from ctfy.node.providers.docker import vpn
from ctfy.node.providers.docker.compose import (
    PORTS_LABEL,
    Network,
    image_of,
    network_names,
    published_ports,
    read_services,
    render,
)
from ctfy.node.providers.docker.isolation import Subnets, bridge_name, enforce
from ctfy.node.settings import NodeSettings
from ctfy.server.models.instances import ServiceEndpoint, ServiceType
from ctfy.server.models.nodes import NodeContainer

log = structlog.get_logger()

_ENGINE_ERRORS = (docker.errors.DockerException, requests.RequestException)
_POLL_S = 0.03
_GUARD_S = 30.0
_DISK_LOOK_S = 10.0
_NETWORK_TRIES = 5


class NetworkTaken(Exception):
    """The addresses that were chosen for a network are somebody else's by now."""


class DockerProvider(Provider):
    """One compose project per instance; its containers outlive a restart of the node."""

    name = "docker"
    builds = True

    def __init__(self, settings: NodeSettings) -> None:
        self._settings = settings
        self._node = str(settings.data_dir.resolve())
        self._engine: docker.DockerClient | None = None
        self._compose: list[str] = []
        self._builds: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._subnets = Subnets(settings.instance_networks)
        self._guard: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Ask the engine, and look for the Compose tool."""
        try:
            self._engine = await asyncio.to_thread(docker.from_env)
            await asyncio.to_thread(self._engine.ping)
        except _ENGINE_ERRORS as error:
            raise ProviderUnavailable(
                "the docker provider needs a running Docker engine: install the package "
                "'docker.io' and start it, or use --provider sandbox"
            ) from error
        self._compose = await asyncio.to_thread(_compose_command)
        if not self._compose:
            raise ProviderUnavailable(
                "the docker provider needs Compose: install the package 'docker-compose'"
            )
        await enforce()
        self._guard = asyncio.create_task(self._keep_apart())

    async def _keep_apart(self) -> None:
        """Put the rules back that somebody else's firewall took away."""
        while True:
            await asyncio.sleep(_GUARD_S)
            try:
                await enforce()
            except ProviderUnavailable as error:
                log.error("instances_not_kept_apart", error=str(error))

    @property
    def _docker(self) -> docker.DockerClient:
        assert self._engine is not None, "check() comes first"  # noqa: S101
        return self._engine

    async def start(self, order: Order, on_exit: Callable[[str], None]) -> list[ServiceEndpoint]:
        """Build what is missing, bring the project up, wait until it answers."""
        if order.challenge.compose_file is None:
            raise StartFailed("This challenge has no docker-compose.yml for this node's engine.")
        if found := refusals(order.challenge.compose_file):
            raise StartFailed(str(found[0]))
        try:
            await self.build(order.challenge)
            await self._up(order)
            services = await self._wait_ready(order)
        except (StartFailed, ValueError, LookupError, *_ENGINE_ERRORS) as error:
            await self.stop(order.instance_id)
            raise StartFailed(str(error)) from error
        self._watch(order.instance_id, on_exit)
        return services

    async def build(self, challenge: Challenge) -> None:
        """Build the images of the services that have a build context; an unchanged one is there."""
        if challenge.compose_file is None:
            raise StartFailed("This challenge has no docker-compose.yml for this node's engine.")
        for name, service in read_services(challenge).items():
            image, folder = image_of(challenge, name, service)
            if folder is None:
                continue
            async with self._builds[image]:
                with contextlib.suppress(docker.errors.ImageNotFound):
                    await asyncio.to_thread(self._docker.images.get, image)
                    continue
                try:
                    await asyncio.to_thread(
                        self._docker.images.build, path=str(folder), tag=image, rm=True
                    )
                except (docker.errors.BuildError, docker.errors.APIError) as error:
                    raise StartFailed(f"The image of {name} was not built: {error}") from error

    async def pull(self, challenge: Challenge) -> None:
        """Pull the images that services name; one that is here already is not asked for."""
        if challenge.compose_file is None:
            raise StartFailed("This challenge has no docker-compose.yml for this node's engine.")
        for name, service in read_services(challenge).items():
            image, folder = image_of(challenge, name, service)
            if folder is not None:
                continue
            with contextlib.suppress(docker.errors.ImageNotFound):
                await asyncio.to_thread(self._docker.images.get, image)
                continue
            try:
                await asyncio.to_thread(self._docker.images.pull, image)
            except _ENGINE_ERRORS as error:
                raise StartFailed(f"The image {image} was not pulled: {error}") from error

    def shell_command(self, instance_id: str, container: str, shell: str) -> list[str]:
        """`docker exec` into a container of the instance, and of no other."""
        found = self._docker.containers.list(filters={"label": f"ctfy.instance={instance_id}"})
        names = {c.name for c in found} | {c.labels["ctfy.service"] for c in found}
        if container not in names:
            raise KeyError(container)
        name = next(c.name for c in found if container in (c.name, c.labels["ctfy.service"]))
        return ["docker", "exec", "-it", str(name), shell]

    async def services(self, instance_id: str, challenge: Challenge) -> list[ServiceEndpoint]:
        """What the containers publish."""
        return self._endpoints(challenge, await self._containers(instance_id))

    async def vpn(self, instance_id: str) -> tuple[str, int] | None:
        """The port that the instance's server is published at, on loopback."""
        for container in await self._containers(instance_id):
            if container.labels["ctfy.service"] == vpn.SERVICE:
                bound = (container.ports[f"{vpn.PORT}/udp"] or [])[0]
                return bound["HostIp"], int(bound["HostPort"])
        return None

    def write_vpn_config(self, folder: Path, host: str, port: int) -> None:
        """With the keys that were made at the start."""
        vpn.write_client(folder, host, port)

    async def _up(self, order: Order) -> None:
        for last in [False] * (_NETWORK_TRIES - 1) + [True]:
            try:
                await self._compose_up(order, await self._networks(order))
                return
            except NetworkTaken as taken:  # another node on this engine was quicker
                await asyncio.to_thread(self._remove, order.instance_id)
                if last:
                    raise StartFailed(str(taken)) from taken

    async def _networks(self, order: Order) -> dict[str, Network]:
        """Bridges and free addresses for the instance's networks. Raises LookupError."""
        names = network_names(order.challenge)
        known = await asyncio.to_thread(self._docker.networks.list)
        taken = [
            config["Subnet"]
            for network in known
            for config in (network.attrs["IPAM"]["Config"] or [])
            if "Subnet" in config
        ]
        subnets = self._subnets.choose(taken, len(names))
        egress = order.challenge.metadata.egress
        return {
            name: Network(bridge_name(order.instance_id, name, egress=egress), subnet)
            for name, subnet in zip(names, subnets, strict=True)
        }

    async def _compose_up(self, order: Order, networks: dict[str, Network]) -> None:
        server = None
        if order.challenge.metadata.network_topology == "engagement":
            await asyncio.to_thread(
                vpn.prepare, order.folder, [network.subnet for network in networks.values()]
            )
            labels = {"ctfy.instance": order.instance_id, "ctfy.node": self._node}
            server = vpn.service(order.folder, self._settings.vpn_image, sorted(networks), labels)
        content = render(
            order.challenge,
            order.instance_id,
            order.answers,
            order.folder / "answers",
            networks=networks,
            node=self._node,
            runtime=self._settings.container_runtime,
            vpn=server,
        )
        path = order.folder / "docker-compose.yml"
        write_atomically(path, yaml.safe_dump(content).encode())
        process = await asyncio.create_subprocess_exec(
            *self._compose,
            "--project-name",
            _project(order.instance_id),
            "--file",
            str(path),
            "up",
            "--detach",
            "--no-build",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, stderr = await process.communicate()
        if process.returncode != 0:
            said = stderr.decode(errors="replace").strip()
            words = f"Compose did not bring the services up: {' | '.join(said.splitlines()[-3:])}"
            if "Pool overlaps" in said or "conflicts with network" in said:
                raise NetworkTaken(words)
            raise StartFailed(words)

    async def _wait_ready(self, order: Order) -> list[ServiceEndpoint]:
        limit = self._settings.ready_timeout_s
        waiting: list[str] = []
        try:
            async with asyncio.timeout(limit):
                while True:
                    containers = await self._containers(order.instance_id)
                    for container in containers:
                        _refuse_dead(container)
                    waiting = [
                        str(container.labels["ctfy.service"])
                        for container in containers
                        if not await _is_up(container)
                    ]
                    if not waiting:
                        return self._endpoints(order.challenge, containers)
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            who = ", ".join(waiting) or "the instance"
            raise StartFailed(f"Not ready within {limit:g} s: {who}.") from None

    def _endpoints(
        self, challenge: Challenge, containers: list[Container]
    ) -> list[ServiceEndpoint]:
        """The published services, in the order of the compose file: the first is the primary."""
        by_service = {c.labels["ctfy.service"]: c for c in containers}
        inside = challenge.metadata.network_topology == "engagement"
        sandbox = challenge.metadata.sandbox
        protocol = sandbox.protocol if sandbox else challenge.metadata.protocol
        endpoints: list[ServiceEndpoint] = []
        for name, service in read_services(challenge).items():
            for port in published_ports(service):
                host, number = _address(by_service[name]), port
                if not inside:
                    bound = (by_service[name].ports[f"{port}/tcp"] or [])[0]
                    host, number = bound["HostIp"], int(bound["HostPort"])
                endpoints.append(
                    ServiceEndpoint(
                        service_type=protocol if not endpoints else ServiceType.TCP,
                        host=host,
                        port=number,
                        label=name,
                    )
                )
        return endpoints

    def _watch(self, instance_id: str, on_exit: Callable[[str], None]) -> None:
        async def follow() -> None:
            looked_at = time.monotonic()
            while True:
                await asyncio.sleep(2)
                with contextlib.suppress(*_ENGINE_ERRORS):  # an engine that restarts is no end
                    try:
                        containers = await self._containers(instance_id)
                        if not containers:
                            raise StartFailed("The instance's containers are gone.")
                        for container in containers:
                            _refuse_dead(container)
                        if time.monotonic() - looked_at > _DISK_LOOK_S:
                            looked_at = time.monotonic()
                            await asyncio.to_thread(self._refuse_greedy, instance_id)
                    except StartFailed as error:
                        on_exit(str(error))
                        return

        self._watches[instance_id] = asyncio.create_task(follow())

    def _refuse_greedy(self, instance_id: str) -> None:
        """Raise StartFailed when a container wrote more to its own disk than it may."""
        most = self._settings.disk_mb
        for found in self._docker.api.containers(
            all=True, size=True, filters={"label": f"ctfy.instance={instance_id}"}
        ):
            if found.get("SizeRw", 0) > most * 1024 * 1024:
                name = found["Labels"]["ctfy.service"]
                raise StartFailed(f"The service {name} wrote more than {most} MB to its disk.")

    async def _containers(self, instance_id: str) -> list[Container]:
        found: list[Container] = await asyncio.to_thread(
            self._docker.containers.list,
            all=True,
            filters={"label": f"ctfy.instance={instance_id}"},
            ignore_removed=True,
        )
        return found

    async def stop(self, instance_id: str) -> None:
        """Remove the project's containers, volumes and networks."""
        if watch := self._watches.pop(instance_id, None):
            watch.cancel()
        await asyncio.to_thread(self._remove, instance_id)

    def _remove(self, instance_id: str) -> None:
        project: dict[str, str | list[str] | bool] = {
            "label": f"com.docker.compose.project={_project(instance_id)}"
        }
        for container in self._docker.containers.list(
            all=True, filters=project, ignore_removed=True
        ):
            with contextlib.suppress(docker.errors.NotFound):
                container.remove(force=True, v=True)
        for network in self._docker.networks.list(filters=project):
            with contextlib.suppress(docker.errors.NotFound):
                network.remove()
        for volume in self._docker.volumes.list(filters=project):
            with contextlib.suppress(docker.errors.NotFound):
                volume.remove(force=True)

    async def is_healthy(self, instance_id: str) -> bool:
        """Whether every container runs and answers."""
        containers = await self._containers(instance_id)
        return bool(containers) and all([await _is_up(c) for c in containers])

    async def logs(self, instance_id: str, folder: Path) -> str:
        """The containers' output, one after the other."""
        parts = []
        for container in await self._containers(instance_id):
            output = await asyncio.to_thread(container.logs, tail=2000, timestamps=True)
            parts.append(
                f"== {container.labels['ctfy.service']}\n{output.decode(errors='replace')}"
            )
        return "\n".join(parts)[-LOG_TAIL:]

    async def containers(self, instance_id: str) -> list[NodeContainer]:
        """The containers."""
        return [
            NodeContainer(
                name=container.name or "",
                service=container.labels["ctfy.service"],
                status=container.status,
                image=container.attrs["Config"]["Image"],
                is_sidecar="ctfy.sidecar" in container.labels,
            )
            for container in await self._containers(instance_id)
        ]

    async def recover(self, known: set[str]) -> set[str]:
        """Adopt what still runs, remove the rest of what this node ever started."""
        found: list[Container] = await asyncio.to_thread(
            self._docker.containers.list,
            all=True,
            filters={"label": f"ctfy.node={self._node}"},
            ignore_removed=True,
        )
        by_instance: defaultdict[str, list[Container]] = defaultdict(list)
        for container in found:
            by_instance[container.labels["ctfy.instance"]].append(container)
        adopted = {
            instance_id
            for instance_id, containers in by_instance.items()
            if instance_id in known and all(c.status == "running" for c in containers)
        }
        for instance_id in (by_instance.keys() | known) - adopted:
            await self.stop(instance_id)
        return adopted

    async def close(self) -> None:
        """End every instance of this node."""
        if self._guard is not None:
            self._guard.cancel()
        await self.recover(set())


def _compose_command() -> list[str]:
    if shutil.which("docker"):
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if plugin.returncode == 0:
            return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else []


def _project(instance_id: str) -> str:
    return f"ctfy-{instance_id.lower()}"


def _refuse_dead(container: Container) -> None:
    if container.status in ("exited", "dead"):
        words = container.logs(tail=5).decode(errors="replace").strip().replace("\n", " | ")
        code = container.attrs["State"]["ExitCode"]
        name = container.labels["ctfy.service"]
        raise StartFailed(f"The service {name} ended by itself with code {code}. {words}")


async def _is_up(container: Container) -> bool:
    """By its own healthcheck, else by a first connection to what it publishes.

    The connection goes to the container itself: Docker's proxy accepts on the host port before
    anything listens behind it.
    """
    state: dict[str, Any] = container.attrs["State"]
    if "Health" in state:
        return bool(state["Health"]["Status"] == "healthy")
    if not state["Running"]:
        return False
    if container.labels["ctfy.service"] == vpn.SERVICE:
        said = await asyncio.to_thread(container.logs, tail=100)
        return b"Initialization Sequence Completed" in said
    for port in filter(None, container.labels.get(PORTS_LABEL, "").split(",")):
        try:
            async with asyncio.timeout(1):
                _, writer = await asyncio.open_connection(_address(container), int(port))
            writer.close()
        except (OSError, TimeoutError):
            return False
    return True


def _address(container: Container) -> str:
    """The container's address on the first of its networks."""
    networks = container.attrs["NetworkSettings"]["Networks"]
    return next((n["IPAddress"] for _, n in sorted(networks.items()) if n["IPAddress"]), "")
