"""The job engine, where a worker died."""

from __future__ import annotations

import asyncio

import psycopg

from ctfy.server.jobs.queue import CLOCK, Jobs
from tests.conftest import cloned_database


def test_a_dead_workers_job_does_not_block_the_same_that_waits() -> None:
    """Each would wait for the other: one for its lock, the other for its place in the queue."""

    async def work(url: str) -> list[tuple[str, int]]:
        jobs = Jobs(url, concurrency=1)
        await jobs.open()
        try:
            clock = jobs.app.configure_task(
                "scheduled_job", queue=CLOCK, lock="reconcile", queueing_lock="reconcile"
            )
            dead = await clock.defer_async(name="reconcile")
            with psycopg.connect(url, autocommit=True) as database:
                # As a worker leaves it that was killed and forgotten.
                database.execute("UPDATE procrastinate_jobs SET status = 'doing'")
                waiting = await clock.defer_async(name="reconcile")
                await jobs.retry_stalled(0)
                found = database.execute("SELECT status::text, id FROM procrastinate_jobs")
                assert dead != waiting
                return [(status, number - waiting) for status, number in found]
        finally:
            await jobs.close()

    with cloned_database() as url:
        assert asyncio.run(work(url)) == [("todo", 0)]
