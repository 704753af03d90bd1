"""What a compose file says here, and what it is refused for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

FILE = "docker-compose.yml"
ANSWERS_TARGET, ROTATOR = "/answers", "flag-rotator"
OWN_PREFIX = "ctfy-"  # of services that the node adds
OWN_IMAGES = "ctfy/"  # what it builds


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that a compose file may not ask for, or asks in vain.

    `line` counts from 1; 0 is the whole file.
    """

    line: int
    rule: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{FILE}:{self.line}: {self.problem} ({self.fix})"


class ComposeRefused(ValueError):
    """A compose file asks for what it may not have; `refusals` is all of it."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__(str(refusals[0]))
        self.refusals = refusals


@dataclass(frozen=True, slots=True)
class Mount:
    """What a service sees at `target`.

    `source` is a path below the challenge's folder (`folder`) or the name of a volume of the
    instance (`volume`); else empty.
    """

    kind: Literal["folder", "volume", "tmpfs", "answers"]
    target: str
    source: str = ""
    read_only: bool = False
    size_mb: int = 0


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What an image is made from; `context` is a path below the challenge's folder."""

    context: str
    dockerfile: str
    target: str | None
    args: dict[str, str]


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """What a service says that it takes; None: nothing. `shm_mb`: of /dev/shm."""

    memory_mb: int | None = None
    cpus: float | None = None
    processes: int | None = None
    shm_mb: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service. Of variables, only the instance's own are left in its texts, and `$$`."""

    name: str
    image: str
    build: BuildPlan | None
    settings: dict[str, Any]
    """Of its process, as Compose writes them: command, user, healthcheck and so on."""
    environment: dict[str, str]
    ports: list[int]
    depends_on: dict[str, str]
    """The services that it waits for, each with the condition."""
    networks: dict[str, list[str]]
    """The networks that it is on, each with its other names there; empty: the default one."""
    mounts: list[Mount]
    capabilities: list[str]
    limits: ServiceLimits = ServiceLimits()


@dataclass(frozen=True, slots=True)
class Compose:
    """A compose file. `early_line` is the first that takes what only a claimed instance has.

    `notes`: what is taken and not heeded.
    """

    services: dict[str, Service]
    early_line: int
    notes: tuple[Refusal, ...] = ()
