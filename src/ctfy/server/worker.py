"""The job worker: what runs behind the API."""

from __future__ import annotations

import asyncio

import structlog

from ctfy.server.accounts import mail
from ctfy.server.achievements import engine as achievements
from ctfy.server.instances import jobs as instance_jobs
from ctfy.server.nodes import jobs as node_jobs
from ctfy.server.platform import Platform
from ctfy.server.standings import jobs as standings_jobs

log = structlog.get_logger()


def register_tasks(platform: Platform) -> None:
    """Put every domain's tasks on the platform's job engine."""
    instance_jobs.register(platform)
    node_jobs.register(platform)
    standings_jobs.register(platform)
    mail.register(platform)


async def work(platform: Platform) -> None:
    """Take over what dead workers left, then work until cancelled."""
    await platform.jobs.retry_stalled(platform.settings.stalled_job_s)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(achievements.run(platform))
        tasks.create_task(platform.jobs.run())


async def run(platform: Platform) -> None:
    """A worker alone, in a process of its own."""
    register_tasks(platform)
    await platform.jobs.open()
    try:
        await work(platform)
    finally:
        await platform.close()
