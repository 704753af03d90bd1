"""What a challenge's compose file may ask for, and where it asks for more.

Everything that is not named here is refused: what Compose learns next must not reach a host before
somebody has looked at it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml

from ctfy.challenge.documents import read_nodes

# `$$`, `$NAME`, `${NAME}`, `${NAME:-default}`: what Compose takes for a variable.
VARIABLE = re.compile(
    r"\$(?:\$|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)(?::?-(?P<default>[^}]*))?\})"
)
_GIVEN = re.compile(r"INSTANCE_ID|ANSWER_[A-Z0-9_]+")
ANSWERS_TARGET, ROTATOR = "/answers", "flag-rotator"
# What ordinary servers need to start and drop privileges; none of it reaches the host.
SAFE_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "KILL",
        "NET_BIND_SERVICE",
        "SETGID",
        "SETUID",
        "SYS_CHROOT",
    }
)
KEPT = frozenset(
    {
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
    }
)
READ = KEPT | {"build", "image", "ports", "depends_on", "networks", "volumes", "cap_add"}
CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
# Harmless, and replaced by what the node sets itself.
_IGNORED = frozenset(
    {
        "cap_drop",
        "cpus",
        "expose",
        "labels",
        "logging",
        "mem_limit",
        "pids_limit",
        "platform",
        "profiles",
        "restart",
        "stdin_open",
        "tty",
    }
)
_REASONS = {
    "privileged": "gives the container the host",
    "network_mode": "leaves the instance's own networks",
    "pid": "shares processes beyond the container",
    "ipc": "shares memory beyond the container",
    "uts": "shares the host's name",
    "userns_mode": "leaves the user namespace",
    "cgroup_parent": "leaves the instance's limits",
    "cgroup": "leaves the instance's limits",
    "devices": "reaches the host's devices",
    "device_cgroup_rules": "reaches the host's devices",
    "gpus": "reaches the host's devices",
    "security_opt": "can switch confinement off",
    "sysctls": "changes the kernel's settings",
    "runtime": "chooses how the node confines it",
    "container_name": "is fixed, so two instances would clash",
    "external_links": "reaches containers of others",
    "links": "is old: services of one network know each other by name",
    "volumes_from": "reaches volumes of others",
    "extra_hosts": "can name the host",
    "dns": "chooses where names are asked for",
    "secrets": "takes files of the host",
    "configs": "takes files of the host",
    "env_file": "takes a file of the host",
    "extends": "takes another file",
    "oom_score_adj": "harms others when memory runs out",
    "oom_kill_disable": "harms others when memory runs out",
    "ulimits": "raises limits that the node sets",
}
_BUILD = frozenset({"context", "dockerfile", "args", "target"})
_NETWORK = frozenset({"driver", "internal", "name"})
_TOP = frozenset({"services", "networks", "volumes", "version", "name"})

Node = yaml.Node | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that a compose file may not ask for. `line` counts from 1."""

    line: int
    rule: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"docker-compose.yml:{self.line}: {self.problem} ({self.fix})"


def refusals(path: Path) -> list[Refusal]:
    """Everything that a compose file asks for and may not have, by line.

    Raises yaml.YAMLError, UnicodeDecodeError.
    """
    root = read_nodes(path)
    return sorted(_document(root, path.parent.resolve()), key=lambda refusal: refusal.line)


def variables_in(text: str) -> Iterator[tuple[str, str | None]]:
    """The variables that a text names, each with its default, if it has one."""
    for found in VARIABLE.finditer(text):
        if name := found["name"] or found["braced"]:
            yield name, found["default"]


def is_of_instance(variable: str) -> bool:
    """Whether the node gives each instance a value of its own for a variable."""
    return _GIVEN.fullmatch(variable) is not None


def early_answers(path: Path) -> int:
    """The first line at which a compose file takes what only a claimed instance has; 0: none.

    Raises as `refusals` does.
    """
    root = read_nodes(path)
    services = next((value for key, value in _pairs(root) if key.value == "services"), None)
    lines = [
        scalar.start_mark.line + 1
        for scalar in _strings(services)
        if any(is_of_instance(name) for name, _ in variables_in(scalar.value))
    ]
    lines += [name.start_mark.line + 1 for name, _ in _pairs(services) if name.value == ROTATOR]
    return min(lines, default=0)


