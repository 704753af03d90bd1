"""Instances as projects of containers on this machine's Docker engine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import docker.errors
import requests
import structlog

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.compose.model import ComposeRefused
from ctfy.challenge.limits import asked_of_containers
from ctfy.node.providers.base import (
    LOG_TAIL,
    Order,
    Provider,
    ProviderAway,
    ProviderUnavailable,
    StartFailed,
)
from ctfy.node.providers.docker import project, vpn
from ctfy.node.providers.docker.compose import (
    BRIDGE_OPTION,
    Network,
    network_names,
    render,
    variables,
)
from ctfy.node.providers.docker.containers import Container, ContainerList
from ctfy.node.providers.docker.images import Images
from ctfy.node.providers.docker.isolation import (
    Subnets,
    bridge_name,
    enforce,
    orphaned_bridges,
    remove_bridge,
)
from ctfy.node.providers.docker.network_pool import NetworkPool
from ctfy.node.providers.docker.settings import DockerSettings
from ctfy.node.providers.docker.volumes import Volumes
from ctfy.node.settings import NodeSettings
from ctfy.server.models.instances import ServiceEndpoint, ServiceType
from ctfy.server.models.nodes import NodeContainer

log = structlog.get_logger()

_ENGINE_ERRORS = (docker.errors.DockerException, requests.RequestException, ProviderAway)
_POLL_S = 0.02
_REFRESH_S = 0.25
_WATCH_S = 2.0
_ISOLATION_CHECK_S = 15.0
_DISK_CHECK_S = 10.0
_NETWORK_TRIES = 5
_CONNECTIONS = 64
_LINES_WAITING = 1000
_ENGINE_CONCURRENCY = 4 * (os.cpu_count() or 1)
_AWAY = "The node's engine does not answer."
_NO_COMPOSE = "This challenge has no docker-compose.yml for this node's engine."


class DockerProvider(Provider):
    """One project per instance; its containers outlive a restart of the node."""

    name = "docker"
    builds = True
    preference = 20
    settings_type = DockerSettings

    def __init__(self, settings: NodeSettings, docker_settings: DockerSettings | None = None):
        super().__init__(settings)
        self._docker_settings = docker_settings or DockerSettings()
        self._node = str(settings.data_dir.resolve())
        self._engine: docker.DockerClient | None = None
        self._images_of: Images | None = None
        self._created_list: ContainerList | None = None
        self._created_pool: NetworkPool | None = None
        self._watched: dict[str, Callable[[str], None]] = {}
        self._engine_slots = asyncio.Semaphore(_ENGINE_CONCURRENCY)
        self._addresses: dict[str, list[str]] = {}
        self._subnets = Subnets(self._docker_settings.instance_networks)
        self._volumes = Volumes(settings.data_dir / "volumes")
        self._chores: list[asyncio.Task[None]] = []

    async def check(self) -> None:
        """Connect to the engine and put the firewall rules in place."""
        try:
            self._engine = await asyncio.to_thread(docker.from_env, max_pool_size=_CONNECTIONS)
            await asyncio.to_thread(self._engine.ping)
        except _ENGINE_ERRORS as error:
            raise ProviderUnavailable(
                "the docker provider needs a running Docker engine: install the package "
                "'docker.io' and start it, or use --provider sandbox"
            ) from error
        await enforce(self._docker_settings.instance_networks)
        self._images_of = Images(self._engine, self._settings.data_dir / "builds", self._say)
        self._created_list = ContainerList(self._engine.api, self._node)
        count = min(self._docker_settings.spare_networks, self._settings.capacity)
        self._created_pool = NetworkPool(self._engine.api, self._node, count, self._free_subnet)
        self._chores = [
            asyncio.create_task(self._enforce_isolation()),
            asyncio.create_task(self._watch()),
            asyncio.create_task(self._network_pool.replenish()),
        ]

    async def _enforce_isolation(self) -> None:
        """Until cancelled, restore firewall rules and remove bridges that belong to no network."""
        before: set[str] = set()
        while True:
            await asyncio.sleep(_ISOLATION_CHECK_S)
            try:
                await enforce(self._docker_settings.instance_networks)
                await asyncio.to_thread(self._network_pool.remove_unused)
                found = await asyncio.to_thread(lambda: orphaned_bridges(self._bridges()))
                for name in found & before:  # twice in a row, since one may just be being created
                    await asyncio.to_thread(remove_bridge, name)
                before = found
            except ProviderUnavailable as error:
                log.error("instances_not_kept_apart", error=str(error))
            except (*_ENGINE_ERRORS, subprocess.SubprocessError, OSError) as error:
                log.warning("bridges_not_looked_at", error=str(error))

    def _bridges(self) -> set[str]:
        networks = self._docker.api.networks()
        return {(network["Options"] or {}).get(BRIDGE_OPTION, "") for network in networks}

    @property
    def _docker(self) -> docker.DockerClient:
        assert self._engine is not None, "check() comes first"  # noqa: S101
        return self._engine

    def unfit(self, challenge: Challenge) -> str:
        """It takes a compose file. Raises ComposeRefused for one that the audit has not passed."""
        if challenge.compose_file is None:
            return _NO_COMPOSE
        asks = asked_of_containers(challenge.metadata, challenge.compose.services)
        return self._beyond(asks)

    async def start(self, order: Order, on_exit: Callable[[str], None]) -> list[ServiceEndpoint]:
        """Build what is missing, bring the project up, wait until it answers."""
        try:
            # What is refused in the compose file is refused here, too.
            if why := self.unfit(order.challenge):
                raise StartFailed(why)
            images = await self._images.build(
                order.challenge,
                variables(order.instance_id, order.answers),
                {project.PROJECT: _project(order.instance_id)},
            )
            endpoints = await self._up(order, images)
        except (StartFailed, ValueError, LookupError, *_ENGINE_ERRORS) as error:
            with contextlib.suppress(*_ENGINE_ERRORS):  # an engine that is gone: `stop` comes again
                await self.stop(order.instance_id)
            raise StartFailed(_words(error)) from error
        self._watched[order.instance_id] = on_exit
        return endpoints

    def _say(self, challenge_id: str, line: str) -> None:
        # Looked up each time: whoever listens came after the engine was connected.
        self.say(challenge_id, line)

    async def build(self, challenge: Challenge) -> None:
        """Build the images of the services that have a build context; an unchanged one is there.

        One whose arguments differ by instance is built with none of them, for its first layers.
        """
        if challenge.compose_file is None:
            raise StartFailed(_NO_COMPOSE)
        with _compose_allowed():
            await self._images.build(challenge, {})

    async def pull(self, challenge: Challenge) -> None:
        """Pull the images that services name; one that is here already is not asked for."""
        if challenge.compose_file is None:
            raise StartFailed(_NO_COMPOSE)
        with _compose_allowed():
            await self._images.pull(challenge)

    def shell_command(self, instance_id: str, container: str, shell: str) -> list[str]:
        """`docker exec` into a container of the instance, and of no other."""
        found = [
            one
            for one in self._container_list.request()
            if one.instance_id == instance_id and container in (one.name, one.service)
        ]
        if not found:
            raise KeyError(container)
        return ["docker", "exec", "-it", found[0].name, shell]

    async def services(self, instance_id: str, challenge: Challenge) -> list[ServiceEndpoint]:
        """The containers' own addresses."""
        return self._endpoints(challenge, await self._containers(instance_id))

    async def vpn(self, instance_id: str) -> tuple[str, int] | None:
        """The server's own address, which only this machine reaches."""
        for container in await self._containers(instance_id):
            if container.service == vpn.SERVICE:
                return container.address, vpn.PORT
        return None

    def write_vpn_config(self, folder: Path, host: str, port: int) -> None:
        """Write it with the keys that were made at the start."""
        vpn.write_client(folder, host, port)

    async def _up(self, order: Order, images: dict[str, str]) -> list[ServiceEndpoint]:
        """Bring the project up. Raises StartFailed, also after `ready_timeout_s`."""
        limit = self._settings.ready_timeout_s
        waiting: list[str] = []
        try:
            async with asyncio.timeout(limit):
                for left in reversed(range(_NETWORK_TRIES)):
                    content = await self._project_content(
                        order, images, look=left < _NETWORK_TRIES - 1
                    )
                    await asyncio.to_thread(
                        self._volumes.make, order.instance_id, list(content["volumes"])
                    )
                    try:
                        await project.up(
                            self._docker.api,
                            _project(order.instance_id),
                            content,
                            self._engine_slots,
                        )
                        break
                    except (project.NetworkTaken, docker.errors.NotFound) as taken:
                        # Another node took the addresses, or a network of the pool was removed.
                        await asyncio.to_thread(self._remove, order.instance_id)
                        if isinstance(taken, docker.errors.NotFound):
                            if "network" not in _words(
                                taken
                            ):  # an image that is not there stays so
                                raise
                            self._network_pool.discard_free()
                        if not left:
                            raise StartFailed(_words(taken)) from taken
                containers, looked_at = await self._containers(order.instance_id), time.monotonic()
                while True:
                    for container in containers:
                        await self._raise_if_ended(container)
                    waiting = [c.service for c in containers if not await self._is_up(c)]
                    if not waiting:
                        return self._endpoints(order.challenge, containers)
                    await asyncio.sleep(_POLL_S)
                    # Connecting is cheap; a request to the engine delays all other starts.
                    if time.monotonic() - looked_at > _REFRESH_S:
                        containers = await self._containers(order.instance_id)
                        looked_at = time.monotonic()
        except TimeoutError:
            late = ", ".join(waiting) or "what a service waits for"
            raise StartFailed(f"Not ready within {limit:g} s: {late}.") from None

    async def _networks(self, order: Order, *, look: bool) -> dict[str, Network]:
        """Bridges and free addresses for the instance's networks. Raises LookupError.

        A single network without egress is taken from the pool. `look` asks the engine which
        addresses are in use; without, a conflict is reported by the engine at creation.
        """
        names = network_names(order.challenge)
        egress = order.challenge.metadata.egress
        self._network_pool.note_start()
        fits = len(names) == 1 and not egress and not look
        if fits and (spare := self._network_pool.take(order.instance_id)):
            self._addresses[order.instance_id] = [spare.subnet]
            return {names[0]: spare}
        taken = self._own_subnets()
        if look:
            taken += await asyncio.to_thread(self._engine_subnets)
        subnets = self._subnets.choose(taken, len(names))
        self._addresses[order.instance_id] = subnets
        return {
            name: Network(bridge_name(order.instance_id, name, egress=egress), subnet, egress)
            for name, subnet in zip(names, subnets, strict=True)
        }

    def _own_subnets(self) -> list[str]:
        own = [subnet for subnets in list(self._addresses.values()) for subnet in subnets]
        return own + self._network_pool.subnets

    def _free_subnet(self) -> str:
        return self._subnets.choose([*self._own_subnets(), *self._engine_subnets()], 1)[0]

    def _engine_subnets(self) -> list[str]:
        return [
            config["Subnet"]
            for network in self._docker.api.networks()
            for config in (network["IPAM"]["Config"] or [])
            if "Subnet" in config
        ]

    async def _project_content(
        self, order: Order, images: dict[str, str], *, look: bool
    ) -> dict[str, Any]:
        networks = await self._networks(order, look=look)
        server = None
        if order.challenge.metadata.network_topology == "engagement":
            await asyncio.to_thread(
                vpn.prepare, order.folder, [network.subnet for network in networks.values()]
            )
            labels = {"ctfy.instance": order.instance_id, "ctfy.node": self._node}
            server = vpn.service(
                order.folder, self._docker_settings.vpn_image, sorted(networks), labels
            )
        return render(
            order.challenge,
            order.instance_id,
            order.answers,
            order.folder / "answers",
            images=images,
            networks=networks,
            volume_of=lambda name: self._volumes.path(order.instance_id, name),
            node=self._node,
            most=self._settings.most,
            runtime=self._docker_settings.container_runtime,
            vpn=server,
        )

    def _endpoints(
        self, challenge: Challenge, containers: list[Container]
    ) -> list[ServiceEndpoint]:
        """The services with ports, in the order of the compose file: the first is the primary."""
        by_service = {container.service: container for container in containers}
        sandbox = challenge.metadata.sandbox
        protocol = sandbox.protocol if sandbox else challenge.metadata.protocol
        endpoints: list[ServiceEndpoint] = []
        for name, service in challenge.compose.services.items():
            for port in service.ports:
                endpoints.append(
                    ServiceEndpoint(
                        service_type=protocol if not endpoints else ServiceType.TCP,
                        host=by_service[name].address,
                        port=port,
                        label=name,
                    )
                )
        return endpoints

    async def _watch(self) -> None:
        """Until cancelled, call `on_exit` of each instance that ends, with the reason."""
        measured_at = time.monotonic()
        while True:
            await asyncio.sleep(_WATCH_S)
            if not self._watched:
                continue
            measure = time.monotonic() - measured_at > _DISK_CHECK_S
            if measure:
                measured_at = time.monotonic()
            try:
                await self._check_watched(dict(self._watched), measure=measure)
            except _ENGINE_ERRORS:  # an engine that restarts ends no instance
                continue
            except Exception:  # one failed check must not end the watch
                log.exception("watch_failed")

    async def _check_watched(
        self, watched: dict[str, Callable[[str], None]], *, measure: bool
    ) -> None:
        """Call `on_exit` of those that ended; `watched` is from before they are listed."""
        by_instance: defaultdict[str, list[Container]] = defaultdict(list)
        for container in await self._container_list.fetch():
            by_instance[container.instance_id].append(container)
        over_limit = await asyncio.to_thread(self._over_disk_limit) if measure else {}
        for instance_id, on_exit in watched.items():
            reason = await self._end_reason(by_instance[instance_id])
            if reason := reason or over_limit.get(instance_id, ""):
                self._watched.pop(instance_id, None)
                on_exit(reason)

    async def _end_reason(self, containers: list[Container]) -> str:
        """Why an instance is over; empty while it runs."""
        if not containers:
            return "The instance's containers are gone."
        try:
            for container in containers:
                await self._raise_if_ended(container)
        except StartFailed as error:
            return str(error)
        return ""

    async def _raise_if_ended(self, container: Container) -> None:
        """Raise StartFailed for a service that ended, with its exit code and the end of its log."""
        if container.is_over:
            said = await asyncio.to_thread(self._log_tail, container.id, 5)
            words = said.strip().replace("\n", " | ")
            raise StartFailed(
                f"The service {container.service} ended by itself with code "
                f"{container.exit_code}. {words}"
            )

    def _log_tail(self, container_id: str, lines: int) -> str:
        try:
            output: bytes = self._docker.api.logs(container_id, tail=lines)
        except docker.errors.NotFound:
            return ""
        return output.decode(errors="replace")

    def _over_disk_limit(self) -> dict[str, str]:
        """The instances that wrote more than they may, and the reason to give.

        Each container may write `disk_mb`; all of them together what the challenge says.
        """
        over: dict[str, str] = {}
        together: defaultdict[str, int] = defaultdict(int)
        for one in self._container_list.request(size=True):
            together[one.instance_id] += one.written
            most = one.disk_mb or self._docker_settings.disk_mb
            if one.written > most * 1024 * 1024:
                words = f"The service {one.service} wrote more than {most} MB to its disk."
                over[one.instance_id] = words
            elif one.disk_mb and together[one.instance_id] > most * 1024 * 1024:
                over[one.instance_id] = f"Its services wrote more than {most} MB to their disks."
        return over

    async def _is_up(self, container: Container) -> bool:
        """Whether its healthcheck passes, or without one, whether its ports take a connection."""
        if container.is_done:
            return True
        if container.health is not None:
            return container.health == "healthy"
        if container.state != "running":
            return False
        if container.service == vpn.SERVICE:
            said = await asyncio.to_thread(self._log_tail, container.id, 100)
            return "Initialization Sequence Completed" in said
        for port in container.ports:
            try:
                async with asyncio.timeout(1):
                    _, writer = await asyncio.open_connection(container.address, port)
                writer.close()
            except (OSError, TimeoutError):
                return False
        return True

    @property
    def _images(self) -> Images:
        assert self._images_of is not None, "check() comes first"  # noqa: S101
        return self._images_of

    @property
    def _network_pool(self) -> NetworkPool:
        assert self._created_pool is not None, "check() comes first"  # noqa: S101
        return self._created_pool

    @property
    def _container_list(self) -> ContainerList:
        assert self._created_list is not None, "check() comes first"  # noqa: S101
        return self._created_list

    async def _containers(self, instance_id: str) -> list[Container]:
        with _engine_available():
            listed = await self._container_list.fetch()
        return [container for container in listed if container.instance_id == instance_id]

    async def stop(self, instance_id: str) -> None:
        """Remove the project's containers, volumes and networks."""
        self._watched.pop(instance_id, None)
        with _engine_available():
            await asyncio.to_thread(self._remove, instance_id)

    def _remove(self, instance_id: str) -> None:
        project.down(self._docker.api, _project(instance_id))
        self._network_pool.release(instance_id)
        self._addresses.pop(instance_id, None)
        self._volumes.remove(instance_id)

    async def follow_logs(self, instance_id: str, folder: Path) -> AsyncGenerator[str, None]:
        """Each line as the engine has it; of several services with whose it is."""
        containers = await self._containers(instance_id)
        lines: asyncio.Queue[str] = asyncio.Queue(_LINES_WAITING)
        loop, streams = asyncio.get_running_loop(), []

        def pass_on(stream: Iterator[bytes], prefix: str) -> None:
            part = b""
            with contextlib.suppress(Exception):  # whoever reads has stopped
                for chunk in stream:
                    *whole, part = (part + chunk).split(b"\n")
                    for line in whole:
                        text = prefix + line.decode(errors="replace")
                        asyncio.run_coroutine_threadsafe(lines.put(text), loop).result()

        try:
            for one in containers:
                with _engine_available():
                    stream = await asyncio.to_thread(
                        self._docker.api.logs, one.id, stream=True, follow=True
                    )
                streams.append(stream)
                prefix = f"{one.service}: " if len(containers) > 1 else ""
                threading.Thread(target=pass_on, args=(stream, prefix), daemon=True).start()
            while True:
                yield await lines.get()
        finally:
            for stream in streams:
                with contextlib.suppress(Exception):  # it may have ended by itself
                    stream.close()

    async def is_healthy(self, instance_id: str) -> bool:
        """Whether every container runs and answers."""
        containers = await self._containers(instance_id)
        return bool(containers) and all([await self._is_up(c) for c in containers])

    async def logs(self, instance_id: str, folder: Path) -> str:
        """The containers' output, one after the other."""
        parts = []
        for container in await self._containers(instance_id):
            with _engine_available():
                output: bytes = await asyncio.to_thread(
                    self._docker.api.logs, container.id, tail=2000, timestamps=True
                )
            parts.append(f"== {container.service}\n{output.decode(errors='replace')}")
        return "\n".join(parts)[-LOG_TAIL:]

    async def containers(self, instance_id: str) -> list[NodeContainer]:
        """The containers."""
        return [
            NodeContainer(
                name=container.name,
                service=container.service,
                status=container.state,
                image=container.image,
                is_sidecar=container.is_sidecar,
            )
            for container in await self._containers(instance_id)
        ]

    async def recover(self, known: dict[str, Callable[[str], None]]) -> set[str]:
        """Adopt the instances that still run, remove every other one of this node."""
        by_instance: defaultdict[str, list[Container]] = defaultdict(list)
        mine = {"label": f"ctfy.node={self._node}"}
        with _engine_available():
            for container in await self._container_list.fetch():
                by_instance[container.instance_id].append(container)
            networks = await asyncio.to_thread(self._docker.api.networks, filters=mine)
        adopted = {
            instance_id
            for instance_id, containers in by_instance.items()
            if instance_id in known and not await self._end_reason(containers)
        }
        owners = self._volumes.owners() | {
            n["Labels"]["ctfy.instance"] for n in networks if "ctfy.instance" in n["Labels"]
        }
        for instance_id in (by_instance.keys() | known.keys() | owners) - adopted:
            await self.stop(instance_id)
        used = {i: [name for c in by_instance[i] for name in c.networks] for i in adopted}
        with _engine_available():
            await asyncio.to_thread(self._network_pool.recover, used)
        self._watched.update((instance_id, known[instance_id]) for instance_id in adopted)
        return adopted

    async def close(self) -> None:
        """End every instance of this node."""
        await self.detach()
        await self.recover({})

    async def detach(self) -> None:
        """Leave the containers running; `recover` of the next process adopts them."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)


@contextlib.contextmanager
def _engine_available() -> Iterator[None]:
    """Raise ProviderAway when the engine does not answer."""
    try:
        yield
    except requests.RequestException as error:
        raise ProviderAway(_AWAY) from error


@contextlib.contextmanager
def _compose_allowed() -> Iterator[None]:
    """Raise StartFailed when the compose file asks for what it may not have."""
    try:
        yield
    except ComposeRefused as error:
        raise StartFailed(str(error)) from error


def _words(error: Exception) -> str:
    """The engine's own message, without what the library adds."""
    if isinstance(error, docker.errors.APIError):  # which is a requests.RequestException, too
        return str(error.explanation or error)
    return _AWAY if isinstance(error, requests.RequestException) else str(error)


def _project(instance_id: str) -> str:
    return f"ctfy-{instance_id.lower()}"
