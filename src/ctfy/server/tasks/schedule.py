"""The clock: which scheduled job is due, and what came of it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import structlog
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import Select, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import CtfyError, NotFound
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.domain import Params, Report
from ctfy.server.events.outbox import emit
from ctfy.server.jobs.queue import CLOCK, Jobs
from ctfy.server.models.tasks import ScheduledJobInfo, ScheduledJobPatch
from ctfy.server.settings import Settings
from ctfy.server.tables.tasks import ScheduledJob
from ctfy.server.tasks.events import ScheduledJobChanged
from ctfy.server.tasks.registry import Registry
from ctfy.server.tasks.runner import defer_lost

log = structlog.get_logger()

_LOOK_S = 0.5
_STALLED_LOOK_S = 2.0

# One worker moves a job's next run on, and so is the one that runs it.
_DUE = text(
    """
    UPDATE scheduled_jobs s
    SET next_run_at = now() + make_interval(secs => coalesce(s.interval_s, d.every_s))
    FROM jsonb_to_recordset(CAST(:known AS jsonb)) AS d(name text, every_s int)
    WHERE s.name = d.name AND s.enabled AND s.next_run_at <= now()
    RETURNING s.name
    """
)


async def run_clock(settings: Settings, registry: Registry, database: Database, jobs: Jobs) -> None:
    """Start what is due, and take over what dead workers left, until cancelled."""
    await _know(registry, database)
    looked_at = 0.0
    while True:
        try:
            await _start_due(registry, database, jobs)
            if time.monotonic() - looked_at > _STALLED_LOOK_S:
                looked_at = time.monotonic()
                await jobs.retry_stalled(settings.stalled_job_s)
                await defer_lost(database, jobs)
        except Exception as error:
            log.warning("clock_failed", error=str(error))
            await asyncio.sleep(1)
        await asyncio.sleep(_LOOK_S)


async def _know(registry: Registry, database: Database) -> None:
    """Have a row for every job that there is."""
    async with database.transaction() as session:
        for name in sorted(registry.scheduled):
            await session.execute(
                insert(ScheduledJob).values(name=name, next_run_at=now()).on_conflict_do_nothing()
            )


async def _start_due(registry: Registry, database: Database, jobs: Jobs) -> None:
    known = [{"name": n, "every_s": registry.every_s(n)} for n in registry.scheduled]
    async with database.transaction() as session:
        due = (await session.execute(_DUE, {"known": json.dumps(known)})).scalars().all()
    for name in due:
        try:
            await jobs.app.configure_task(
                "scheduled_job", queue=CLOCK, queueing_lock=f"scheduled_job {name}", lock=name
            ).defer_async(name=name)
        except AlreadyEnqueued:
            log.info("job_still_waiting", name=name)


async def execute(registry: Registry, database: Database, name: str) -> str:
    """Run a job now and write down what came of it; its summary. What it raises, this raises."""
    began, summary, error = time.monotonic(), "", ""
    try:
        summary = await registry.run_scheduled(name)
    except CtfyError as refused:
        error = str(refused)
        raise
    except Exception as failed:
        error = f"{type(failed).__name__}: {failed}"
        raise
    finally:
        async with database.transaction() as session:
            await session.execute(
                update(ScheduledJob)
                .where(ScheduledJob.name == name)
                .values(
                    last_run_at=now(),
                    last_status="failed" if error else "succeeded",
                    last_summary=summary[:500],
                    last_error=error[:2000],
                    last_duration_s=time.monotonic() - began,
                    run_count=ScheduledJob.run_count + 1,
                )
            )
    return summary


class RunParams(Params):
    """Which job to run now."""

    name: str


async def run_due(registry: Registry, database: Database, name: str) -> None:
    """Run a scheduled job that is due; what it raises is written down, and the clock goes on."""
    if name in registry.scheduled:
        try:
            await execute(registry, database, name)
        except Exception:
            log.exception("scheduled_job_failed", name=name)


async def run_now(
    registry: Registry, database: Database, report: Report, params: RunParams
) -> dict[str, Any]:
    """Run a scheduled job because an operator asked for it."""
    require_known(registry, params.name)
    summary = await execute(registry, database, params.name)
    await report.log(summary or "done")
    await report.progress(1.0, summary)
    return {"name": params.name, "summary": summary}


def _unknown(registry: Registry) -> NotFound:
    known = ", ".join(sorted(registry.scheduled))
    return NotFound("scheduled_job_not_found", f"There is no such job; there are: {known}.")


def listed() -> Select[ScheduledJob]:
    """The jobs by name."""
    return select(ScheduledJob).order_by(ScheduledJob.name)


def info(registry: Registry, name: str, row: ScheduledJob | None) -> ScheduledJobInfo:
    """A job on the wire; one that no worker has seen yet has no row."""
    default = registry.every_s(name)
    row = row or ScheduledJob(
        name=name,
        enabled=True,
        last_duration_s=0.0,
        run_count=0,
        last_status="",
        last_summary="",
        last_error="",
    )
    return ScheduledJobInfo(
        name=name,
        enabled=row.enabled,
        interval_s=row.interval_s or default,
        default_interval_s=default,
        last_run_at_ts=row.last_run_at.timestamp() if row.last_run_at else 0.0,
        last_status=row.last_status,
        last_summary=row.last_summary,
        last_error=row.last_error,
        last_duration_s=row.last_duration_s,
        run_count=row.run_count,
        updated_by_user_id=row.updated_by or "",
        description=registry.scheduled[name].description,
        next_run_at_ts=row.next_run_at.timestamp() if row.next_run_at and row.enabled else 0.0,
    )


async def change(
    session: AsyncSession,
    registry: Registry,
    caller_id: str,
    name: str,
    body: ScheduledJobPatch,
) -> ScheduledJobInfo:
    """Pause, resume, or change how often. Raises `scheduled_job_not_found`."""
    if name not in registry.scheduled:
        raise _unknown(registry)
    await session.execute(
        insert(ScheduledJob).values(name=name, next_run_at=now()).on_conflict_do_nothing()
    )
    row = await session.scalar(
        select(ScheduledJob).where(ScheduledJob.name == name).with_for_update()
    )
    assert row is not None  # noqa: S101 - inserted above
    before = {
        "enabled": row.enabled,
        "interval_s": row.interval_s or registry.every_s(name),
    }
    if body.enabled is not None:
        row.enabled = body.enabled
    if body.interval_s is not None:
        row.interval_s = None if body.interval_s == registry.every_s(name) else body.interval_s
    row.next_run_at = now()
    row.updated_by = caller_id
    after = {
        "enabled": row.enabled,
        "interval_s": row.interval_s or registry.every_s(name),
    }
    emit(
        session,
        ScheduledJobChanged(job_name=name),
        before=before,
        after=after,
        actor_id=caller_id,
    )
    await session.flush()
    return info(registry, name, row)


def require_known(registry: Registry, name: str) -> None:
    """Raise `scheduled_job_not_found`."""
    if name not in registry.scheduled:
        raise _unknown(registry)
