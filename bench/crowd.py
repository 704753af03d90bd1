"""What a player notices of connections that do nothing; part of `make bench`.

Ten thousand that say nothing, two hundred that stop in a body, two hundred that ask for the events
and never read: `/me` is asked for before and meanwhile, one after the other.
"""

from __future__ import annotations

import os
import resource
import socket
import statistics
import sys
import time
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.load import running  # noqa: E402
from bench.run import line  # noqa: E402

SILENT = int(os.environ.get("CTFY_BENCH_SILENT", "10000"))
SLOW = 200
REQUESTS = 1_000
HALF = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"


def opened(address: tuple[str, int], times: int, sent: bytes = b"") -> list[socket.socket]:
    """Connections that sent something, and do no more."""
    made = []
    for _ in range(times):
        client = socket.create_connection(address, timeout=60)
        client.sendall(sent)
        made.append(client)
    return made


def asked(url: str, tokens: list[str]) -> tuple[float, float]:
    """How long an answer takes in the middle and at worst, of a hundred; milliseconds."""
    took = []
    with httpx.Client(base_url=url) as client:
        for number in range(REQUESTS):
            token = tokens[number % len(tokens)]
            began = time.perf_counter()
            client.get(
                "/api/v1/me", headers={"Authorization": f"Bearer {token}"}
            ).raise_for_status()
            took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took), statistics.quantiles(took, n=100)[-1]


def main() -> None:
    """Measure and print."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with running() as (url, pid, data, _):
        host, port = url.removeprefix("http://").split(":")
        address = host, int(port)
        follow = (
            "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {data.tokens[0]}\r\n\r\n"
        ).encode()
        memory = psutil.Process(pid).memory_info
        asked(url, data.tokens)
        before, empty = asked(url, data.tokens), memory().rss
        crowd = opened(address, SILENT)
        crowd += opened(address, SLOW, HALF)
        crowd += opened(address, SLOW, follow)
        during, full = asked(url, data.tokens), memory().rss
        for client in crowd:
            client.close()
    for name, alone, crowded in zip(
        ("half of the answers", "99 of 100"), before, during, strict=True
    ):
        line(f"/me, {name}, alone", f"{alone:.1f} ms", "")
        line(f"/me, {name}, in the crowd", f"{crowded:.1f} ms", f"{crowded / alone:.1f}x")
    line("memory of the server for it", f"{(full - empty) >> 20} MB", f"{len(crowd)} connections")


if __name__ == "__main__":
    main()
