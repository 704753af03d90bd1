"""The job worker: what runs behind the API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ctfy.server.domain import Domains
from ctfy.server.domains import DOMAINS
from ctfy.server.jobs.queue import Jobs
from ctfy.server.kernel import assemble, connected
from ctfy.server.services import Services
from ctfy.server.settings import Settings


async def work(services: Services, up: Callable[[], None] = lambda: None) -> None:
    """Take over what dead workers left, then work until cancelled; `up` is called in between."""
    jobs, settings = services.get(Jobs), services.get(Settings)
    await jobs.retry_stalled(settings.stalled_job_s)
    async with asyncio.TaskGroup() as group:
        for domain in services.get(Domains):
            for run in domain.background:
                group.create_task(services.bind(run)())
        group.create_task(jobs.run())
        up()


async def run(settings: Settings, up: Callable[[], None]) -> None:
    """A worker alone, in a process of its own; `up` is called when it works."""
    services = assemble(settings, DOMAINS)
    async with connected(services):
        await work(services, up)
