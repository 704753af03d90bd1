"""What a service says that it takes: memory, processors, processes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ctfy.challenge.compose.model import ServiceLimits
from ctfy.challenge.compose.values import Reader
from ctfy.challenge.documents import Location
from ctfy.challenge.limits import LEAST, OF_CONTAINER

KEYS = frozenset({"mem_limit", "cpus", "pids_limit", "shm_size", "deploy"})
_AMOUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([kmgt]?)(?:i?b)?", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_UNITS = {"": 1 / 1024**2, "k": 1 / 1024, "m": 1, "g": 1024, "t": 1024**2}
_LIMITS = frozenset({"memory", "cpus", "pids"})
_RESERVED = frozenset({"memory", "cpus"})


def read_limits(read: Reader, at: Location, body: dict[str, Any]) -> ServiceLimits:
    """A service's limits, in either of the two ways to write them."""
    deploy = read.mapping((*at, "deploy"), body.get("deploy"))
    for key in deploy:
        if key != "resources" and not key.startswith("x-"):
            problem = f"`deploy.{key}` is not supported: each service runs once"
            read.refuse((*at, "deploy", key), "compose.deploy", problem, "remove it")
    there = (*at, "deploy", "resources")
    given = read.keys(there, deploy.get("resources"), {"limits", "reservations"}, "deploy")
    limits = read.keys(
        (*there, "limits"), given.get("limits"), {"memory", "cpus", "pids"}, "deploy"
    )
    reserved = read.keys((*there, "reservations"), given.get("reservations"), _RESERVED, "deploy")
    for key in reserved:
        problem = f"`reservations.{key}` is not heeded: nothing is kept free for one instance"
        read.note((*there, "reservations", key), "compose.deploy", problem, "write it as a limit")

    def one(key: str, other: str, take: Callable[..., Any]) -> Any:
        plain = take(read, (*at, key), body.get(key))
        nested = take(read, (*there, "limits", other), limits.get(other))
        if plain is None or nested is None:
            return nested if plain is None else plain
        if plain != nested:
            problem = f"`{key}` and `deploy.resources.limits.{other}` differ: the smaller holds"
            read.note((*at, key), f"compose.{key}", problem, "keep one of them")
        return min(plain, nested)

    memory = one("mem_limit", "memory", _memory)
    shared = _megabytes(read, (*at, "shm_size"), body.get("shm_size"), 1)
    if shared is not None and shared > (memory or OF_CONTAINER["memory_mb"]):
        problem = f"`shm_size` of {shared} MB is more than its memory"
        read.refuse((*at, "shm_size"), "compose.shm_size", problem, f"at most {memory or 512}m")
    return ServiceLimits(
        memory, one("cpus", "cpus", _cpus), one("pids_limit", "pids", _processes), shared
    )


def _memory(read: Reader, at: Location, value: Any) -> int | None:
    return _megabytes(read, at, value, int(LEAST["memory_mb"]))


def _megabytes(read: Reader, at: Location, value: Any, least: int) -> int | None:
    """A size as Compose writes it, `512m`, in MB; a bare number is bytes."""
    if value is None:
        return None
    found = _AMOUNT.fullmatch(read.plain(at, value))
    size = int(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
    return int(_within(read, at, value, size, least, 1_048_576, "m"))


def _cpus(read: Reader, at: Location, value: Any) -> float | None:
    if value is None:
        return None
    text = read.plain(at, value)
    number = float(text) if _NUMBER.fullmatch(text) else 0
    return _within(read, at, value, number, LEAST["cpus"], 1024, "")


def _processes(read: Reader, at: Location, value: Any) -> int | None:
    if value is None:
        return None
    text = read.plain(at, value)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return int(_within(read, at, value, number, LEAST["processes"], 32_768, ""))


def _within(
    read: Reader, at: Location, written: Any, found: float, least: float, most: float, unit: str
) -> float:
    """An amount, refused where it is none, unlimited, or out of what there is."""
    if least <= found <= most:
        return found
    rule = "deploy" if "deploy" in at else at[-1]
    problem = f"`{at[-1]}` is {written}"
    read.refuse(at, f"compose.{rule}", problem, f"from {least:g}{unit} to {most:g}{unit}")
    return least
