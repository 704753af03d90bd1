"""The job worker: what runs behind the API."""

from __future__ import annotations

import asyncio

import structlog

from ctfy.server.accounts import mail
from ctfy.server.achievements import engine as achievements
from ctfy.server.challenges import fleet
from ctfy.server.incidents import service as incidents
from ctfy.server.instances import jobs as instance_jobs
from ctfy.server.nodes import jobs as node_jobs
from ctfy.server.platform import Platform
from ctfy.server.records import archive
from ctfy.server.standings import jobs as standings_jobs
from ctfy.server.tasks import engine as tasks
from ctfy.server.tasks import schedule

log = structlog.get_logger()


def register_tasks(platform: Platform) -> None:
    """Put every domain's tasks on the platform's job engine."""
    instance_jobs.register(platform)
    node_jobs.register(platform)
    standings_jobs.register(platform)
    mail.register(platform)
    incidents.register(platform)
    fleet.register(platform)
    fleet.follow_rescans(platform)
    archive.register(platform)
    tasks.register(platform)
    schedule.register(platform)


async def work(platform: Platform) -> None:
    """Take over what dead workers left, then work until cancelled."""
    await platform.jobs.retry_stalled(platform.settings.stalled_job_s)
    async with asyncio.TaskGroup() as group:
        group.create_task(achievements.run(platform))
        group.create_task(schedule.run_clock(platform))
        group.create_task(platform.jobs.run())


async def run(platform: Platform) -> None:
    """A worker alone, in a process of its own."""
    register_tasks(platform)
    await platform.open()
    try:
        await work(platform)
    finally:
        await platform.close()
