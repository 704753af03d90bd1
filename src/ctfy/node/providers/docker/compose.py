"""The compose file of one instance: the challenge's, with our limits on top."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.compose.model import ROTATOR, Mount, Service
from ctfy.challenge.compose.services import SAFE_CAPABILITIES
from ctfy.challenge.compose.values import VARIABLE, is_of_instance, is_plain_name, variables_in
from ctfy.challenge.folders import add_contents, inside
from ctfy.challenge.limits import Amounts, of_services
from ctfy.node.providers.docker.vpn import SERVICE as VPN_SERVICE

DEFAULT_NETWORK = "default"
PORTS_LABEL = "ctfy.ports"
DISK_LABEL = "ctfy.disk-mb"  # what all containers of the instance may write together
BRIDGE_OPTION = "com.docker.network.bridge.name"
# 192.0.2.53 is nobody's (RFC 5737): names of the instance are known without asking it.
_NO_NAMES = ["192.0.2.53"]


@dataclass(frozen=True, slots=True)
class Network:
    """A network of one instance: the bridge that it is, its addresses, whether it leads out.

    `name` is what the engine calls one that is there already; empty: it is to be made.
    """

    bridge: str
    subnet: str
    egress: bool = False
    name: str = ""


def network_names(challenge: Challenge) -> list[str]:
    """The networks that the challenge's services are on."""
    services = challenge.compose.services.values()
    return sorted({name for service in services for name in _networks(service)})


def _networks(service: Service) -> dict[str, list[str]]:
    """A service's networks with what it is called on each."""
    return service.networks or {DEFAULT_NETWORK: []}


@dataclass(frozen=True, slots=True)
class Build:
    """How a service's image is made: by whom it is named, and from what."""

    image: str
    folder: Path
    dockerfile: str
    target: str | None
    args: dict[str, str]
    of_instance: bool  # its arguments differ by instance, so it goes with the instance


def build_of(challenge: Challenge, service: Service, given: dict[str, str]) -> Build | None:
    """How to build a service's image; None where the compose file names an image.

    It is named by the digest of all that goes into it, so that an unchanged one is never rebuilt.
    `given`: see `variables`. Raises PathRefused when the context leads out of its folder by now.
    """
    plan = service.build
    if plan is None:
        return None
    folder = inside(challenge.path, plan.context)
    inside(folder, plan.dockerfile)
    args = {key: fill(value, given) for key, value in plan.args.items()}
    how = json.dumps([plan.dockerfile, plan.target, args], sort_keys=True)
    digest = hashlib.sha256(how.encode())
    add_contents(digest, folder)
    return Build(
        image=f"ctfy/{challenge.id}-{service.name.lower()}:{digest.hexdigest()[:16]}",
        folder=folder,
        dockerfile=plan.dockerfile,
        target=plan.target,
        args=args,
        of_instance=any(
            is_of_instance(variable)
            for value in plan.args.values()
            for variable, _ in variables_in(value)
        ),
    )


def variables(instance_id: str, answers: dict[str, str]) -> dict[str, str]:
    """What a compose file may say of its instance: `${INSTANCE_ID}`, `${ANSWER_<ID>}`."""
    return {"INSTANCE_ID": instance_id, **_answer_variables(answers)}


def _answer_variables(answers: dict[str, str]) -> dict[str, str]:
    return {f"ANSWER_{key.upper()}": value for key, value in answers.items()}


def fill(value: Any, given: dict[str, str]) -> Any:
    """A part of a compose file with its variables replaced; an unknown one is its default."""
    if isinstance(value, dict):
        return {key: fill(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, given) for inner in value]
    if not isinstance(value, str):
        return value

    def replaced(found: re.Match[str]) -> str:
        name = found["name"] or found["braced"]
        if name is None:
            return "$"
        try:
            return given[name]
        except KeyError:
            return found["default"] or ""

    return VARIABLE.sub(replaced, value)


