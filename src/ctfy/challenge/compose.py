"""A challenge's compose file: what it says here, and where it asks for what it may not have.

What is read is what runs: the audit, the node and the renderer have one model, made of the file
after its merge keys, aliases and variables are resolved. Everything that is not named here is
refused: what Compose learns next must not reach a host before somebody has looked at it.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal

from ctfy.challenge.documents import Document, DocumentRefused, Location, read_document
from ctfy.challenge.folders import PathRefused, inside

FILE = "docker-compose.yml"
# `$$`, `$NAME`, `${NAME}`, `${NAME:-default}`: what is taken for a variable.
VARIABLE = re.compile(
    r"\$(?:\$|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)(?::?-(?P<default>[^}$]*))?\})",
    re.ASCII,
)
_GIVEN = re.compile(r"INSTANCE_ID|ANSWER_[A-Z0-9_]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}")
_SIGNAL = re.compile(r"[A-Z0-9+-]{1,20}")
_AMOUNT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ns|us|ms|s|m|h)")
_DURATION = re.compile(rf"(?:{_AMOUNT.pattern})+")
_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_SIZE = re.compile(r"([0-9]{1,15})([kmgt]?)i?b?", re.IGNORECASE)
ANSWERS_TARGET, ROTATOR = "/answers", "flag-rotator"
OWN_PREFIX = "ctfy-"  # of services that the node adds
OWN_IMAGES = "ctfy/"  # what it builds
TMPFS_MB, MOST_TMPFS_MB = 64, 256
MOST = {"services": 32, "networks": 16, "volumes": 32}
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
# Harmless, and replaced by what the node sets itself.
_IGNORED = frozenset(
    {
        "annotations",
        "attach",
        "cap_drop",
        "cpu_shares",
        "cpus",
        "expose",
        "labels",
        "mem_limit",
        "mem_reservation",
        "memswap_limit",
        "pids_limit",
        "platform",
        "profiles",
        "restart",
        "shm_size",
        "stdin_open",
        "tty",
    }
)
# Refused, but for the values that say what is so anyway.
_AS_IT_IS: dict[str, tuple[Any, ...]] = {
    "privileged": (False,),
    "oom_kill_disable": (False,),
    "ipc": ("private",),
    "security_opt": (["no-new-privileges"], ["no-new-privileges:true"]),
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
_NETWORK = frozenset({"driver", "internal", "name", "labels"})
_TOP = frozenset({"services", "networks", "volumes", "version", "name"})
_MODES = frozenset({"rw", "ro", "z", "Z", "cached", "delegated", "consistent", "nocopy"})
_PORT_KEYS = frozenset(
    ["target", "protocol", "mode", "name", "app_protocol", "published", "host_ip"]
)
_WAIT_KEYS = frozenset({"condition", "restart", "required"})
_HEALTH_KEYS = frozenset(
    ["test", "interval", "timeout", "start_period", "start_interval", "retries", "disable"]
)
_MOUNT_KEYS = frozenset({"type", "source", "target", "read_only", "volume", "bind", "tmpfs"})
_TMPFS_OPTIONS = frozenset(
    {"size", "mode", "uid", "gid", "rw", "exec", "noexec", "nosuid", "nodev"}
)
_LOG_DRIVERS, _LOG_OPTIONS = ("json-file", "local"), {"max-size", "max-file"}
_SHORTEST_INTERVAL_NS, _LONGEST_NS = 10**8, 24 * 3600 * 10**9


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that a compose file may not ask for. `line` counts from 1; 0 is the whole file."""

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


@dataclass(frozen=True, slots=True)
class Compose:
    """A compose file. `early_line` is the first that takes what only a claimed instance has."""

    services: dict[str, Service]
    early_line: int


