"""The job engine: procrastinate on the platform's own database."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import procrastinate
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.database.engine import driver_connection

HEARTBEAT_S = 2.0


class Jobs:
    """Durable jobs. Domains register their tasks on `app`; services defer them by name."""

    def __init__(self, url: str, *, concurrency: int) -> None:
        self.app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=8),
            worker_defaults={
                "concurrency": concurrency,
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
        self, session: AsyncSession, task: str, *, lock: str | None = None, **arguments: Any
    ) -> None:
        """Queue a job in the session's transaction: it exists when, and only if, that commits."""
        await session.flush()
        configured = self.app.configure_task(
            task, lock=lock, connection=await driver_connection(session)
        )
        await configured.defer_async(**arguments)

    async def retry_stalled(self, silence_s: float) -> int:
        """Give the jobs of workers that went silent to others; how many."""
        stalled = await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silence_s)
        count = 0
        for job in stalled:
            # Another worker may be quicker; then the job is not stalled any more.
            with suppress(ConnectorException):
                await self.app.job_manager.retry_job(job)
                count += 1
        return count

    async def run(self) -> None:
        """Work until cancelled."""
        await self.app.run_worker_async(wait=True)
