"""What the processes of one sandbox use together, where no cgroup counts it."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import psutil

_SCRATCH = ("tmp", "dev/shm")  # the file systems in memory that a sandbox can write to


def memory_of(pid: int, enough: int = 0) -> int:
    """Bytes in memory of a process and all below it, with their file systems in memory.

    What several share counts once where the kernel says so, as it does for one's own processes.
    That takes the kernel's time: up to `enough` bytes, each may count what it shares again.
    """
    processes = _tree(pid)
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


class Pace:
    """Holds a sandbox to so many processors, where no cgroup does: it is stopped in turns.

    What runs over one look is waited for during the next ones, so it holds over some seconds.
    bubblewrap and the launcher are never stopped: they pass on what players send.
    """

    def __init__(self, pid: int, cores: float) -> None:
        self._pid, self._cores = pid, cores
        self._looked_at, self._used = time.monotonic(), 0.0
        self._debt = 0.0
        self._is_stopped = False

    def look(self) -> None:
        """Stop the service's processes, or let them go on; to be called several times a second."""
        tree = _tree(self._pid)
        moment, used = time.monotonic(), sum(map(_seconds, tree))
        self._debt += used - self._used - self._cores * (moment - self._looked_at)
        self._debt = max(0.0, self._debt)
        self._looked_at, self._used = moment, used
        if self._debt or self._is_stopped:
            self._is_stopped = self._debt > 0
            _signal_all(_services(tree), signal.SIGSTOP if self._is_stopped else signal.SIGCONT)


def _tree(pid: int) -> list[psutil.Process]:
    """A process and all below it, parents first."""
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    return []


def _services(tree: list[psutil.Process]) -> list[psutil.Process]:
    """Those that the launcher started: not bubblewrap twice and the launcher.

    They are told by their place, for a process chooses its name. The second bubblewrap takes in
    whoever has lost its parent, so of its children the first is the launcher.
    """
    return sorted(tree, key=lambda process: (process.create_time(), process.pid))[3:]


def _seconds(process: psutil.Process) -> float:
    """Processor time of a process, and of its children that are over."""
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def _signal_all(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