def load_compose(folder: Path) -> Compose:
    """The compose file of a challenge's folder. Raises ComposeRefused."""
    try:
        document = read_document(folder, FILE)
    except DocumentRefused as error:
        refusal = Refusal(error.line, "compose.yaml", error.problem, error.fix)
        raise ComposeRefused([refusal]) from error
    reader = _Reader(document, folder.resolve())
    compose = reader.compose()
    if reader.refused:
        raise ComposeRefused(sorted(reader.refused, key=lambda refusal: refusal.line))
    return compose


def refusals(path: Path) -> list[Refusal]:
    """Everything that a compose file asks for and may not have, by line."""
    try:
        load_compose(path.parent)
    except ComposeRefused as error:
        return error.refusals
    return []


def variables_in(text: str) -> Iterator[tuple[str, str | None]]:
    """The variables that a text names, each with its default, if it has one."""
    for found in VARIABLE.finditer(text):
        if name := found["name"] or found["braced"]:
            yield name, found["default"]


def is_of_instance(variable: str) -> bool:
    """Whether the node gives each instance a value of its own for a variable."""
    return _GIVEN.fullmatch(variable) is not None


def is_plain_name(text: str) -> bool:
    """Whether a text can name a service, network or volume, and never a path."""
    return _NAME.fullmatch(text) is not None


def nanoseconds(duration: str | float) -> int:
    """A duration as Compose writes it, `1m30s`; a bare number is seconds. Raises ValueError."""
    text = str(duration)
    if _DURATION.fullmatch(text):
        return int(sum(float(n) * _NANOSECONDS[unit] for n, unit in _AMOUNT.findall(text)))
    number = float(text)
    if not 0 <= number < 10**9:
        raise ValueError(text)
    return int(number * 10**9)


