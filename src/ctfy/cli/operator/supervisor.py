"""Several processes as one: started, watched, replaced and ended together."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import typer

from ctfy.cli.operator.processes import die_with_parent

# Of a process that works; real-time signals queue, so that no two become one.
_READY = signal.SIGRTMIN
_HEARD = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, _READY}
_QUICK_S = 60  # who dies sooner is started later and later
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 30.0
_STOP_TIMEOUT_S = 30
_HANDED_OVER = "CTFY_HANDED_OVER"
_LOOK_S = 60  # at the latest, although every change comes with a signal


def hold_signals() -> None:
    """Keep what a supervisor hears of until it listens.

    Call it before the first thread: one that does not hold them would get them, and end us all.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)


class NothingStarts(Exception):
    """A process could not start, and no other works."""


@dataclass
class Part:
    """One process to keep running: `run` is called in it, and calls what it is given when it works.

    It ends when `run` returns or SIGTERM comes.
    """

    name: str
    run: Callable[[Callable[[], None]], None]
    pid: int = 0
    ready: bool = False
    began: float = 0.0
    deaths: int = 0  # quick ones, in a row
    due: float = 0.0
    died: int = 0  # the process of before


@dataclass
class Supervisor:
    """Forks the parts, one after the other, and starts again whatever dies.

    Each is a copy of this process, so what this one has loaded is in memory once. It must have no
    threads that a part needs. `before` are processes that do the same work already: for each part
    that works, one of them is told to end. `renew` is called with the id of a process that died,
    before the next is forked.
    """

    parts: list[Part]
    up: Callable[[], None]
    renew: Callable[[int], None] = lambda _: None
    before: list[int] = field(default_factory=list)
    _leaving: list[int] = field(init=False, default_factory=list)  # told to end
    _told: bool = field(init=False, default=False)  # that it is up

    def run(self) -> list[int]:
        """Supervise until SIGTERM or SIGINT, which end every part, or SIGHUP, which ends none.

        Returns the processes that go on. Raises NothingStarts.
        """
        hold_signals()
        while True:
            self._start_next()
            info = signal.sigtimedwait(_HEARD, self._pause())
            number = info.si_signo if info else 0
            if number in (signal.SIGTERM, signal.SIGINT):
                self._stop()
                return []
            if number == signal.SIGHUP:
                return self._alive()
            if info and number == _READY:
                self._works(info.si_pid)
            self._reap()

    def _start_next(self) -> None:
        """Start what is due, unless another is starting still: that one may tell what is wrong."""
        if any(part.pid and not part.ready for part in self.parts):
            return
        now = time.monotonic()
        for part in self.parts:
            if not part.pid and part.due <= now:
                if part.died:
                    self.renew(part.died)
                part.began, part.ready = now, False
                part.pid = _fork(part.run)
                return

    def _pause(self) -> float:
        waiting = [part.due for part in self.parts if not part.pid]
        return max(0.0, min([_LOOK_S, *(due - time.monotonic() for due in waiting)]))

    def _works(self, pid: int) -> None:
        for part in self.parts:
            if part.pid == pid:
                part.ready = True
                self._dismiss(1)
                if not self._told:
                    self._told = True
                    self.up()
        if all(part.ready for part in self.parts):
            self._dismiss(len(self.before))

    def _dismiss(self, number: int) -> None:
        """Tell so many of those that were here before to end."""
        told, self.before = self.before[:number], self.before[number:]
        for pid in told:
            _send(pid, signal.SIGTERM)
        self._leaving += told

    def _reap(self) -> None:
        self.before = [pid for pid in self.before if _ended(pid) is None]
        self._leaving = [pid for pid in self._leaving if _ended(pid) is None]
        for part in self.parts:
            code = _ended(part.pid) if part.pid else None
            if code is None:
                continue
            started, part.ready = part.ready, False
            part.died, part.pid = part.pid, 0
            if not started and not self.before and not any(each.ready for each in self.parts):
                self._stop()
                raise NothingStarts(part.name)
            lived = time.monotonic() - part.began
            part.deaths = 0 if lived > _QUICK_S else part.deaths + 1
            pause = min(_LONGEST_PAUSE_S, _SHORTEST_PAUSE_S * 2**part.deaths) if part.deaths else 0
            part.due = time.monotonic() + pause
            _log().warning(
                "process_died",
                part=part.name,
                process=part.died,
                code=code,
                again_in_s=round(pause, 2),
            )

    def _alive(self) -> list[int]:
        return [*self.before, *self._leaving, *(part.pid for part in self.parts if part.pid)]

    def _stop(self) -> None:
        """End every process, those that take too long by force; a second signal is passed on."""
        left = set(self._alive())
        for pid in left:
            _send(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while left := {pid for pid in left if _ended(pid) is None}:
            rest = deadline - time.monotonic()
            info = signal.sigtimedwait(_HEARD, max(0.0, rest))
            again = info is not None and info.si_signo in (signal.SIGTERM, signal.SIGINT)
            for pid in left if again or rest <= 0 else ():
                _send(pid, signal.SIGINT if rest > 0 else signal.SIGKILL)


def _fork(run: Callable[[Callable[[], None]], None]) -> int:
    """Do `run` in a copy of this process, which ends with this one; its id."""
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # that is the parent's
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        die_with_parent()
        if os.getppid() == parent:
            _log_as(os.getpid())
            run(lambda: os.kill(parent, _READY))
            code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except typer.Exit as leaving:
        code = leaving.exit_code
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _log() -> Any:
    import structlog  # not where the client alone is installed

    return structlog.get_logger()


def _log_as(process: int) -> None:
    """Have each line of the log name this process."""
    import structlog

    structlog.contextvars.bind_contextvars(process=process)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _ended(pid: int) -> int | None:
    """How a child ended, negative by a signal; None while it lives."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return os.waitstatus_to_exitcode(status) if found else None


def hand_over(listeners: list[socket.socket], working: list[int]) -> NoReturn:
    """Run this program anew, as it is installed now, in this process: same id, same children.

    The new one finds sockets and children by `taken_over`, so that the port listens all the time.
    """
    for listener in listeners:
        listener.set_inheritable(True)
    handed = {"listeners": [each.fileno() for each in listeners], "working": working}
    os.environ[_HANDED_OVER] = json.dumps(handed)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - no shell is meant


def taken_over() -> tuple[list[socket.socket], list[int]]:
    """Sockets and children of the program that ran in this process before, if one did."""
    handed = json.loads(os.environ.pop(_HANDED_OVER, "{}"))
    listeners = [socket.socket(fileno=number) for number in handed.get("listeners", [])]
    for listener in listeners:
        listener.set_inheritable(False)
    return listeners, handed.get("working", [])
