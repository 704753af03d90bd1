"""Bringing the services of one instance up and down, through the engine's API.

The Compose tool is not used: it takes 0.5 s to start.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Literal, TypeVar

import docker
import docker.errors
from docker.types import IPAMConfig, IPAMPool, LogConfig, Mount, Ulimit

from ctfy.challenge.compose.values import nanoseconds
from ctfy.node.providers.base import StartFailed

PROJECT = "ctfy.project"
_POLL_S = 0.05
_Done = TypeVar("_Done")


class NetworkTaken(Exception):
    """The addresses that were chosen for a network are somebody else's by now."""


async def up(
    engine: docker.APIClient, name: str, content: dict[str, Any], slots: asyncio.Semaphore
) -> None:
    """Create and start what `compose.render` describes, each service after its dependencies.

    `slots` bounds how many requests the engine works on at once.
    Raises StartFailed, NetworkTaken, docker.errors.APIError; then parts are left for `down`.
    """
    services: dict[str, dict[str, Any]] = content["services"]
    started = {service: asyncio.Event() for service in services}
    containers: dict[str, str] = {}
    called = {
        network: str(wanted.get("name") or f"{name}-{network}")
        for network, wanted in content["networks"].items()
    }

    async def make(service: str) -> None:
        wanted = services[service]
        containers[service] = await uninterrupted(_create, engine, name, service, wanted, called)
        if not _dependencies(services[service]):
            await uninterrupted(engine.start, containers[service])
            started[service].set()

    async def start_after_dependencies(service: str) -> None:
        for other, condition in _dependencies(services[service]).items():
            await started[other].wait()
            await _wait_for_condition(engine, f"{name}-{other}", other, condition)
        async with slots:
            await uninterrupted(engine.start, containers[service])
        started[service].set()

    # In one slot, so that of many instances the first is ready early.
    async with slots:
        await uninterrupted(_prepare, engine, name, content)
        await _run_all(make, services)
    await _run_all(start_after_dependencies, (s for s in services if not started[s].is_set()))


async def _run_all(do: Callable[[str], Coroutine[Any, Any, None]], services: Iterable[str]) -> None:
    """Run it for all services concurrently. Raises the first failure, after all have ended."""
    try:
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(do(service))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def uninterrupted(do: Callable[..., _Done], *arguments: Any) -> _Done:
    """Run it in a thread; when cancelled, wait for its end before raising CancelledError.

    Otherwise it could create something after everything was removed.
    """
    doing = asyncio.ensure_future(asyncio.to_thread(do, *arguments))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise


def _prepare(engine: docker.APIClient, name: str, content: dict[str, Any]) -> None:
    labels = {PROJECT: name}
    for network, wanted in content["networks"].items():
        if not wanted.get("external"):
            made = {**wanted, "labels": {**wanted["labels"], **labels}}
            create_network(engine, f"{name}-{network}", made)
    for volume, wanted in content["volumes"].items():
        engine.create_volume(
            f"{name}-{volume}",
            driver=wanted["driver"],
            driver_opts=wanted["driver_opts"],
            labels=labels,
        )


def create_network(engine: docker.APIClient, name: str, wanted: dict[str, Any]) -> None:
    """Make a network. Raises NetworkTaken, docker.errors.APIError."""
    pool = IPAMPool(subnet=wanted["ipam"]["config"][0]["subnet"])
    try:
        engine.create_network(
            name,
            driver=wanted["driver"],
            options=wanted["driver_opts"],
            ipam=IPAMConfig(pool_configs=[pool]),
            labels=wanted["labels"],
        )
    except docker.errors.APIError as error:
        said = str(error.explanation)
        if "Pool overlaps" in said or "conflicts with network" in said:
            raise NetworkTaken(said) from error
        raise


def remove_network(engine: docker.APIClient, name: str) -> None:
    """Remove a network; one that is gone is no error."""
    with contextlib.suppress(docker.errors.NotFound):
        engine.remove_network(name)


