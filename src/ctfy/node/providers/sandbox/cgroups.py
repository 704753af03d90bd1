"""One cgroup for each instance, where the machine lets the node make some: v1 and v2.

A cgroup counts all memory of a tree of processes, tmpfs and shared memory among it, and the kernel
holds the tree to its limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_CONTROLLERS = ("memory", "pids", "cpu")
_PERIOD_US = 100_000
_REMOVED_WITHIN_S = 5.0


@dataclass(frozen=True)
class Limits:
    """What one instance may use: bytes, processes, cores."""

    memory: int
    processes: int
    cores: float


class Cgroups:
    """The cgroups of one node: below its own, in a folder that is named after its data."""

    def __init__(self, name: str, folders: dict[str, Path]) -> None:
        self.name = name
        self._folders = folders

    def make(self, instance_id: str, limits: Limits) -> list[Path]:
        """An instance's cgroup: the files that a process writes 0 to, to be in it. OSError."""
        files = []
        quota = int(limits.cores * _PERIOD_US)
        for folder in self._places(instance_id):
            folder.mkdir(exist_ok=True)
            for file, value in (
                ("memory.max", limits.memory),
                ("memory.swap.max", 0),
                ("memory.oom.group", 1),
                ("memory.limit_in_bytes", limits.memory),
                ("memory.memsw.limit_in_bytes", limits.memory),
                ("pids.max", limits.processes),
                ("cpu.max", f"{quota} {_PERIOD_US}"),
                ("cpu.cfs_period_us", _PERIOD_US),
                ("cpu.cfs_quota_us", quota),
            ):
                if (folder / file).exists():
                    (folder / file).write_text(str(value))
            files.append(folder / "cgroup.procs")
        return files

    def _places(self, instance_id: str) -> list[Path]:
        return list(dict.fromkeys(folder / instance_id for folder in self._folders.values()))

    async def remove(self, instance_id: str) -> None:
        """Remove an instance's cgroup, whose processes are gone or going; again is no error."""
        deadline = asyncio.get_running_loop().time() + _REMOVED_WITHIN_S
        for place in self._places(instance_id):
            while not _removed(place) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def sweep(self) -> None:
        """End and remove what an earlier life of this node left."""
        names = {
            place.name
            for folder in self._folders.values()
            for place in folder.iterdir()
            if place.is_dir()
        }
        for name in names:
            await self.remove(name)

    def close(self) -> None:
        """Remove the node's own folder, unless something is in it still."""
        for folder in self._folders.values():
            with contextlib.suppress(OSError):
                folder.rmdir()


def _removed(place: Path) -> bool:
    try:
        for pid in (place / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        place.rmdir()
    except FileNotFoundError:
        return True
    except OSError:  # they are going, and the kernel takes its time
        return False
    return True


def find_cgroups(data_dir: Path) -> Cgroups | None:
    """Where this node can make cgroups with limits on memory, processes and cores; else None."""
    name = "ctfy-" + hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    for version, parents in (("cgroup v2", _unified()), ("cgroup v1", _hierarchies())):
        try:
            folders = {c: parents[c] / name for c in _CONTROLLERS}
            for folder in folders.values():
                folder.mkdir(exist_ok=True)
            if version == "cgroup v2":
                (folders["memory"] / "cgroup.subtree_control").write_text(_enabling())
            found = Cgroups(version, folders)
            _tried(found)
        except (KeyError, OSError):
            continue
        return found
    return None


def _tried(groups: Cgroups) -> None:
    """Make a cgroup, see that its limits are, and remove it. Raises OSError, KeyError."""
    limits = Limits(memory=64 * 1024**2, processes=8, cores=1)
    trial = f"trial-{os.getpid()}"
    folders = {file.parent for file in groups.make(trial, limits)}
    try:
        for names in (("memory.max", "memory.limit_in_bytes"), ("pids.max",)):
            if not any((folder / name).exists() for folder in folders for name in names):
                raise KeyError(names[0])
    finally:
        for folder in folders:
            folder.rmdir()


def _enabling() -> str:
    return " ".join(f"+{controller}" for controller in _CONTROLLERS)


def _own() -> dict[str, str]:
    """The cgroup of this process by controller; that of v2 by an empty name."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    parts = (line.split(":", 2) for line in lines)
    return {controller: path for _, names, path in parts for controller in names.split(",")}


def _below(mounted: Path, path: str) -> Path:
    """Our own cgroup under a mount; the mount itself where it shows nothing above us."""
    mine = mounted / path.lstrip("/")
    return mine if mine.is_dir() else mounted


def _hierarchies() -> dict[str, Path]:
    own = _own()
    mounted = {c: _ROOT / c for c in _CONTROLLERS if (_ROOT / c / "cgroup.procs").exists()}
    return {c: _below(folder, own.get(c, "/")) for c, folder in mounted.items()}


def _unified() -> dict[str, Path]:
    """Our own cgroup of v2, if it can give its controllers on."""
    if not (_ROOT / "cgroup.controllers").exists():
        return {}
    mine = _below(_ROOT, _own().get("", "/"))
    try:
        there = set((mine / "cgroup.controllers").read_text().split())
        if not there.issuperset(_CONTROLLERS):
            return {}
        given = set((mine / "cgroup.subtree_control").read_text().split())
        if not given.issuperset(_CONTROLLERS):
            _make_room(mine)
            (mine / "cgroup.subtree_control").write_text(_enabling())
    except OSError:
        return {}
    return dict.fromkeys(_CONTROLLERS, mine)


def _make_room(mine: Path) -> None:
    """Move this process down: a cgroup of v2 that gives controllers on holds no processes."""
    (mine / "ctfy-node").mkdir(exist_ok=True)
    (mine / "ctfy-node" / "cgroup.procs").write_text("0")
