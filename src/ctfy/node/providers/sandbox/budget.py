"""What the processes of one sandbox use together, where no cgroup counts it."""

from __future__ import annotations

import contextlib
import os

import psutil

_SCRATCH = ("tmp", "dev/shm")  # the file systems in memory that a sandbox can write to


def memory_of(pid: int) -> int:
    """Bytes in memory of a process and all below it, with their file systems in memory.

    What several share counts once where the kernel says so, as it does for one's own processes.
    """
    processes = []
    with contextlib.suppress(psutil.Error):
        processes = [psutil.Process(pid)]
        processes += processes[0].children(recursive=True)
    used = sum(map(_resident, processes))
    return used + (_written(processes[-1].pid) if processes else 0)


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        whole = int(process.memory_info().rss)
        if whole < 16 * 1024**2:  # exactness is for the large ones: it takes the kernel's time
            return whole
        with contextlib.suppress(psutil.Error, OSError):
            return int(process.memory_full_info().pss)
        return whole
    return 0


def _written(inside: int) -> int:
    total = 0
    for name in _SCRATCH:
        with contextlib.suppress(OSError):
            found = os.statvfs(f"/proc/{inside}/root/{name}")
            total += (found.f_blocks - found.f_bfree) * found.f_frsize
    return total
