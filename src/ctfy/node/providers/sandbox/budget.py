"""What the processes of one sandbox use together, where no cgroup counts it."""

from __future__ import annotations

import contextlib
import os

import psutil

_SCRATCH = ("tmp", "dev/shm")  # the file systems in memory that a sandbox can write to


def memory_of(pid: int, enough: int = 0) -> int:
    """Bytes in memory of a process and all below it, with their file systems in memory.

    What several share counts once where the kernel says so, as it does for one's own processes.
    That takes the kernel's time: up to `enough` bytes, each may count what it shares again.
    """
    processes = []
    with contextlib.suppress(psutil.Error):
        processes = [psutil.Process(pid)]
        processes += processes[0].children(recursive=True)
    if not processes:
        return 0
    written = _written(processes[-1].pid)
    at_most = written + sum(map(_resident, processes))
    return at_most if at_most <= enough else written + sum(map(_share, processes))


def _resident(process: psutil.Process) -> int:
    """Bytes that a process has in memory, whoever else has them there."""
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _share(process: psutil.Process) -> int:
    """Its part of what it has in memory."""
    with contextlib.suppress(psutil.Error, OSError):
        return int(process.memory_full_info().pss)
    return _resident(process)


def _written(inside: int) -> int:
    total = 0
    for name in _SCRATCH:
        with contextlib.suppress(OSError):
            found = os.statvfs(f"/proc/{inside}/root/{name}")
            total += (found.f_blocks - found.f_bfree) * found.f_frsize
    return total
