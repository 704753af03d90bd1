"""The job engine: procrastinate on the platform's own database."""

from __future__ import annotations

import asyncio
from typing import Any

import procrastinate
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import DeleteJobCondition, Status
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.database.connections import driver_connection

HEARTBEAT_S = 2.0
# Each queue has hands of its own: starts that wait for a node must not keep anybody from ending
# instances, nor the clock from what mends nodes, nor may strangers' servers hold up any of them.
DEFAULT_QUEUE, ENDS, CLOCK, OUTSIDE = "default", "ends", "clock", "outside"
_OUTSIDE_CONCURRENCY = 6
_CLOCK_CONCURRENCY = 8


class Jobs:
    """Durable jobs. Domains register their tasks on `app`; services defer them by name."""

    def __init__(self, url: str, *, concurrency: int) -> None:
        self._concurrency = concurrency
        self.app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=12),
            worker_defaults={
                "update_heartbeat_interval": HEARTBEAT_S,
                "install_signal_handlers": False,
                "delete_jobs": DeleteJobCondition.SUCCESSFUL,
                "fetch_job_polling_interval": 2.0,
                "shutdown_graceful_timeout": 3.0,
            },
        )

    async def open(self) -> None:
        """Connect."""
        await self.app.open_async()

    async def close(self) -> None:
        """Disconnect."""
        await self.app.close_async()

    async def defer(
        self,
        session: AsyncSession,
        task: str,
        *,
        lock: str | None = None,
        queue: str = DEFAULT_QUEUE,
        **arguments: Any,
    ) -> None:
        """Queue a job in the session's transaction: it exists when, and only if, that commits."""
        await session.flush()
        configured = self.app.configure_task(
            task, lock=lock, queue=queue, connection=await driver_connection(session)
        )
        await configured.defer_async(**arguments)

    async def retry_stalled(self, silence_s: float) -> int:
        """Give the jobs of workers that went silent to others; how many."""
        stalled = await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silence_s)
        count = 0
        for job in stalled:
            try:
                await self.app.job_manager.retry_job(job)
            except UniqueViolation:
                # The same waits already, and waits for the lock of this one, which is over.
                await self.app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
            except ConnectorException:  # another worker was quicker: it is not stalled any more
                continue
            count += 1
        return count

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for queues, concurrency in (
                ([DEFAULT_QUEUE], self._concurrency),
                ([ENDS], self._concurrency),
                ([CLOCK], _CLOCK_CONCURRENCY),
                ([OUTSIDE], _OUTSIDE_CONCURRENCY),
            ):
                group.create_task(
                    self.app.run_worker_async(wait=True, queues=queues, concurrency=concurrency)
                )