def _document(root: Node, folder: Path) -> Iterator[Refusal]:
    for key, value in _pairs(root):
        if key.value not in _TOP:
            yield _no(key, "compose.unknown", f"`{key.value}` is not supported", "remove it")
        elif key.value == "services":
            for name, service in _pairs(value):
                yield from _service(name.value, service, folder)
            yield from _waits(value)
        elif key.value == "volumes":
            yield from _each(value, _volume_definition)
        elif key.value == "networks":
            yield from _each(value, _network_definition)


def _each(node: Node, check: Callable[[yaml.Node, Node], Iterator[Refusal]]) -> Iterator[Refusal]:
    for key, value in _pairs(node):
        yield from check(key, value)


def _service(name: str, service: Node, folder: Path) -> Iterator[Refusal]:
    for key, value in _pairs(service):
        word = key.value
        if word in _CHECKS:
            yield from _CHECKS[word](value, folder)
        if word in KEPT or word == "build":
            yield from _variables(value)
        if word not in READ and word not in _IGNORED:
            reason = _REASONS.get(word, "is not supported")
            yield _no(key, f"compose.{word}", f"`{name}.{word}` {reason}", "remove it")


def _waits(services: Node) -> Iterator[Refusal]:
    """What services wait for: one another, and in no circle."""
    needs: dict[str, list[str]] = {}
    known = {name.value for name, _ in _pairs(services)}
    for name, service in _pairs(services):
        for key, value in _pairs(service):
            if key.value != "depends_on":
                continue
            others = [k for k, _ in _pairs(value)] or _items(value)
            needs[name.value] = [other.value for other in others]
            if unknown := sorted(set(needs[name.value]) - known):
                yield _no(
                    key,
                    "compose.depends-on",
                    f"`{name.value}` waits for {unknown}",
                    f"name one of: {', '.join(sorted(known))}",
                )
            yield from _conditions(name.value, value)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        yield _no(services, "compose.depends-on", f"{circle} wait for one another", "take one out")


def _conditions(service: str, others: Node) -> Iterator[Refusal]:
    for _, how in _pairs(others):
        for key, value in _pairs(how):
            if key.value == "condition" and value.value not in CONDITIONS:
                yield _no(
                    value,
                    "compose.depends-on",
                    f"`{service}` waits for a condition that there is not",
                    f"use one of: {', '.join(CONDITIONS)}",
                )


