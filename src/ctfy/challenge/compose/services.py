"""A service, key by key: what it may have, and what would reach beyond its instance."""

from __future__ import annotations

import re
from typing import Any

from ctfy.challenge.compose.limits import KEYS, read_limits
from ctfy.challenge.compose.model import OWN_IMAGES, BuildPlan, Service
from ctfy.challenge.compose.mounts import read_mounts, read_tmpfs
from ctfy.challenge.compose.process import SETTINGS
from ctfy.challenge.compose.values import Reader, is_plain_name
from ctfy.challenge.documents import Location
from ctfy.challenge.folders import PathRefused, inside
from ctfy.challenge.spelling import did_you_mean

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}")
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
CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
# Harmless, and not heeded: why.
_IGNORED = {
    "annotations": "nobody reads them here",
    "attach": "what it prints is kept anyway",
    "cpu_shares": "the node shares its processors out",
    "expose": "services of an instance reach each other, and players what is in `ports`",
    "labels": "nobody reads them here",
    "mem_reservation": "nothing is kept free for one instance",
    "memswap_limit": "nothing is swapped out",
    "platform": "images are for the node's own",
    "profiles": "all services run",
    "restart": "what ends by itself ends the instance",
    "stdin_open": "nobody writes to its standard input",
    "tty": "it has no terminal",
}
# Values of those, and of what is refused else, that say what is so anyway.
_AS_IT_IS: dict[str, tuple[Any, ...]] = {
    "privileged": (False,),
    "oom_kill_disable": (False,),
    "ipc": ("private",),
    "security_opt": (["no-new-privileges"], ["no-new-privileges:true"]),
    "restart": ("no", False),
    "stdin_open": (False,),
    "tty": (False,),
    "profiles": ([],),
}
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
_PORT_IGNORED = frozenset({"mode", "name", "app_protocol"})
_PORT_KEYS = frozenset({"target", "protocol", "published", "host_ip"}) | _PORT_IGNORED
_WAIT_KEYS = frozenset({"condition", "restart", "required"})
_LOG_DRIVERS, _LOG_OPTIONS = ("json-file", "local"), {"max-size", "max-file"}
# Of every other key, `_other` says whether it is refused.
READ = (
    frozenset(SETTINGS)
    | KEYS
    | {
        "build",
        "cap_add",
        "cap_drop",  # all are dropped
        "depends_on",
        "environment",
        "image",
        "networks",
        "ports",
        "tmpfs",
        "volumes",
    }
)


def read_service(read: Reader, at: Location, name: str, body: dict[str, Any]) -> Service:
    """A service of the file, without what is refused of it."""
    for key, value in body.items():
        if key not in READ and not key.startswith("x-"):
            _other(read, (*at, key), name, key, value)
    settings = {
        key: SETTINGS[key](read, (*at, key), value)
        for key, value in body.items()
        if key in SETTINGS and value is not None
    }
    build = _build(read, (*at, "build"), body["build"]) if body.get("build") else None
    return Service(
        name,
        _image(read, (*at, "image"), body.get("image"), needed=build is None),
        build,
        settings,
        read.pairs((*at, "environment"), body.get("environment")),
        _ports(read, (*at, "ports"), body.get("ports")),
        _depends_on(read, (*at, "depends_on"), body.get("depends_on")),
        _networks(read, (*at, "networks"), body.get("networks")),
        read_mounts(read, (*at, "volumes"), body.get("volumes"))
        + read_tmpfs(read, (*at, "tmpfs"), body.get("tmpfs")),
        _capabilities(read, (*at, "cap_add"), body.get("cap_add")),
        read_limits(read, at, body),
    )


def _other(read: Reader, at: Location, name: str, key: str, value: Any) -> None:
    """A key that is not read: refused or noted, unless it says what is so anyway."""
    if value in _AS_IT_IS.get(key, ()):
        return
    if key in _IGNORED and value is None:
        return
    if key in _IGNORED:
        problem = f"`{name}.{key}` is not heeded: {_IGNORED[key]}"
        read.note(at, f"compose.{key}", problem)
        return
    if key == "logging" and _is_plain_logging(value):
        if value.get("options"):
            problem = f"`{name}.logging` is not heeded: the node keeps 16 MB of what is printed"
            read.note(at, "compose.logging", problem)
        return
    if key == "links" and isinstance(value, list) and all(map(is_plain_name, map(str, value))):
        return  # services of one network know each other by name
    near = "" if key in _REASONS else did_you_mean(key, READ)
    reason = _REASONS.get(key, "is not supported")
    read.refuse(at, f"compose.{key}", f"`{name}.{key}` {reason}", near or "remove it")


def _image(read: Reader, at: Location, value: Any, *, needed: bool) -> str:
    if value is None:
        if needed:
            read.refuse(at, "compose.image", "has neither `image` nor `build`", "add one")
        return ""
    image = read.plain(at, value)
    if not _IMAGE.fullmatch(image):
        read.refuse(at, "compose.image", f"`{image}` is no image", "write it as nginx:1.27")
    elif image.startswith(OWN_IMAGES):
        problem = f"`{image}` can be another challenge's"
        read.refuse(at, "compose.image", problem, f"name one that is not `{OWN_IMAGES}…`")
    return image