def render(
    challenge: Challenge,
    instance_id: str,
    answers: dict[str, str],
    answers_folder: Path,
    *,
    images: dict[str, str],
    networks: dict[str, Network],
    volume_of: Callable[[str], Path],
    node: str,
    most: Mapping[str, float],
    runtime: str = "",
    vpn: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The compose file of one instance.

    Nothing is published: the node's relays go to the containers' own addresses. Answers reach the
    service named `flag-rotator` as environment, and every service that mounts `/answers` as files.
    `images` are by service, `volume_of` says where a named volume of the instance is, `most` is
    what the node gives an instance at most, `vpn` is the service of its server. Raises PathRefused
    when a mount leads out of the challenge by now.
    """
    owner = {"ctfy.instance": instance_id, "ctfy.node": node}
    given = variables(instance_id, answers)
    services: dict[str, Any] = {}
    volumes: set[str] = set()
    shares = of_services(challenge.metadata, challenge.compose.services, most)
    disk_mb = challenge.metadata.limits.disk_mb
    for name, wanted in challenge.compose.services.items():
        volumes.update(mount.source for mount in wanted.mounts if mount.kind == "volume")
        service = {
            **_confined(wanted, given, shares[name]),
            "image": images[name],
            "labels": {
                **owner,
                "ctfy.service": name,
                PORTS_LABEL: ",".join(map(str, wanted.ports)),
                **({DISK_LABEL: str(disk_mb)} if disk_mb else {}),
            },
            "volumes": [_mount(challenge, mount, answers_folder) for mount in wanted.mounts],
        }
        if runtime:
            service["runtime"] = runtime
        if not challenge.metadata.egress:
            service["dns"] = _NO_NAMES
        if name == ROTATOR:
            service["environment"] |= _answer_variables(answers)
        services[name] = service
    if vpn:
        services[VPN_SERVICE] = vpn
    return {
        "services": services,
        "networks": {
            name: {**definition(networks[name]), "labels": owner} for name in sorted(networks)
        },
        "volumes": {
            name: {
                "driver": "local",
                "driver_opts": {"type": "none", "o": "bind", "device": str(volume_of(name))},
            }
            for name in sorted(volumes)
        },
    }


def _confined(wanted: Service, given: dict[str, str], share: Amounts) -> dict[str, Any]:
    """What a service keeps of its author's words, and its limits."""
    memory, shared = f"{share['memory_mb']}m", wanted.limits.shm_mb
    networks = _networks(wanted)
    return {
        **fill(wanted.settings, given),
        "environment": fill(wanted.environment, given),
        "depends_on": {other: {"condition": how} for other, how in wanted.depends_on.items()},
        "networks": {name: {"aliases": aliases} for name, aliases in networks.items()},
        "cap_drop": ["ALL"],
        "cap_add": sorted(SAFE_CAPABILITIES.intersection(wanted.capabilities)),
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": memory,
        "memswap_limit": memory,
        **({"shm_size": f"{shared}m"} if shared else {}),
        "cpus": share["cpus"],
        "pids_limit": int(share["processes"]),
        "ulimits": {"nofile": {"soft": 4096, "hard": 4096}, "core": 0},
        "restart": "no",
        "logging": {"driver": "json-file", "options": {"max-size": "8m", "max-file": "2"}},
    }


def definition(network: Network) -> dict[str, Any]:
    """A network as Compose would describe it; one that is there already is external."""
    return {
        **({"external": True, "name": network.name} if network.name else {}),
        "driver": "bridge",
        "driver_opts": {
            BRIDGE_OPTION: network.bridge,
            # One that leads nowhere needs no rule for what comes out of it.
            "com.docker.network.bridge.enable_ip_masquerade": str(network.egress).lower(),
        },
        "ipam": {"config": [{"subnet": network.subnet}]},
    }


def _mount(challenge: Challenge, mount: Mount, answers_folder: Path) -> dict[str, Any]:
    """How a service's mount is made for an instance.

    What a path leads to is looked at again: it may have changed since the file was read.
    """
    if mount.kind == "tmpfs":
        size = {"size": mount.size_mb * 1024 * 1024}
        return {"type": "tmpfs", "target": mount.target, "tmpfs": size}
    if mount.kind == "volume":
        if not is_plain_name(mount.source):
            raise ValueError(f"{mount.source!r} names no volume")
        kind, source = "volume", mount.source
    elif mount.kind == "answers":
        kind, source = "bind", str(answers_folder)
    else:  # of the challenge's own folder, which all of its instances share
        kind, source = "bind", str(inside(challenge.path, mount.source))
    read_only = mount.read_only or kind == "bind"
    return {"type": kind, "source": source, "target": mount.target, "read_only": read_only}