class _Reader:
    """Makes the model of a document, and collects what is refused on the way."""

    def __init__(self, document: Document, folder: Path) -> None:
        self.refused: list[Refusal] = []
        self._document = document
        self._folder = folder
        self._early: list[int] = []

    def compose(self) -> Compose:
        content = self._document.content
        for line, number in self._document.misread:
            problem = f"`{number}` is another number in YAML than it looks"
            self.refused.append(Refusal(line, "compose.number", problem, "put it in quotes"))
        content = self._mapping((), content)
        for key in content:
            if key not in _TOP and not key.startswith("x-"):
                self._no((key,), "compose.unknown", f"`{key}` is not supported", "remove it")
        volumes = self._named("volumes", content)
        for name in volumes:
            self._volume_definition(name, volumes[name])
        networks = self._named("networks", content)
        for name in networks:
            self._network_definition(name, networks[name])
        services = self._services(self._named("services", content))
        return Compose(services, min(self._early, default=0))

    # -- Parts of the file

    def _named(self, what: str, content: dict[str, Any]) -> dict[str, Any]:
        found = self._mapping((what,), content.get(what))
        if len(found) > MOST[what]:
            problem = f"has {len(found)} {what}"
            self._no((what,), f"compose.{what}", problem, f"at most {MOST[what]}")
            return {}
        return {name: found[name] for name in found if self._is_name((what, name), name)}

    def _services(self, given: dict[str, Any]) -> dict[str, Service]:
        services: dict[str, Service] = {}
        for name, body in given.items():
            at = ("services", name)
            if name.startswith(OWN_PREFIX):
                self._no(at, "compose.name", f"`{name}` is the node's own", "rename it")
            if name == ROTATOR:
                self._early.append(self._document.line(at))
            services[name] = self._service(at, name, self._mapping(at, body))
        if not services:
            fix = "add `services:` with one service or more"
            self._no(("services",), "compose.services", "has no services", fix)
        elif not any(service.ports for service in services.values()):
            fix = "add `ports:` to the service players reach"
            self._no(("services",), "compose.no-port", "publishes no port", fix)
        self._waits(services)
        return services

    def _service(self, at: Location, name: str, body: dict[str, Any]) -> Service:
        for key, value in body.items():
            if key not in READ and key not in _IGNORED and not key.startswith("x-"):
                self._other((*at, key), name, key, value)
        settings = {
            key: _SETTINGS[key](self, (*at, key), value)
            for key, value in body.items()
            if key in _SETTINGS and value is not None
        }
        build = self._build((*at, "build"), body["build"]) if body.get("build") else None
        return Service(
            name,
            self._image((*at, "image"), body.get("image"), needed=build is None),
            build,
            settings,
            self._pairs((*at, "environment"), body.get("environment")),
            self._ports((*at, "ports"), body.get("ports")),
            self._depends_on((*at, "depends_on"), body.get("depends_on")),
            self._networks((*at, "networks"), body.get("networks")),
            self._mounts((*at, "volumes"), body.get("volumes"))
            + self._tmpfs((*at, "tmpfs"), body.get("tmpfs")),
            self._capabilities((*at, "cap_add"), body.get("cap_add")),
        )

    def _other(self, at: Location, name: str, key: str, value: Any) -> None:
        """A key that is not read: refused, unless it says no more than what is so anyway."""
        if value in _AS_IT_IS.get(key, ()):
            return
        if key == "deploy" and isinstance(value, dict) and set(value) <= {"resources"}:
            return
        if key == "logging" and _is_plain_logging(value):
            return
        if key == "links" and isinstance(value, list) and all(map(is_plain_name, map(str, value))):
            return  # services of one network know each other by name
        reason = _REASONS.get(key, "is not supported")
        self._no(at, f"compose.{key}", f"`{name}.{key}` {reason}", "remove it")

    def _image(self, at: Location, value: Any, *, needed: bool) -> str:
        if value is None:
            if needed:
                self._no(at, "compose.image", "has neither `image` nor `build`", "add one")
            return ""
        image = self._plain(at, value)
        if not _IMAGE.fullmatch(image):
            self._no(at, "compose.image", f"`{image}` is no image", "write it as nginx:1.27")
        elif image.startswith(OWN_IMAGES):
            problem = f"`{image}` can be another challenge's"
            self._no(at, "compose.image", problem, f"name one that is not `{OWN_IMAGES}…`")
        return image

    def _build(self, at: Location, value: Any) -> BuildPlan:
        if isinstance(value, str):
            value = {"context": value}
        given = self._keys(at, value, {"context", "dockerfile", "args", "target"}, "build")
        context = self._plain((*at, "context"), given.get("context", "."))
        try:
            if "://" in context:
                raise PathRefused(context)
            place = inside(self._folder, context)
            if not place.is_dir():
                problem = f"`{context}` is not here"
                self._no((*at, "context"), "compose.build-context", problem, "correct the path")
        except PathRefused:
            self._no(
                (*at, "context"),
                "compose.build-context",
                f"`{context}` builds from outside the challenge folder",
                "move it to services/<name>",
            )
            place = self._folder
        dockerfile = self._plain((*at, "dockerfile"), given.get("dockerfile", "Dockerfile"))
        try:
            inside(place, dockerfile)
        except PathRefused:
            problem = "the Dockerfile is outside"
            self._no((*at, "dockerfile"), "compose.build", problem, "move it inside")
        target = given.get("target")
        return BuildPlan(
            context,
            dockerfile,
            None if target is None else self._plain((*at, "target"), target),
            self._pairs((*at, "args"), given.get("args")),
        )

    def _ports(self, at: Location, value: Any) -> list[int]:
        ports = []
        for here, entry in self._items(at, value):
            if isinstance(entry, dict):
                given = self._keys(here, entry, _PORT_KEYS, "ports")
                fixed = "published" in given or "host_ip" in given
                target = self._plain(here, given.get("target"))
            else:
                written = self._plain(here, entry)
                fixed, target = ":" in written, written.rpartition(":")[2]
            number = target.partition("/")[0]
            if fixed:
                self._no(
                    here,
                    "compose.fixed-port",
                    "a port of the host is fixed, so two instances would clash",
                    f"write the container's port alone: {number or '8000'}",
                )
            if not re.fullmatch("[0-9]{1,5}", number) or not 0 < int(number) < 65536:
                self._no(here, "compose.port", "is no single port", "name one port, as 8000")
                continue
            ports.append(int(number))
        return ports

    def _depends_on(self, at: Location, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            return {
                self._plain(here, other): CONDITIONS[0] for here, other in self._items(at, value)
            }
        found = {}
        for other, how in value.items():
            given = self._keys((*at, other), how, _WAIT_KEYS, "depends_on")
            found[other] = str(given.get("condition", CONDITIONS[0]))
            if found[other] not in CONDITIONS:
                self._no(
                    (*at, other, "condition"),
                    "compose.depends-on",
                    f"`{at[1]}` waits for a condition that there is not",
                    f"use one of: {', '.join(CONDITIONS)}",
                )
        return found

    def _waits(self, services: dict[str, Service]) -> None:
        """What services wait for: one another, and in no circle."""
        for name, service in services.items():
            if unknown := sorted(set(service.depends_on) - set(services)):
                self._no(
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
            self._no(at, "compose.depends-on", problem, "take one out")

    def _networks(self, at: Location, value: Any) -> dict[str, list[str]]:
        if not isinstance(value, dict):
            names = [(here, self._plain(here, name)) for here, name in self._items(at, value)]
            return {name: [] for here, name in names if self._is_name(here, name)}
        found: dict[str, list[str]] = {}
        for name, body in value.items():
            here = (*at, name)
            if not self._is_name(here, name):
                continue
            found[name] = []
            for key in self._mapping(here, body):
                if key != "aliases":
                    self._no(
                        (*here, key),
                        "compose.network",
                        f"`{key}` is fixed, so two instances would clash",
                        "services know each other by name",
                    )
            aliases = body.get("aliases") if isinstance(body, dict) else None
            for there, alias in self._items((*here, "aliases"), aliases):
                if self._is_name(there, word := self._plain(there, alias)):
                    found[name].append(word)
        return found

    def _capabilities(self, at: Location, value: Any) -> list[str]:
        found = []
        for here, entry in self._items(at, value):
            name = self._plain(here, entry).upper().removeprefix("CAP_")
            if name not in SAFE_CAPABILITIES:
                fix = f"use none but: {', '.join(sorted(SAFE_CAPABILITIES))}"
                self._no(here, "compose.capability", f"{name} can reach the host", fix)
            found.append(name)
        return sorted(set(found))

    # -- What is mounted

    def _mounts(self, at: Location, value: Any) -> list[Mount]:
        found = []
        for here, entry in self._items(at, value):
            mount = (
                self._long_mount(here, entry)
                if isinstance(entry, dict)
                else self._short_mount(here, entry)
            )
            if mount is not None:
                found.append(mount)
        return found

    def _short_mount(self, at: Location, entry: Any) -> Mount | None:
        source, *rest = self._plain(at, entry).split(":")
        if not rest:
            return self._mount(at, "volume", "", source, read_only=False)
        modes = set(rest[1].split(",")) if rest[1:] else set()
        if len(rest) > 2 or modes - _MODES:
            problem = f"`{':'.join(rest[1:])}` is no way to mount"
            self._no(at, "compose.volume", problem, "write source:target, or …:ro")
            return None
        is_path = source.startswith((".", "~")) or "/" in source
        kind = "bind" if is_path else "volume"
        return self._mount(at, kind, source, rest[0], read_only="ro" in modes)

    def _long_mount(self, at: Location, entry: dict[str, Any]) -> Mount | None:
        given = self._keys(at, entry, _MOUNT_KEYS, "volumes")
        kind = self._plain(at, given.get("type", "volume"))
        self._keys((*at, "volume"), given.get("volume"), {"nocopy"}, "volumes.volume")
        self._keys((*at, "bind"), given.get("bind"), {"create_host_path"}, "volumes.bind")
        options = self._keys((*at, "tmpfs"), given.get("tmpfs"), {"size", "mode"}, "volumes.tmpfs")
        target = self._plain(at, given.get("target"))
        if kind == "tmpfs":
            size = self._size_mb((*at, "tmpfs"), options.get("size"), MOST_TMPFS_MB)
            return self._mount(at, kind, "", target, read_only=False, size_mb=size)
        source = self._plain(at, given.get("source"))
        return self._mount(at, kind, source, target, read_only=bool(given.get("read_only")))

    def _mount(
        self,
        at: Location,
        kind: str,
        source: str,
        target: str,
        *,
        read_only: bool,
        size_mb: int = 0,
    ) -> Mount | None:
        """A mount of one of the kinds that there are here; None when it is refused."""
        place = posixpath.normpath(target)
        if not target.startswith("/") or ":" in target or place.strip("/") == "":
            problem = f"`{target}` is no place in a container"
            self._no(at, "compose.volume", problem, "name a path, as /data")
            return None
        place = "/" + place.strip("/")
        if kind not in ("bind", "volume", "tmpfs"):
            problem = f"`{kind}` is no kind of mount"
            self._no(at, "compose.volume", problem, "use bind, volume or tmpfs")
            return None
        if kind == "bind" and self._is_refused_bind(at, source):
            return None
        if kind == "volume" and source and not is_plain_name(source):
            # Also a path, in the words of a file that names it as a volume.
            fix = "use a named volume, or a path inside the challenge folder"
            self._no(at, "compose.bind", f"`{source}` is mounted from the host", fix)
            return None
        if place == ANSWERS_TARGET:
            return Mount("answers", place, read_only=True)
        if kind == "bind":
            return Mount("folder", place, source, read_only=True)
        if kind == "tmpfs":
            return Mount("tmpfs", place, size_mb=size_mb)
        if not source:
            source = "anonymous-" + hashlib.sha256(place.encode()).hexdigest()[:12]
        return Mount("volume", place, source, read_only)

    def _is_refused_bind(self, at: Location, source: str) -> bool:
        try:
            if not source:
                raise PathRefused(source)
            place = inside(self._folder, source)
        except PathRefused:
            fix = "use a named volume, or a path inside the challenge folder"
            self._no(at, "compose.bind", f"`{source}` is mounted from the host", fix)
            return True
        if not place.exists():
            fix = "correct the path, or make it"
            self._no(at, "compose.bind-missing", f"`{source}` is not here", fix)
            return True
        return False

    def _tmpfs(self, at: Location, value: Any) -> list[Mount]:
        found = []
        for here, entry in self._items(at, [value] if isinstance(value, str) else value):
            target, _, options = self._plain(here, entry).partition(":")
            given = dict(word.partition("=")[::2] for word in options.split(",") if word)
            if unknown := sorted(set(given) - _TMPFS_OPTIONS):
                problem = f"`{unknown[0]}` is no option of a tmpfs here"
                self._no(here, "compose.tmpfs", problem, "give its size alone")
            size = self._size_mb(here, given.get("size"), TMPFS_MB)
            mount = self._mount(here, "tmpfs", "", target, read_only=False, size_mb=size)
            if mount is not None:
                found.append(mount)
        return found

    def _size_mb(self, at: Location, value: Any, default: int) -> int:
        """A size in MB, at least one. Above the most that there is, it is refused."""
        if value is None:
            return default
        found = _SIZE.fullmatch(self._plain(at, value))
        amount = int(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " ") if found else 0
        if not 0 < amount <= MOST_TMPFS_MB * 1024**2:
            problem, fix = f"a tmpfs of `{value}`", f"at most {MOST_TMPFS_MB}m"
            self._no(at, "compose.tmpfs", problem, fix)
            return default
        return max(1, amount // 1024**2)

    def _volume_definition(self, name: str, value: Any) -> None:
        for key, inner in self._mapping(("volumes", name), value).items():
            if key == "labels" or key.startswith("x-") or (key, inner) == ("driver", "local"):
                continue
            self._no(
                ("volumes", name, key),
                "compose.volume",
                f"volume `{name}`: `{key}` can reach the host",
                "leave it empty: `{}`",
            )

    def _network_definition(self, name: str, value: Any) -> None:
        for key, inner in self._mapping(("networks", name), value).items():
            driver = key == "driver" and inner != "bridge"
            if (key not in _NETWORK and not key.startswith("x-")) or driver:
                self._no(
                    ("networks", name, key),
                    "compose.network",
                    f"network `{name}`: `{key}` can leave the instance",
                    "use the default: `{}`",
                )

    # -- Settings of a service's process

    def _words(self, at: Location, value: Any) -> Any:
        if isinstance(value, list):
            return [self._text((*at, number), word) for number, word in enumerate(value)]
        text = self._text(at, value)
        try:
            shlex.split(text)
        except ValueError:
            problem = f"`{at[-1]}` has a quotation mark without a second"
            self._no(at, f"compose.{at[-1]}", problem, "write a list of words")
        return text

    def _flag(self, at: Location, value: Any) -> bool:
        if not isinstance(value, bool):
            self._no(at, f"compose.{at[-1]}", f"`{at[-1]}` is neither true nor false", "say which")
        return bool(value)

    def _signal(self, at: Location, value: Any) -> str:
        text = self._plain(at, value)
        if not _SIGNAL.fullmatch(text):
            self._no(at, "compose.stop_signal", f"`{text}` is no signal", "name one, as SIGINT")
        return text

    def _duration(self, at: Location, value: Any) -> str:
        text = self._plain(at, value)
        try:
            right = nanoseconds(text) <= _LONGEST_NS
        except ValueError:
            right = False
        if not right:
            self._no(at, "compose.duration", f"`{text}` is no duration", "write it as 1m30s")
            return "1s"
        return text

    def _healthcheck(self, at: Location, value: Any) -> dict[str, Any]:
        given = self._keys(at, value, _HEALTH_KEYS, "healthcheck")
        made: dict[str, Any] = {}
        for key in ("interval", "timeout", "start_period"):
            if key in given:
                made[key] = self._duration((*at, key), given[key])
        if "interval" in made and nanoseconds(made["interval"]) < _SHORTEST_INTERVAL_NS:
            problem = f"is looked after every {made['interval']}"
            self._no((*at, "interval"), "compose.healthcheck", problem, "at least 100ms")
        if "retries" in given:
            made["retries"] = given["retries"]
            if type(given["retries"]) is not int or not 0 <= given["retries"] <= 10_000:
                problem = "`retries` is no number of them"
                self._no((*at, "retries"), "compose.healthcheck", problem, "write it as 3")
        if "disable" in given:
            made["disable"] = self._flag((*at, "disable"), given["disable"])
        if "test" in given:
            made["test"] = test = self._words((*at, "test"), given["test"])
            if isinstance(test, list) and (test[:1] or [""])[0] not in ("NONE", "CMD", "CMD-SHELL"):
                fix = "begin it with CMD or CMD-SHELL"
                self._no((*at, "test"), "compose.healthcheck", "`test` is no command", fix)
        return made

    # -- Values

    def _text(self, at: Location, value: Any) -> str:
        """A text; the instance's own variables and `$$` stay in it for the renderer."""
        if isinstance(value, (dict, list)):
            self._no(at, "compose.value", f"`{at[-1]}` is no text", "write a text")
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        text = "" if value is None else str(value)
        if "$" not in text:
            return text
        for name, default in variables_in(text):
            if is_of_instance(name):
                self._early.append(self._document.line(at))
            elif default is None:
                self._no(
                    at,
                    "compose.variable",
                    f"nobody sets `{name}`",
                    "use INSTANCE_ID or ANSWER_<ID>, give a default, or write $$ for a dollar sign",
                )
        if "$" in VARIABLE.sub("", text):
            fix = "write $$ for a dollar sign"
            self._no(at, "compose.variable", "a `$` begins no variable", fix)
        return VARIABLE.sub(_resolved, text)

    def _plain(self, at: Location, value: Any) -> str:
        """A text that is the same for every instance."""
        early = len(self._early)
        text = self._text(at, value)
        if len(self._early) > early:
            del self._early[early:]
            fix = "write what it is"
            self._no(at, "compose.variable", "is the same for every instance", fix)
        return text.replace("$$", "$")

    def _pairs(self, at: Location, value: Any) -> dict[str, str]:
        """A mapping of texts, also where it is written as a list of `KEY=value`."""
        if isinstance(value, dict):
            return {key: self._text((*at, key), inner) for key, inner in value.items()}
        found = {}
        for here, item in self._items(at, value):
            name, _, text = self._text(here, item).partition("=")
            found[name] = text
        return found

    def _mapping(self, at: Location, value: Any) -> dict[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        where = f"`{at[-1]}`" if at else "the file"
        self._no(at, "compose.value", f"{where} is no mapping", "write `name: …`")
        return {}

    def _items(self, at: Location, value: Any) -> list[tuple[Location, Any]]:
        if value is None or isinstance(value, list):
            return [((*at, number), item) for number, item in enumerate(value or [])]
        self._no(at, "compose.value", f"`{at[-1]}` is no list", "write `[…]`")
        return []

    def _keys(self, at: Location, value: Any, known: Any, what: str) -> dict[str, Any]:
        """A mapping of these keys alone."""
        found = self._mapping(at, value)
        for key in found:
            if key not in known and not key.startswith("x-"):
                rule = f"compose.{what.partition('.')[0].replace('_', '-')}"
                problem = f"`{what}.{key}` can reach the host"
                self._no((*at, key), rule, problem, "remove it")
        return found

    def _is_name(self, at: Location, name: str) -> bool:
        if not is_plain_name(name):
            fix = "use letters, digits, `-`, `_` and `.`, at most 63"
            self._no(at, "compose.name", f"`{name[:80]}` is no name", fix)
            return False
        return True

    def _no(self, at: Location, rule: str, problem: str, fix: str) -> None:
        self.refused.append(Refusal(self._document.line(at), rule, problem, fix))


def _resolved(found: re.Match[str]) -> str:
    """A variable's default; the instance's own and `$$` stay as they are."""
    name = found["name"] or found["braced"]
    return found[0] if name is None or is_of_instance(name) else found["default"] or ""


def _is_plain_logging(value: Any) -> bool:
    """Whether output goes to a bounded file, as it does anyway."""
    if not isinstance(value, dict) or not set(value) <= {"driver", "options"}:
        return False
    options = value.get("options") or {}
    plain = isinstance(options, dict) and set(options) <= _LOG_OPTIONS
    return plain and value.get("driver", "json-file") in _LOG_DRIVERS


_SETTINGS: dict[str, Callable[[_Reader, Location, Any], Any]] = {
    "command": _Reader._words,
    "entrypoint": _Reader._words,
    "healthcheck": _Reader._healthcheck,
    "hostname": _Reader._text,
    "init": _Reader._flag,
    "read_only": _Reader._flag,
    "stop_grace_period": _Reader._duration,
    "stop_signal": _Reader._signal,
    "user": _Reader._text,
    "working_dir": _Reader._text,
}
READ = frozenset(_SETTINGS) | {
    "build",
    "cap_add",
    "depends_on",
    "environment",
    "image",
    "networks",
    "ports",
    "tmpfs",
    "volumes",
}
