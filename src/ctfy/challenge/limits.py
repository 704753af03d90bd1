"""What an instance may use: as its challenge says, or as one gets whose challenge says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from ctfy.challenge.compose.model import Service
    from ctfy.challenge.metadata import Metadata

Kind = Literal["memory_mb", "cpus", "processes"]
Amounts = dict[str, float]
KINDS: tuple[Kind, ...] = ("memory_mb", "cpus", "processes")
KINDS_OF_MOST = (*KINDS, "disk_mb")  # which a node has a most of
# What a container gets that says nothing, and a sandbox; what an instance counts as then.
OF_CONTAINER: Mapping[str, float] = {"memory_mb": 512, "cpus": 1.0, "processes": 256}
OF_SANDBOX: Mapping[str, float] = {"memory_mb": 512, "cpus": 1.0, "processes": 64}
LEAST: Mapping[str, float] = {"memory_mb": 16, "cpus": 0.01, "processes": 1}
_SAID = {
    "memory_mb": "{:g} MB of memory",
    "cpus": "{:g} processors",
    "processes": "{:g} processes",
    "disk_mb": "{:g} MB of disk",
}


class Limits(BaseModel):
    """What an instance of a challenge may use, all of its services together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory_mb: Annotated[int, Field(ge=16, le=1_048_576)] | None = Field(
        None, description="Memory in MB; without, 512 a service"
    )
    cpus: Annotated[float, Field(ge=0.01, le=1024, allow_inf_nan=False)] | None = Field(
        None, description="Processors, as 1.5; without, one a service"
    )
    processes: Annotated[int, Field(ge=1, le=32_768)] | None = Field(
        None, description="Processes at once; without, 256 a service, 64 in a sandbox"
    )
    disk_mb: Annotated[int, Field(ge=1, le=1_048_576)] | None = Field(
        None, description="What it may write, in MB; without, 1024 a container, 64 in a sandbox"
    )
    lifetime_s: Annotated[int, Field(ge=60, le=31_536_000)] | None = Field(
        None, description="How long it lives, in seconds; without, as the platform's settings say"
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an instance takes of a node.

    `memory_mb` and `cpus` are what it counts as; `asks` holds what its challenge says itself, by
    the names of `Limits`, which no node may give less than.
    """

    memory_mb: int
    cpus: float
    asks: Amounts


def wanted(metadata: Metadata, services: Mapping[str, Service]) -> Wanted:
    """What an instance takes, whichever way a node runs it."""
    asks = asked_of_containers(metadata, services)
    if metadata.sandbox is not None:
        for kind, amount in asked_of_sandbox(metadata).items():
            asks[kind] = max(amount, asks.get(kind, 0))
    return Wanted(
        int(asks.get("memory_mb", OF_CONTAINER["memory_mb"])),
        asks.get("cpus", OF_CONTAINER["cpus"]),
        asks,
    )


def asked_of_containers(metadata: Metadata, services: Mapping[str, Service]) -> Amounts:
    """What a challenge says that its services take together: of each kind it says nothing of, none.

    Where only some services say, the others count with what they get.
    """
    asks = _of_instance(metadata)
    for kind in KINDS:
        said = [getattr(service.limits, kind) for service in services.values()]
        if kind not in asks and any(one is not None for one in said):
            asks[kind] = sum(OF_CONTAINER[kind] if one is None else one for one in said)
    return asks


def asked_of_sandbox(metadata: Metadata) -> Amounts:
    """What a challenge says that its sandbox takes."""
    asks = _of_instance(metadata)
    sandbox = metadata.sandbox
    for kind in ("memory_mb", "processes"):
        if sandbox is not None and kind in sandbox.model_fields_set:
            asks[kind] = getattr(sandbox, kind)
    return asks


def in_sandbox(metadata: Metadata, most: Mapping[str, float]) -> Amounts:
    """What a sandbox gets of each kind, on a node that gives at most so much."""
    asks = asked_of_sandbox(metadata)
    return {kind: asks.get(kind, min(OF_SANDBOX[kind], most[kind])) for kind in KINDS}


def of_services(
    metadata: Metadata, services: Mapping[str, Service], most: Mapping[str, float]
) -> dict[str, Amounts]:
    """What each service gets of each kind, on a node that gives an instance at most so much.

    One that says something gets that. Of the challenge's `limits`, the others share what is left
    evenly; without, each gets the same as everywhere.
    """
    shares: dict[str, Amounts] = {name: {} for name in services}
    for kind in KINDS:
        said = {n: v for n, s in services.items() if (v := getattr(s.limits, kind)) is not None}
        rest = min(OF_CONTAINER[kind], most[kind])
        total = getattr(metadata.limits, kind)
        if total is not None and len(said) < len(services):
            rest = (total - sum(said.values())) / (len(services) - len(said))
        for name in services:
            amount = said.get(name, rest)
            shares[name][kind] = round(amount, 2) if kind == "cpus" else int(amount)
    return shares


def too_much(asks: Mapping[str, float], most: Mapping[str, float]) -> list[tuple[str, str]]:
    """Each kind of which more is asked for than there is, with both amounts in words."""
    return [
        (kind, f"asks for {_SAID[kind].format(amount)}, and the most is {most[kind]:g}")
        for kind, amount in asks.items()
        if kind in most and amount > most[kind]
    ]


def unfit(metadata: Metadata, services: Mapping[str, Service]) -> Iterator[tuple[str, str, str]]:
    """Where limits contradict one another: the kind, what is wrong and what would be right."""
    for kind in KINDS:
        total = getattr(metadata.limits, kind)
        if total is None:
            continue
        said = [v for s in services.values() if (v := getattr(s.limits, kind)) is not None]
        least = sum(said) + LEAST[kind] * (len(services) - len(said))
        if services and total < least:
            problem = f"{total:g} is too little for {len(services)} services"
            if said:
                problem += f", which say {sum(said):g} themselves"
            yield kind, problem, f"at least {least:g}"
        sandbox = metadata.sandbox
        own = getattr(sandbox, kind, None) if sandbox else None
        if sandbox and own is not None and kind in sandbox.model_fields_set and own > total:
            problem = f"`sandbox.{kind}` is {own:g}, and `limits.{kind}` {total:g}"
            yield kind, problem, f"at least {own:g}, or remove the sandbox's"


def _of_instance(metadata: Metadata) -> Amounts:
    return metadata.limits.model_dump(exclude={"lifetime_s"}, exclude_none=True)
