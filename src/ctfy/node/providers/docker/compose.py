"""The compose file of one instance: the challenge's, with our limits on top."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

from ctfy.challenge.catalogue import Challenge

ANSWER_SERVICE = "flag-rotator"
ANSWERS_TARGET = "/answers"
# What ordinary servers need to start and drop privileges; none of it reaches the host.
SAFE_CAPABILITIES = frozenset(
    {"CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"}
)
# What a service may keep of its author's definition. Everything else (host namespaces, devices,
# privileges, fixed names and ports) is dropped or replaced.
_KEPT = (
    "command",
    "entrypoint",
    "environment",
    "healthcheck",
    "hostname",
    "init",
    "read_only",
    "stop_grace_period",
    "stop_signal",
    "tmpfs",
    "user",
    "working_dir",
)


def read_services(challenge: Challenge) -> dict[str, dict[str, Any]]:
    """The services of the challenge's compose file, as its author wrote them."""
    assert challenge.compose_file is not None  # noqa: S101 - the caller looked
    content = yaml.safe_load(challenge.compose_file.read_text(encoding="utf-8"))
    services: dict[str, dict[str, Any]] = content["services"]
    return services


def image_of(challenge: Challenge, name: str, service: dict[str, Any]) -> tuple[str, Path | None]:
    """The image that a service runs and the folder to build it from, if any.

    A built image is named by the digest of its folder, so that an unchanged one is never rebuilt.
    """
    build = service.get("build")
    if build is None:
        return str(service["image"]), None
    context = build["context"] if isinstance(build, dict) else build
    folder = (challenge.path / context).resolve()
    if not folder.is_relative_to(challenge.path):
        raise ValueError(f"service {name} builds outside its challenge folder")
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_mode & 0o111}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"ctfy/{challenge.id}-{name}:{digest.hexdigest()[:16]}", folder


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
    bind: str,
    node: str,
) -> dict[str, Any]:
    """The compose file of one instance.

    Ports are published on random host ports of `bind`. Answers reach the service named
    `flag-rotator` as environment, and every service that mounts `/answers` as files.
    """
    services = {}
    for name, service in read_services(challenge).items():
        image, _ = image_of(challenge, name, service)
        capabilities = sorted(SAFE_CAPABILITIES.intersection(service.get("cap_add", [])))
        ours: dict[str, Any] = {
            **{key: service[key] for key in _KEPT if key in service},
            "image": image,
            "labels": {"ctfy.instance": instance_id, "ctfy.node": node, "ctfy.service": name},
            "ports": [f"{bind}::{port}" for port in published_ports(service)],
            "cap_drop": ["ALL"],
            "cap_add": capabilities,
            "security_opt": ["no-new-privileges:true"],
            "mem_limit": "512m",
            "cpus": 1.0,
            "pids_limit": 256,
            "restart": "no",
            "logging": {"driver": "json-file", "options": {"max-size": "8m", "max-file": "2"}},
        }
        if depends := service.get("depends_on"):
            ours["depends_on"] = depends
        if any(_target(volume) == ANSWERS_TARGET for volume in service.get("volumes", [])):
            ours["volumes"] = [f"{answers_folder}:{ANSWERS_TARGET}:ro"]
        if name == ANSWER_SERVICE:
            given = ours.get("environment", {})
            if isinstance(given, list):
                given = dict(item.partition("=")[::2] for item in given)
            ours["environment"] = {
                **given,
                **{f"ANSWER_{key.upper()}": value for key, value in answers.items()},
            }
        services[name] = ours
    return {"version": "2.4", "services": services}


def _target(volume: Any) -> str:
    if isinstance(volume, dict):
        return str(volume.get("target", ""))
    parts = str(volume).split(":")
    return parts[1] if len(parts) > 1 else parts[0]