def _create(
    engine: docker.APIClient,
    name: str,
    service: str,
    wanted: dict[str, Any],
    called: dict[str, str],
) -> str:
    """The container of a service, not started; its id. `called`: the engine's names of networks."""
    networks = wanted["networks"]
    first, *others = networks
    mounts = [_mount(name, mount) for mount in wanted.get("volumes", [])]
    host = engine.create_host_config(
        network_mode=called[first],
        mounts=mounts,
        cap_drop=wanted["cap_drop"],
        cap_add=wanted["cap_add"],
        security_opt=wanted["security_opt"],
        mem_limit=wanted["mem_limit"],
        memswap_limit=wanted["memswap_limit"],
        shm_size=wanted.get("shm_size"),
        nano_cpus=int(wanted["cpus"] * 10**9),
        pids_limit=wanted["pids_limit"],
        ulimits=[_limit(kind, both) for kind, both in wanted["ulimits"].items()],
        log_config=LogConfig(type=wanted["logging"]["driver"], config=wanted["logging"]["options"]),
        dns=wanted.get("dns"),
        init=wanted.get("init"),
        read_only=wanted.get("read_only"),
        runtime=wanted.get("runtime"),
        sysctls=wanted.get("sysctls"),
        devices=wanted.get("devices"),
    )
    endpoints = {
        network: engine.create_endpoint_config(aliases=[service, *_aliases(networks[network])])
        for network in networks
    }
    grace = wanted.get("stop_grace_period")
    made: dict[str, Any] = engine.create_container(
        wanted["image"],
        command=_words(wanted.get("command")),
        entrypoint=_words(wanted.get("entrypoint")),
        environment=wanted.get("environment"),
        hostname=wanted.get("hostname"),
        user=wanted.get("user"),
        working_dir=wanted.get("working_dir"),
        stop_signal=wanted.get("stop_signal"),
        stop_timeout=None if grace is None else max(1, nanoseconds(grace) // 10**9),
        healthcheck=_healthcheck(wanted.get("healthcheck")),
        labels={**wanted["labels"], PROJECT: name},
        host_config=host,
        networking_config={"EndpointsConfig": {called[first]: endpoints[first]}},
        name=f"{name}-{service}",
    )
    container = str(made["Id"])
    for network in others:
        engine.connect_container_to_network(
            container, called[network], aliases=[service, *_aliases(networks[network])]
        )
    return container


def _dependencies(service: dict[str, Any]) -> dict[str, str]:
    """What a service waits for: the other's name and the condition."""
    wanted = service.get("depends_on") or {}
    return {other: how["condition"] for other, how in wanted.items()}


async def _wait_for_condition(
    engine: docker.APIClient, container: str, service: str, condition: str
) -> None:
    """Wait for a `depends_on` condition of a started service. Raises StartFailed when it ends."""
    if condition == "service_started":
        return
    while True:
        state = (await asyncio.to_thread(engine.inspect_container, container))["State"]
        ended = state["Status"] in ("exited", "dead")
        if condition == "service_completed_successfully" and ended and state["ExitCode"] == 0:
            return
        if ended:
            raise StartFailed(f"The service {service} ended with code {state['ExitCode']}.")
        if condition == "service_healthy" and state.get("Health", {}).get("Status") == "healthy":
            return
        await asyncio.sleep(_POLL_S)


def down(engine: docker.APIClient, name: str) -> None:
    """Remove everything of a project; what is not there is no error."""
    project = {"label": f"{PROJECT}={name}"}
    for container in engine.containers(all=True, filters=project):
        with contextlib.suppress(docker.errors.NotFound):
            engine.remove_container(container, force=True, v=True)
    for network in engine.networks(filters=project):
        remove_network(engine, network["Id"])
    for volume in engine.volumes(filters=project)["Volumes"] or []:
        with contextlib.suppress(docker.errors.NotFound):
            engine.remove_volume(volume["Name"], force=True)
    for image in engine.images(filters=project):
        with contextlib.suppress(docker.errors.NotFound):
            engine.remove_image(image["Id"], force=True)


# -- From Compose's format to the engine's


def _healthcheck(wanted: dict[str, Any] | None) -> dict[str, Any] | None:
    if wanted is None:
        return None
    if wanted.get("disable"):
        return {"test": ["NONE"]}
    test = wanted.get("test")
    result: dict[str, Any] = {"test": ["CMD-SHELL", test] if isinstance(test, str) else test}
    for key in ("interval", "timeout", "start_period"):
        if key in wanted:
            result[key] = nanoseconds(wanted[key])
    if "retries" in wanted:
        result["retries"] = int(wanted["retries"])
    return result


def _words(command: str | list[Any] | None) -> list[str] | None:
    if isinstance(command, str):
        return shlex.split(command)
    return None if command is None else [str(word) for word in command]


def _limit(kind: str, both: dict[str, int] | int) -> Ulimit:
    soft, hard = (both["soft"], both["hard"]) if isinstance(both, dict) else (both, both)
    return Ulimit(name=kind, soft=soft, hard=hard)


def _mount(name: str, entry: dict[str, Any]) -> Mount:
    """A mount of `compose.render`; only what is there is mounted, nothing is made for it."""
    if entry["type"] == "tmpfs":
        return Mount(entry["target"], None, type="tmpfs", tmpfs_size=entry["tmpfs"]["size"])
    kind: Literal["bind", "volume"] = entry["type"]
    place = entry["source"] if kind == "bind" else f"{name}-{entry['source']}"
    return Mount(entry["target"], place, type=kind, read_only=entry["read_only"])


def _aliases(network: dict[str, Any] | None) -> list[str]:
    return list((network or {}).get("aliases", []))
