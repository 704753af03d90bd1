"""A whole compose file."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from ctfy.challenge.compose.model import (
    FILE,
    OWN_PREFIX,
    ROTATOR,
    Compose,
    ComposeRefused,
    Refusal,
    Service,
)
from ctfy.challenge.compose.mounts import check_volume
from ctfy.challenge.compose.services import read_service
from ctfy.challenge.compose.values import Reader
from ctfy.challenge.documents import DocumentRefused, read_document
from ctfy.challenge.spelling import did_you_mean

MOST = {"services": 32, "networks": 16, "volumes": 32}
_NETWORK_IGNORED = {
    "internal": "is not heeded: no network leads out, or all do where metadata.yaml has `egress`",
    "name": "is not heeded: every instance has networks of its own",
    "labels": "is not heeded: nobody reads them here",
}
_NETWORK = frozenset({"driver", *_NETWORK_IGNORED})
_TOP_IGNORED = {
    "version": "says nothing: Compose itself reads it no more",
    "name": "is not heeded: every instance has a name of its own",
}
_TOP = frozenset({"services", "networks", "volumes", *_TOP_IGNORED})


def load_compose(folder: Path) -> Compose:
    """The compose file of a challenge's folder. Raises ComposeRefused."""
    try:
        document = read_document(folder, FILE)
    except DocumentRefused as error:
        refusal = Refusal(error.line, "compose.yaml", error.problem, error.fix)
        raise ComposeRefused([refusal]) from error
    read = Reader(document, folder.resolve())
    compose = _compose(read)
    if read.refused:
        raise ComposeRefused(sorted(read.refused, key=lambda refusal: refusal.line))
    return compose


def refusals(path: Path) -> list[Refusal]:
    """Everything that a compose file asks for and may not have, by line."""
    try:
        load_compose(path.parent)
    except ComposeRefused as error:
        return error.refusals
    return []


def _compose(read: Reader) -> Compose:
    content = read.document.content
    for line, number in read.document.misread:
        problem = f"`{number}` is another number in YAML than it looks"
        read.refused.append(Refusal(line, "compose.number", problem, "put it in quotes"))
    content = read.mapping((), content)
    for key in content:
        if key not in _TOP and not key.startswith("x-"):
            fix = did_you_mean(key, _TOP) or "remove it"
            read.refuse((key,), "compose.unknown", f"`{key}` is not supported", fix)
        elif key in _TOP_IGNORED:
            read.note((key,), f"compose.{key}", f"`{key}` {_TOP_IGNORED[key]}")
    volumes = _named(read, "volumes", content)
    for name in volumes:
        check_volume(read, name, volumes[name])
    networks = _named(read, "networks", content)
    for name in networks:
        _check_network(read, name, networks[name])
    services = _services(read, _named(read, "services", content))
    notes = sorted(read.notes, key=lambda note: note.line)
    return Compose(services, min(read.early, default=0), tuple(notes))


def _named(read: Reader, what: str, content: dict[str, Any]) -> dict[str, Any]:
    found = read.mapping((what,), content.get(what))
    if len(found) > MOST[what]:
        problem = f"has {len(found)} {what}"
        read.refuse((what,), f"compose.{what}", problem, f"at most {MOST[what]}")
        return {}
    return {name: found[name] for name in found if read.is_name((what, name), name)}


def _services(read: Reader, given: dict[str, Any]) -> dict[str, Service]:
    services: dict[str, Service] = {}
    for name, body in given.items():
        at = ("services", name)
        if name.startswith(OWN_PREFIX):
            read.refuse(at, "compose.name", f"`{name}` is the node's own", "rename it")
        if name == ROTATOR:
            read.early.append(read.document.line(at))
        services[name] = read_service(read, at, name, read.mapping(at, body))
    if not services:
        fix = "add `services:` with one service or more"
        read.refuse(("services",), "compose.services", "has no services", fix)
    elif not any(service.ports for service in services.values()):
        fix = "add `ports:` to the service players reach"
        read.refuse(("services",), "compose.no-port", "publishes no port", fix)
    _waits(read, services)
    return services


def _waits(read: Reader, services: dict[str, Service]) -> None:
    """What services wait for: one another, and in no circle."""
    for name, service in services.items():
        if unknown := sorted(set(service.depends_on) - set(services)):
            read.refuse(
                ("services", name, "depends_on"),
                "compose.depends-on",
                f"`{name}` waits for {unknown}",
                f"name one of: {', '.join(sorted(services))}",
            )
    try:
        TopologicalSorter({s.name: s.depends_on for s in services.values()}).prepare()
    except CycleError as error:
        circle = error.args[1]
        problem = f"{' -> '.join(circle)} wait for one another"
        at = ("services", circle[0], "depends_on")
        read.refuse(at, "compose.depends-on", problem, "take one out")


def _check_network(read: Reader, name: str, value: Any) -> None:
    for key, inner in read.mapping(("networks", name), value).items():
        driver = key == "driver" and inner != "bridge"
        if (key not in _NETWORK and not key.startswith("x-")) or driver:
            read.refuse(
                ("networks", name, key),
                "compose.network",
                f"network `{name}`: `{key}` can leave the instance",
                "use the default: `{}`",
            )
        elif key in _NETWORK_IGNORED and inner not in (None, False):
            problem = f"network `{name}`: `{key}` {_NETWORK_IGNORED[key]}"
            read.note(("networks", name, key), "compose.network", problem)
