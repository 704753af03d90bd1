"""Running a part of the platform as a process: logs, signals, errors in one line."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import gc
import io
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from ctfy.cli.output import fail

if TYPE_CHECKING:
    import uvicorn

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def claim(parts: contextlib.ExitStack, data_dir: Path, name: str) -> None:
    """Have a data directory for this process alone, by a lock of that name in it.

    Raises PermissionError, or exits when another holds it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = parts.enter_context((data_dir / name).open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fail(f"{data_dir} is in use by another ctfy", hint="stop it, or choose another --data-dir")


def configure_logs() -> None:
    """Structured logs on stderr: for people on a terminal, JSON lines elsewhere."""
    import structlog

    level = logging.getLevelNamesMapping().get(os.environ.get("CTFY_LOG_LEVEL", "INFO").upper(), 20)
    on_terminal = sys.stderr.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Unfailing(sys.stderr))),
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)


def configure_brief_logs() -> None:
    """Structured logs of a command that somebody watches: warnings on stderr, one line each."""
    import structlog

    def one_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
        error = sys.exc_info()[1] if event.pop("exc_info", None) else None
        words = [str(event.pop("event"))] + [f"{key}={value}" for key, value in event.items()]
        return " ".join(" ".join(words + [repr(error)] * (error is not None)).split())

    structlog.configure(
        processors=[structlog.stdlib.add_log_level, one_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Unfailing(sys.stderr))),
    )


class _Unfailing(io.TextIOBase):
    """A stream that loses what cannot be written: a full disk under a log stops nothing else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or lose it."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if that goes."""
        with contextlib.suppress(OSError):
            self._stream.flush()


def announced(config: uvicorn.Config, up: Callable[[], None]) -> uvicorn.Server:
    """uvicorn's server, which calls `up` as soon as it listens."""
    import uvicorn

    class Announced(uvicorn.Server):
        """Says that it is up."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                up()

    return Announced(config)


def processors() -> int:
    """How many processors this process may use, by its affinity and its container's quota."""
    allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except OSError:
        return allowed
    return allowed if quota == "max" else max(1, min(allowed, int(quota) // int(period)))


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """While modules, routes and models are made, which are there for good, look for no garbage.

    It would take a sixth of a server's start, and what is there then is never looked at again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


async def until_signal(work: Coroutine[Any, Any, None], *others: signal.Signals) -> None:
    """Run `work` until it ends or SIGINT or SIGTERM comes; then cancel it and let it clean up.

    So does one of the `others`. From then on they are ignored: the process is about to end, and
    whoever is impatient cuts nothing short.
    """
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, *others)
    for number in numbers:
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)


def spawn(
    arguments: list[str], environment: Mapping[str, str], log: Any
) -> subprocess.Popen[bytes]:
    """Start `ctfy-admin ARGUMENTS`; it gets SIGTERM when this process dies, however it dies."""
    return subprocess.Popen(
        [sys.executable, "-c", "from ctfy.cli.operator import main; main()", *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,  # the terminal's Ctrl-C reaches only us; we stop them in order
        preexec_fn=die_with_parent,
    )


def die_with_parent() -> None:
    """Have this process get SIGTERM when the one that started it dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
