"""`make bench-costs`: what ten requests cost, without a network: for a machine that is busy.

Rates say little where something else runs. Here the application is called in this process and the
processor time of this process is counted, each request by another caller; beside it stands the
multiple of what the smallest request costs in the same run, which travels between machines, and
what `bench/budget.json` allows of it. There stand also the statements that a route may take.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg.rows import dict_row

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import load, routes  # noqa: E402
from ctfy.server.app import create_app  # noqa: E402
from ctfy.server.cache import Cache  # noqa: E402
from ctfy.server.settings import Settings  # noqa: E402

CALLERS = 200
SMALLEST = "/api/v1/health/live"
BUDGET = json.loads(Path(__file__).with_name("budget.json").read_text())["cost"]
NOISE = 1.3  # multiples differ by this from run to run


async def ask(app: Any, path: str, token: str) -> int:
    """The status that the application answers a GET with."""
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "headers": headers, "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return int(statuses[0])


async def measure(app: Any, path: str, callers: list[dict[str, str]]) -> float:
    """Processor time of a request, microseconds."""
    before = time.process_time()
    for caller in callers:
        status = await ask(app, path.format(**caller), f"token-{caller['user_id']}")
        if status != 200:
            raise SystemExit(f"{path} answers {status}")
    return (time.process_time() - before) / len(callers) * 1e6


async def report(app: Any, callers: list[dict[str, str]]) -> None:
    """Ask, and print a line for each path."""
    async with app.router.lifespan_context(app):
        paths = [SMALLEST, *BUDGET]
        for path in paths:  # what all callers share is there; of its own caller, nothing is
            await ask(app, path.format(**callers[0]), f"token-{callers[0]['user_id']}")
        print(f"{'':48}{'cold':>8}{'warm':>8}   of the smallest")
        smallest = 0.0
        for number, path in enumerate(paths):
            mine = callers[1 + number * CALLERS % (len(callers) - CALLERS) :][:CALLERS]
            app.services.get(Cache).clear()
            cold, warm = [await measure(app, path, mine) for _ in range(2)]
            smallest = smallest or warm
            ratios = f"{cold / smallest:6.1f} {warm / smallest:6.1f}"
            allowed = BUDGET.get(path, [1, 1])
            over = cold / smallest > NOISE * allowed[0] or warm / smallest > NOISE * allowed[1]
            verdict = "  more than the {} {} allowed".format(*allowed) if over else ""
            print(f"{path:48}{cold:8.0f}{warm:8.0f}   {ratios}{verdict}", flush=True)


def main() -> None:
    """Measure on the data of `bench/load.py`."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with load.filled() as (database, data, folder):
        with psycopg.connect(database, row_factory=dict_row) as connection:
            rows = connection.execute(routes.CALLER, [data.competitions[0], 1000]).fetchall()
        settings = Settings(
            database_url=database,
            data_dir=folder / "data",
            challenges_dir=folder / "challenges",
            secret_key=load.SECRET,
            rate_limiting_enabled=False,
        )
        asyncio.run(report(create_app(settings, with_worker=False), rows))


if __name__ == "__main__":
    main()
