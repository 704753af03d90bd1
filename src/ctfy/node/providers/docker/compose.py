"""The compose file of one instance: the challenge's, with our limits on top."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.compose import (
    ANSWERS_TARGET,
    KEPT,
    ROTATOR,
    SAFE_CAPABILITIES,
    VARIABLE,
    is_of_instance,
    variables_in,
)
from ctfy.node.providers.docker.vpn import SERVICE as VPN_SERVICE

DEFAULT_NETWORK = "default"
PORTS_LABEL = "ctfy.ports"
BRIDGE_OPTION = "com.docker.network.bridge.name"
_TMPFS_MB = 256
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


def read_services(challenge: Challenge) -> dict[str, dict[str, Any]]:
    """The services of the challenge's compose file, as its author wrote them."""
    services: dict[str, dict[str, Any]] = challenge.compose["services"]
    return services


def network_names(challenge: Challenge) -> list[str]:
    """The networks that the challenge's services are on."""
    used = {name for service in read_services(challenge).values() for name in _networks(service)}
    return sorted(used)


def _networks(service: dict[str, Any]) -> dict[str, Any]:
    """A service's networks with what it is called on each."""
    wanted = service.get("networks") or [DEFAULT_NETWORK]
    return dict.fromkeys(wanted) if isinstance(wanted, list) else dict(wanted)


@dataclass(frozen=True, slots=True)
class Build:
    """How a service's image is made: by whom it is named, and from what."""

    image: str
    folder: Path
    dockerfile: str
    target: str | None
    args: dict[str, str]
    of_instance: bool  # its arguments differ by instance, so it goes with the instance


def build_of(
    challenge: Challenge, name: str, service: dict[str, Any], given: dict[str, str]
) -> Build | None:
    """How to build a service's image; None where the compose file names an image.

    It is named by the digest of all that goes into it, so that an unchanged one is never rebuilt.
    `given`: see `variables`.
    """
    build = service.get("build")
    if build is None:
        return None
    wanted: dict[str, Any] = build if isinstance(build, dict) else {"context": build}
    folder = (challenge.path / wanted.get("context", ".")).resolve()
    if not folder.is_relative_to(challenge.path):
        raise ValueError(f"service {name} builds outside its challenge folder")
    written = _mapping(wanted.get("args"))
    args = {key: fill(value, given) for key, value in written.items()}
    dockerfile, target = str(wanted.get("dockerfile", "Dockerfile")), wanted.get("target")
    digest = hashlib.sha256(json.dumps([dockerfile, target, args], sort_keys=True).encode())
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_mode & 0o111}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return Build(
        image=f"ctfy/{challenge.id}-{name}:{digest.hexdigest()[:16]}",
        folder=folder,
        dockerfile=dockerfile,
        target=target,
        args=args,
        of_instance=any(
            is_of_instance(variable)
            for value in written.values()
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


def _mapping(given: Any) -> dict[str, str]:
    """A mapping, also where it is written as a list of `KEY=value`."""
    if isinstance(given, list):
        return {key: value for key, _, value in (str(item).partition("=") for item in given)}
    return {str(key): "" if value is None else str(value) for key, value in (given or {}).items()}


def published_ports(service: dict[str, Any]) -> list[int]:
    """The container ports of a service's `ports`, whatever host port the author wrote."""
    ports = []
    for entry in service.get("ports", []):
        target = entry["target"] if isinstance(entry, dict) else str(entry).rpartition(":")[2]
        ports.append(int(str(target).partition("/")[0]))
    return ports


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
    runtime: str = "",
    vpn: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The compose file of one instance.

    Nothing is published: the node's relays go to the containers' own addresses. Answers reach the
    service named `flag-rotator` as environment, and every service that mounts `/answers` as files.
    `images` are by service, `volume_of` says where a named volume of the instance is, `vpn` is the
    service of its server.
    """
    owner = {"ctfy.instance": instance_id, "ctfy.node": node}
    given = variables(instance_id, answers)
    services = {}
    volumes: set[str] = set()
    for name, written in read_services(challenge).items():
        mounts = [_mount(challenge, v, answers_folder) for v in written.get("volumes", [])]
        volumes.update(volume for _, volume in mounts if volume)
        service = {
            **_confined(written, given),
            "image": images[name],
            "labels": {
                **owner,
                "ctfy.service": name,
                PORTS_LABEL: ",".join(map(str, published_ports(written))),
            },
            "volumes": [mount for mount, _ in mounts],
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


def _confined(written: dict[str, Any], given: dict[str, str]) -> dict[str, Any]:
    """What a service keeps of its author's words, and our limits."""
    return {
        **{key: fill(written[key], given) for key in sorted(KEPT) if key in written},
        "environment": fill(_mapping(written.get("environment")), given),
        "depends_on": written.get("depends_on", {}),
        "networks": _networks(written),
        "cap_drop": ["ALL"],
        "cap_add": sorted(SAFE_CAPABILITIES.intersection(_capabilities(written))),
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": "512m",
        "memswap_limit": "512m",
        "cpus": 1.0,
        "pids_limit": 256,
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


def _capabilities(service: dict[str, Any]) -> set[str]:
    return {str(c).upper().removeprefix("CAP_") for c in service.get("cap_add", [])}


def _mount(challenge: Challenge, volume: Any, answers_folder: Path) -> tuple[Any, str]:
    """How a volume is mounted for an instance, and the named volume that it needs, if any."""
    if isinstance(volume, dict):
        source, target = str(volume.get("source", "")), str(volume.get("target", ""))
        read_only = bool(volume.get("read_only"))
        if volume.get("type") == "tmpfs":
            size = {"size": _TMPFS_MB * 1024 * 1024}
            return {"type": "tmpfs", "target": target, "tmpfs": size}, ""
    else:
        first, *rest = str(volume).split(":")
        source, target = (first, rest[0]) if rest else ("", first)
        read_only = "ro" in rest[1:]
    if target == ANSWERS_TARGET:
        return f"{answers_folder}:{ANSWERS_TARGET}:ro", ""
    if "/" in source:  # a path of the challenge's own folder, which all of its instances share
        return f"{(challenge.path / source).resolve()}:{target}:ro", ""
    if not source:
        source = "anonymous-" + hashlib.sha256(target.encode()).hexdigest()[:12]
    return f"{source}:{target}{':ro' if read_only else ''}", source