def _build(read: Reader, at: Location, value: Any) -> BuildPlan:
    if isinstance(value, str):
        value = {"context": value}
    given = read.keys(at, value, {"context", "dockerfile", "args", "target"}, "build")
    context = read.plain((*at, "context"), given.get("context", "."))
    try:
        if "://" in context:
            raise PathRefused(context)
        place = inside(read.folder, context)
        if not place.is_dir():
            problem = f"`{context}` is not here"
            read.refuse((*at, "context"), "compose.build-context", problem, "correct the path")
    except PathRefused:
        read.refuse(
            (*at, "context"),
            "compose.build-context",
            f"`{context}` builds from outside the challenge folder",
            "move it to services/<name>",
        )
        place = read.folder
    dockerfile = read.plain((*at, "dockerfile"), given.get("dockerfile", "Dockerfile"))
    try:
        inside(place, dockerfile)
    except PathRefused:
        problem = "the Dockerfile is outside"
        read.refuse((*at, "dockerfile"), "compose.build", problem, "move it inside")
    target = given.get("target")
    return BuildPlan(
        context,
        dockerfile,
        None if target is None else read.plain((*at, "target"), target),
        read.pairs((*at, "args"), given.get("args")),
    )


def _ports(read: Reader, at: Location, value: Any) -> list[int]:
    ports = []
    for here, entry in read.items(at, value):
        if isinstance(entry, dict):
            given = read.keys(here, entry, _PORT_KEYS, "ports")
            fixed = "published" in given or "host_ip" in given
            target = read.plain(here, given.get("target"))
            if given.get("protocol"):
                target = f"{target}/{read.plain(here, given['protocol'])}"
            for key in sorted(_PORT_IGNORED.intersection(given)):
                problem = f"`{key}` of a port is not heeded: players get its number"
                read.note((*here, key), "compose.port", problem)
        else:
            written = read.plain(here, entry)
            fixed, target = ":" in written, written.rpartition(":")[2]
        number, _, protocol = target.partition("/")
        if protocol.lower() not in ("", "tcp"):
            problem = f"players reach ports by TCP alone, and `{protocol}` is none"
            read.refuse(here, "compose.port", problem, f"write {number}, or remove it")
        if fixed:
            read.refuse(
                here,
                "compose.fixed-port",
                "a port of the host is fixed, so two instances would clash",
                f"write the container's port alone: {number or '8000'}",
            )
        if not re.fullmatch("[0-9]{1,5}", number) or not 0 < int(number) < 65536:
            read.refuse(here, "compose.port", "is no single port", "name one port, as 8000")
            continue
        ports.append(int(number))
    return ports


def _depends_on(read: Reader, at: Location, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {read.plain(here, other): CONDITIONS[0] for here, other in read.items(at, value)}
    found = {}
    for other, how in value.items():
        given = read.keys((*at, other), how, _WAIT_KEYS, "depends_on")
        found[other] = str(given.get("condition", CONDITIONS[0]))
        for key, as_it_is in (("restart", False), ("required", True)):
            if given.get(key, as_it_is) != as_it_is:
                problem = f"`{key}` is not heeded: services start once, in order"
                read.note((*at, other, key), "compose.depends-on", problem)
        if found[other] not in CONDITIONS:
            read.refuse(
                (*at, other, "condition"),
                "compose.depends-on",
                f"`{at[1]}` waits for a condition that there is not",
                f"use one of: {', '.join(CONDITIONS)}",
            )
    return found


def _networks(read: Reader, at: Location, value: Any) -> dict[str, list[str]]:
    if not isinstance(value, dict):
        names = [(here, read.plain(here, name)) for here, name in read.items(at, value)]
        return {name: [] for here, name in names if read.is_name(here, name)}
    found: dict[str, list[str]] = {}
    for name, body in value.items():
        here = (*at, name)
        if not read.is_name(here, name):
            continue
        found[name] = []
        for key in read.mapping(here, body):
            if key != "aliases":
                read.refuse(
                    (*here, key),
                    "compose.network",
                    f"`{key}` is fixed, so two instances would clash",
                    "services know each other by name",
                )
        aliases = body.get("aliases") if isinstance(body, dict) else None
        for there, alias in read.items((*here, "aliases"), aliases):
            if read.is_name(there, word := read.plain(there, alias)):
                found[name].append(word)
    return found


def _capabilities(read: Reader, at: Location, value: Any) -> list[str]:
    found = []
    for here, entry in read.items(at, value):
        name = read.plain(here, entry).upper().removeprefix("CAP_")
        if name not in SAFE_CAPABILITIES:
            fix = f"use none but: {', '.join(sorted(SAFE_CAPABILITIES))}"
            read.refuse(here, "compose.capability", f"{name} can reach the host", fix)
        found.append(name)
    return sorted(set(found))


def _is_plain_logging(value: Any) -> bool:
    """Whether output goes to a bounded file, as it does anyway."""
    if not isinstance(value, dict) or not set(value) <= {"driver", "options"}:
        return False
    options = value.get("options") or {}
    plain = isinstance(options, dict) and set(options) <= _LOG_OPTIONS
    return plain and value.get("driver", "json-file") in _LOG_DRIVERS