def _strings(node: Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _strings(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _strings(item)


def _variables(value: Node) -> Iterator[Refusal]:
    for scalar in _strings(value):
        for name, default in variables_in(scalar.value):
            if default is None and not is_of_instance(name):
                yield _no(
                    scalar,
                    "compose.variable",
                    f"nobody sets `{name}`",
                    "use INSTANCE_ID or ANSWER_<ID>, give a default, or write $$ for a dollar sign",
                )


def _networks(value: Node, _: Path) -> Iterator[Refusal]:
    for _name, network in _pairs(value):
        for key, _inner in _pairs(network):
            if key.value != "aliases":
                yield _no(
                    key,
                    "compose.network",
                    f"`{key.value}` is fixed, so two instances would clash",
                    "services know each other by name",
                )


def _ports(value: Node, _: Path) -> Iterator[Refusal]:
    for entry in _items(value):
        fields = {key.value: inner for key, inner in _pairs(entry)}
        if fields:
            fixed = "published" in fields or "host_ip" in fields
            target = str(getattr(fields.get("target"), "value", ""))
        else:
            written = str(getattr(entry, "value", ""))
            fixed = ":" in written
            target = written.rpartition(":")[2]
        number = target.partition("/")[0]
        if fixed:
            yield _no(
                entry,
                "compose.fixed-port",
                "a port of the host is fixed, so two instances would clash",
                f"write the container's port alone: {number or '8000'}",
            )
        if not number.isdecimal() or not 0 < int(number) < 65536:
            yield _no(entry, "compose.port", "is no single port", "name one port, as 8000")


def _volumes(value: Node, folder: Path) -> Iterator[Refusal]:
    for entry in _items(value):
        fields = {key.value: inner for key, inner in _pairs(entry)}
        if fields:
            kind = str(getattr(fields.get("type"), "value", "volume"))
            source = str(getattr(fields.get("source"), "value", ""))
            if kind == "tmpfs" or (kind == "volume" and "/" not in source):
                continue
        else:
            source, separator, _target = str(getattr(entry, "value", "")).partition(":")
            if not separator:
                continue  # an anonymous volume
        if source.startswith((".", "/", "~")) or "/" in source or "$" in source:
            yield from _bind(entry, source, folder)


def _bind(entry: yaml.Node, source: str, folder: Path) -> Iterator[Refusal]:
    place = folder / source
    inside = not source.startswith(("/", "~")) and "$" not in source
    if not inside or not place.resolve().is_relative_to(folder):
        yield _no(
            entry,
            "compose.bind",
            f"`{source}` is mounted from the host",
            "use a named volume, or a path inside the challenge folder",
        )
    elif not place.exists():
        yield _no(
            entry, "compose.bind-missing", f"`{source}` is not here", "correct the path, or make it"
        )


def _capabilities(value: Node, _: Path) -> Iterator[Refusal]:
    for entry in _items(value):
        name = str(getattr(entry, "value", "")).upper().removeprefix("CAP_")
        if name not in SAFE_CAPABILITIES:
            known = ", ".join(sorted(SAFE_CAPABILITIES))
            yield _no(
                entry, "compose.capability", f"{name} can reach the host", f"use none but: {known}"
            )


def _build(value: Node, folder: Path) -> Iterator[Refusal]:
    if isinstance(value, yaml.ScalarNode):
        yield from _context(value, folder)
        return
    for key, inner in _pairs(value):
        if key.value == "context":
            yield from _context(inner, folder)
        elif key.value == "dockerfile":
            if ".." in Path(str(getattr(inner, "value", ""))).parts:
                yield _no(key, "compose.build", "the Dockerfile is outside", "move it inside")
        elif key.value not in _BUILD:
            yield _no(key, "compose.build", f"`build.{key.value}` can reach the host", "remove it")


def _context(value: Node, folder: Path) -> Iterator[Refusal]:
    context = str(getattr(value, "value", ""))
    here = not context.startswith("/") and (folder / context).resolve().is_relative_to(folder)
    if not here or "://" in context:
        yield _no(
            value,
            "compose.build-context",
            f"`{context}` builds from outside the challenge folder",
            "move it to services/<name>",
        )
    elif not (folder / context).is_dir():
        yield _no(value, "compose.build-context", f"`{context}` is not here", "correct the path")


def _volume_definition(key: yaml.Node, value: Node) -> Iterator[Refusal]:
    for word, _ in _pairs(value):
        if word.value != "labels":
            yield _no(
                word,
                "compose.volume",
                f"volume `{key.value}`: `{word.value}` can reach the host",
                "leave it empty: `{}`",
            )


def _network_definition(key: yaml.Node, value: Node) -> Iterator[Refusal]:
    for word, inner in _pairs(value):
        driver = word.value == "driver" and getattr(inner, "value", "") != "bridge"
        if word.value not in _NETWORK or driver:
            yield _no(
                word,
                "compose.network",
                f"network `{key.value}`: `{word.value}` can leave the instance",
                "use the default: `{}`",
            )


_CHECKS: dict[str, Callable[[Node, Path], Iterator[Refusal]]] = {
    "ports": _ports,
    "volumes": _volumes,
    "cap_add": _capabilities,
    "build": _build,
    "networks": _networks,
}


def _pairs(node: Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []


def _items(node: Node) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _no(node: Node, rule: str, problem: str, fix: str) -> Refusal:
    line = node.start_mark.line + 1 if node is not None else 1
    return Refusal(line, rule, problem, fix)
