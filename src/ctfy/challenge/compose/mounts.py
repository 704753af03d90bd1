"""What a service sees of the challenge's folder, of volumes and of memory."""

from __future__ import annotations

import hashlib
import posixpath
import re
from typing import Any

from ctfy.challenge.compose.model import ANSWERS_TARGET, Mount
from ctfy.challenge.compose.values import Reader, is_plain_name
from ctfy.challenge.documents import Location
from ctfy.challenge.folders import PathRefused, inside

TMPFS_MB, MOST_TMPFS_MB = 64, 256
_SIZE = re.compile(r"([0-9]{1,15})([kmgt]?)i?b?", re.IGNORECASE)
_MODES = frozenset({"rw", "ro"})
_MODES_IGNORED = frozenset({"z", "Z", "cached", "delegated", "consistent", "nocopy"})
_MOUNT_KEYS = frozenset({"type", "source", "target", "read_only", "volume", "bind", "tmpfs"})
_TMPFS_OPTIONS = frozenset({"size", "rw"})
_TMPFS_IGNORED = frozenset({"mode", "uid", "gid", "exec", "noexec", "nosuid", "nodev"})


def read_mounts(read: Reader, at: Location, value: Any) -> list[Mount]:
    """A service's `volumes`, in either of the two ways to write one."""
    found = []
    for here, entry in read.items(at, value):
        mount = (
            _long_mount(read, here, entry)
            if isinstance(entry, dict)
            else _short_mount(read, here, entry)
        )
        if mount is not None:
            found.append(mount)
    return found


def read_tmpfs(read: Reader, at: Location, value: Any) -> list[Mount]:
    """A service's `tmpfs`, with the size that each may have."""
    found = []
    for here, entry in read.items(at, [value] if isinstance(value, str) else value):
        target, _, options = read.plain(here, entry).partition(":")
        given = dict(word.partition("=")[::2] for word in options.split(",") if word)
        for option in sorted(set(given) & _TMPFS_IGNORED):
            _not_heeded(read, here, "tmpfs", option)
        if unknown := sorted(set(given) - _TMPFS_OPTIONS - _TMPFS_IGNORED):
            problem = f"`{unknown[0]}` is no option of a tmpfs here"
            read.refuse(here, "compose.tmpfs", problem, "give its size alone")
        size = _size_mb(read, here, given.get("size"), TMPFS_MB)
        mount = _mount(read, here, "tmpfs", "", target, read_only=False, size_mb=size)
        if mount is not None:
            found.append(mount)
    return found


def check_volume(read: Reader, name: str, value: Any) -> None:
    """Refuse of a volume of the file whatever could make it more than a folder of the instance."""
    for key, inner in read.mapping(("volumes", name), value).items():
        if key.startswith("x-") or (key, inner) == ("driver", "local"):
            continue
        if key == "labels":
            _not_heeded(read, ("volumes", name, key), "volume", key)
            continue
        read.refuse(
            ("volumes", name, key),
            "compose.volume",
            f"volume `{name}`: `{key}` can reach the host",
            "leave it empty: `{}`",
        )


def _short_mount(read: Reader, at: Location, entry: Any) -> Mount | None:
    source, *rest = read.plain(at, entry).split(":")
    if not rest:
        return _mount(read, at, "volume", "", source, read_only=False)
    modes = set(rest[1].split(",")) if rest[1:] else set()
    for mode in sorted(modes & _MODES_IGNORED):
        _not_heeded(read, at, "volume", mode)
    if len(rest) > 2 or modes - _MODES - _MODES_IGNORED:
        problem = f"`{':'.join(rest[1:])}` is no way to mount"
        read.refuse(at, "compose.volume", problem, "write source:target, or …:ro")
        return None
    is_path = source.startswith((".", "~")) or "/" in source
    kind = "bind" if is_path else "volume"
    return _mount(read, at, kind, source, rest[0], read_only="ro" in modes)


def _long_mount(read: Reader, at: Location, entry: dict[str, Any]) -> Mount | None:
    given = read.keys(at, entry, _MOUNT_KEYS, "volumes")
    kind = read.plain(at, given.get("type", "volume"))
    for part, key in (("volume", "nocopy"), ("bind", "create_host_path"), ("tmpfs", "mode")):
        inner = given.get(part)
        if part != "tmpfs":
            read.keys((*at, part), inner, {key}, f"volumes.{part}")
        if isinstance(inner, dict) and inner.get(key):
            _not_heeded(read, (*at, part, key), "volume", key)
    options = read.keys((*at, "tmpfs"), given.get("tmpfs"), {"size", "mode"}, "volumes.tmpfs")
    target = read.plain(at, given.get("target"))
    if kind == "tmpfs":
        size = _size_mb(read, (*at, "tmpfs"), options.get("size"), MOST_TMPFS_MB)
        return _mount(read, at, kind, "", target, read_only=False, size_mb=size)
    source = read.plain(at, given.get("source"))
    return _mount(read, at, kind, source, target, read_only=bool(given.get("read_only")))


def _mount(
    read: Reader,
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
        read.refuse(at, "compose.volume", problem, "name a path, as /data")
        return None
    place = "/" + place.strip("/")
    if kind not in ("bind", "volume", "tmpfs"):
        problem = f"`{kind}` is no kind of mount"
        read.refuse(at, "compose.volume", problem, "use bind, volume or tmpfs")
        return None
    if kind == "bind" and _is_refused_bind(read, at, source):
        return None
    if kind == "volume" and source and not is_plain_name(source):
        # Also a path, in the words of a file that names it as a volume.
        fix = "use a named volume, or a path inside the challenge folder"
        read.refuse(at, "compose.bind", f"`{source}` is mounted from the host", fix)
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


def _not_heeded(read: Reader, at: Location, what: str, word: str) -> None:
    problem = f"`{word}` of a {what} is not heeded: the node says how it is mounted"
    read.note(at, f"compose.{what}", problem)


def _is_refused_bind(read: Reader, at: Location, source: str) -> bool:
    try:
        if not source:
            raise PathRefused(source)
        place = inside(read.folder, source)
    except PathRefused:
        fix = "use a named volume, or a path inside the challenge folder"
        read.refuse(at, "compose.bind", f"`{source}` is mounted from the host", fix)
        return True
    if not place.exists():
        fix = "correct the path, or make it"
        read.refuse(at, "compose.bind-missing", f"`{source}` is not here", fix)
        return True
    return False


def _size_mb(read: Reader, at: Location, value: Any, default: int) -> int:
    """A size in MB, at least one. Above the most that there is, it is refused."""
    if value is None:
        return default
    found = _SIZE.fullmatch(read.plain(at, value))
    amount = int(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " ") if found else 0
    if not 0 < amount <= MOST_TMPFS_MB * 1024**2:
        problem, fix = f"a tmpfs of `{value}`", f"at most {MOST_TMPFS_MB}m"
        read.refuse(at, "compose.tmpfs", problem, fix)
        return default
    return max(1, amount // 1024**2)
