"""The real processes that tests run against."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

import httpx

ROOT = Path(__file__).parent.parent
CHALLENGES = ROOT / "examples" / "challenges"
Found = TypeVar("Found")
# How long tests wait for what must come: far above what it takes, for a machine may be busy.
PATIENCE_S = 120
ADMIN = "from ctfy.cli.operator import main; main()"


# Below those that the kernel gives by itself (ip_local_port_range): between being chosen and being
# listened on, a port would else be some other test's instance.
_PORTS = range(20_000, 32_000)
_CLAIMS = Path(tempfile.gettempdir()) / f"ctfy-test-ports-{os.getuid()}"
_claimed: set[int] = set()


@functools.cache
def _claims() -> IO[bytes]:
    """A file of which each process on this machine locks the bytes of its ports until it ends."""
    return _CLAIMS.open("ab")


def free_port() -> int:
    """A port that nobody listens on, and that no other test on this machine will get."""
    for port in random.sample(_PORTS, len(_PORTS)):
        if port in _claimed:
            continue
        with contextlib.suppress(OSError):
            fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            with socket.create_server(("127.0.0.1", port)):
                _claimed.add(port)
                return port
    raise AssertionError("no port is free")


def wait_for(what: str, look: Callable[[], Found | None]) -> Found:
    """The first true answer of `look`; fails when it does not come."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.05)


@dataclass
class Process:
    """`ctfy-admin ARGUMENTS`, which can be killed and started again."""

    arguments: list[str]
    environment: dict[str, str]
    log: Path
    popen: subprocess.Popen[bytes] | None = field(default=None)
    cwd: Path = ROOT

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-c", ADMIN, *self.arguments],
                env={
                    "CTFY_CHALLENGES_DIR": str(CHALLENGES),
                    "CTFY_PROCESSES": "1",  # several at once have tests of their own
                    **os.environ,
                    **self.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.cwd,
            )

    def kill(self) -> None:
        assert self.popen is not None
        self.popen.kill()
        self.popen.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.popen is not None
        self.popen.send_signal(number)
        try:
            return self.popen.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise

    def said(self) -> str:
        return self.log.read_text(errors="replace")


@dataclass
class Stack:
    """A server, a worker and a node, each a process."""

    url: str
    server: Process
    worker: Process
    node: Process
    folder: Path

    def healthy(self) -> bool:
        try:
            page = httpx.get(f"{self.url}/api/v1/health")
        except httpx.HTTPError:
            return False
        return page.status_code == 200 and page.json()["capacity"] > 0

    def server_answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/v1/health").status_code == 200
        except httpx.HTTPError:
            return False


@contextlib.contextmanager
def stack(
    database_url: str,
    folder: Path,
    invite: Callable[[str], str],
    *,
    provider: str = "sandbox",
    challenges: Path = CHALLENGES,
    capacity: int = 50,
    worker_apart: bool = False,
    **environment: str,
) -> Iterator[Stack]:
    """The platform in processes of its own; gone afterwards, also when a test failed."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    common = {
        "CTFY_DATABASE_URL": database_url,
        "CTFY_DATA_DIR": str(folder / "platform"),
        "CTFY_CHALLENGES_DIR": str(challenges),
        "CTFY_RATE_LIMITING_ENABLED": "false",
        "CTFY_PLACEMENT_MAX_LOAD": "100",  # the tests themselves load the machine
        # The receivers of tests; nothing else here is reached by notifications.
        "CTFY_NOTIFICATION_NETWORKS": "127.0.0.1",
        # No snapshot falls between two looks at the same standings.
        "CTFY_JOB_INTERVALS": '{"ttl_sweep": 1, "scoreboard_snapshot": 86400}',
        **environment,
    }
    start = ["server", "start", "--port", str(port)] + (["--no-worker"] if worker_apart else [])
    server = Process(start, common, folder / "server.log")
    worker = Process(["worker"], common, folder / "worker.log")
    node = Process(
        [
            *("node", "join", url, "--provider", provider, "--capacity", str(capacity)),
            *("--data-dir", str(folder / "node"), "--port", str(free_port())),
        ],
        {**common, "CTFY_NODE_HEARTBEAT_S": "1"},
        folder / "node.log",
    )
    running = Stack(url, server, worker, node, folder)
    parts = [server, worker, node] if worker_apart else [server, node]
    try:
        server.start()
        wait_for("the server", running.server_answers)
        if worker_apart:
            worker.start()
        node.environment["CTFY_NODE_TOKEN"] = invite(url)
        node.start()
        wait_for("the node", running.healthy)
        yield running
    finally:
        for part in reversed(parts):
            if part.popen is not None and part.popen.poll() is None:
                part.stop()
