"""Five thousand readers of one server's events; part of `make bench`.

From the commit of an event to the last reader, and over a kill of the server: does anybody miss
any? The readers are plain sockets in one process on the same machine, which is part of the time.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.load import Data, challenges, fill, start  # noqa: E402
from bench.run import line  # noqa: E402
from ctfy.server.database.embedded import EmbeddedPostgres  # noqa: E402
from ctfy.server.database.migrate import upgrade  # noqa: E402
from tests.processes import free_port, wait_for  # noqa: E402

READERS = int(os.environ.get("CTFY_BENCH_READERS", "5000"))
EVENTS = 20
AT_ONCE = 200
INSERT = (
    "INSERT INTO events (name, audience, payload, created_at) VALUES ('competition_updated', "
    "'everybody', jsonb_build_object('number', %s::int, 'at', %s::float), now())"
)


@dataclass
class Reader:
    """One connection, what it saw, and where it left off."""

    port: int
    token: str
    last_id: str = ""
    numbers: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    connected: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, gate: asyncio.Semaphore) -> None:
        while True:
            try:
                async with gate:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    resume = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
                    writer.write(
                        f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n{resume}"
                        f"Authorization: Bearer {self.token}\r\n\r\n".encode()
                    )
                    await reader.readuntil(b": connected")
                self.connected.set()
                while text := await reader.readline():
                    if text.startswith(b"id: "):
                        self.last_id = text[4:].decode().strip()
                    elif text.startswith(b"data: ") and b'"number"' in text:
                        payload = json.loads(text[6:])
                        self.numbers.append(payload["number"])
                        self.delays.append(time.time() - payload["at"])
            except (OSError, asyncio.IncompleteReadError):
                pass
            self.connected.clear()
            await asyncio.sleep(0.2)


async def emit(database: str, first: int) -> None:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        for number in range(first, first + EVENTS):
            await connection.execute(INSERT, [number, time.time()])
            await asyncio.sleep(0.5)


async def everybody_has(readers: list[Reader], count: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all(len(reader.numbers) >= count for reader in readers):
            return True
        await asyncio.sleep(0.1)
    return False


async def measure(database: str, port: int, data: Data, folder: Path, pid: int) -> int:
    """Print the figures; the process id of the server that runs at the end."""
    gate = asyncio.Semaphore(AT_ONCE)
    readers = [Reader(port, data.tokens[n % len(data.tokens)]) for n in range(READERS)]
    tasks = [asyncio.create_task(reader.run(gate)) for reader in readers]
    began = time.monotonic()
    await asyncio.gather(*(reader.connected.wait() for reader in readers))
    line("readers connected", f"{READERS}", f"in {time.monotonic() - began:.1f} s")
    await asyncio.sleep(1)
    await emit(database, 0)
    await everybody_has(readers, EVENTS, 10)
    last = [max(reader.delays[n] for reader in readers) * 1000 for n in range(EVENTS)]
    every = sorted(delay * 1000 for reader in readers for delay in reader.delays)
    p99 = every[int(len(every) * 0.99)]
    line("commit to reader", f"p99 {p99:.0f} ms", f"last of all {max(last):.0f} ms (target 500)")
    memory = psutil.Process(pid).memory_info().rss / 2**20
    line("memory with all of them", f"{memory:.0f} MB", "")

    writing = asyncio.create_task(emit(database, EVENTS))
    await asyncio.sleep(2)
    psutil.Process(pid).send_signal(signal.SIGKILL)
    await asyncio.sleep(1)
    server = start(database, folder, port)
    began = time.monotonic()
    await writing
    complete = await everybody_has(readers, 2 * EVENTS, 60)
    took = time.monotonic() - began
    right = sum(reader.numbers == list(range(2 * EVENTS)) for reader in readers)
    line("killed and started again", f"{right} of {READERS}", "readers saw every event once")
    if complete:
        line("all up to date", f"{took:.1f} s", "after the start, events going on for most of it")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return server.pid


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="ctfy-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        challenges(folder / "challenges")
        postgres = EmbeddedPostgres(folder / "postgres")
        database = postgres.start()
        upgrade(database)
        data = fill(database)
        port = free_port()
        first = start(database, folder, port)
        last = first.pid
        try:
            wait_for("the server", lambda: _listens(port))
            last = asyncio.run(measure(database, port, data, folder, first.pid))
        finally:
            for pid in {first.pid, last}:
                if psutil.pid_exists(pid):
                    psutil.Process(pid).terminate()
            psutil.wait_procs(psutil.Process().children(), timeout=10)
            postgres.stop()


def _listens(port: int) -> bool:
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
