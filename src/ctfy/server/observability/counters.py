"""What a server counts while it answers: one process, or several that share a port."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Annotated

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from ctfy.server.database.connections import Database
from ctfy.server.events.relay import Relay
from ctfy.server.services import provided

# Where the library has processes count together, in a file each.
TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
_EVERY_S = 2.0

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one server, over all its processes."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self._database = database
        self._relay = relay
        self._task: asyncio.Task[None] | None = None
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "ctfy_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "ctfy_http_request_seconds",
            "How long answers took",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._cached = Counter(
            "ctfy_http_kept_answers",
            "Requests answered from the response cache",
            registry=self.registry,
        )

        self._readers = Gauge(
            "ctfy_event_readers",
            "Readers of the event stream here",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._pool_used = Gauge(
            "ctfy_database_pool_used",
            "Connections of the pool in use here",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._processes = Gauge(
            "ctfy_processes",
            "Processes of this server, its worker among them",
            registry=self.registry,
            multiprocess_mode="livesum",
        )

    @staticmethod
    def forget(process: int) -> None:
        """What a killed process said of itself holds no more; what it counted does."""
        mark_process_dead(process)  # type: ignore[no-untyped-call]

    async def open(self) -> None:
        """Note now and then how busy this process is, for one that is asked about all."""
        self._processes.set(1)
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Count no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for gauge in (self._processes, self._readers, self._pool_used):
            gauge.set(0)

    async def _run(self) -> None:
        while True:
            self._note()
            await asyncio.sleep(_EVERY_S)

    def _note(self) -> None:
        self._readers.set(self._relay.readers)
        self._pool_used.set(self._database.connections_in_use)

    def text(self) -> bytes:
        """All of it in Prometheus' format."""
        self._note()
        folder = os.environ.get(TOGETHER)
        if folder is None:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the template, never the path with its ids."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def answered_from_cache(self) -> None:
        """A request was answered from the response cache."""
        self._cached.inc()


TheMetrics = Annotated[Metrics, provided(Metrics)]
