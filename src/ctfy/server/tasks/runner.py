"""Tasks at work: taken up, reported on, cancelled, and finished by another worker if one dies."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import bindparam, func, select, text, update

from ctfy.core.errors import CtfyError
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.domain import Task as Kind
from ctfy.server.jobs.queue import Jobs
from ctfy.server.tables.tasks import Task, TaskLog
from ctfy.server.tasks.events import TaskCancelled, TaskEnded, TaskFailed, TaskSucceeded
from ctfy.server.tasks.registry import Registry
from ctfy.server.tasks.service import OPEN, emit_for_task

log = structlog.get_logger()

_ENDS: dict[str, type[TaskEnded]] = {
    "succeeded": TaskSucceeded,
    "failed": TaskFailed,
    "cancelled": TaskCancelled,
}
_CANCEL_POLL_S = 0.25
_MOST_ATTEMPTS = 5  # a task that its workers die of is not tried for ever
_LONGEST_LINE = 4000


class Run:
    """One task while a worker is at it."""

    def __init__(self, database: Database, task_id: str) -> None:
        self._database = database
        self._id = task_id

    async def log(self, message: str, level: str = "info") -> None:
        """Write a line."""
        await self.log_lines([message], level)

    async def log_lines(self, messages: Sequence[str], level: str = "info") -> None:
        """Write several lines at once."""
        number = (
            select(func.coalesce(func.max(TaskLog.seq), 0) + 1)
            .where(TaskLog.task_id == self._id)
            .scalar_subquery()
        )
        async with self._database.transaction() as session:
            for message in messages:
                line = message.replace("\0", "")[:_LONGEST_LINE]
                session.add(TaskLog(task_id=self._id, seq=number, level=level, message=line))
                await session.flush()

    async def progress(self, fraction: float, message: str) -> None:
        """Say how far it is, from 0 to 1."""
        async with self._database.transaction() as session:
            await session.execute(
                update(Task)
                .where(Task.id == self._id, Task.status == "running")
                .values(progress=min(1.0, max(0.0, fraction)), progress_message=message[:500])
            )


async def run_task(registry: Registry, database: Database, task_id: str) -> None:
    """Do a task, unless it is over or nobody wants it any more."""
    kind, params = await _take_up(registry, database, task_id)
    if kind is None:
        return
    run = Run(database, task_id)
    work = asyncio.ensure_future(registry.start(kind, run, params))
    watch = asyncio.create_task(_watch(database, task_id, work))
    try:
        result = await work
    except asyncio.CancelledError:
        if not watch.done():  # the worker stops: the task stays open for another
            work.cancel()
            raise
        await run.log("cancelled", "warning")
        await _finish(database, task_id, "cancelled")
    except CtfyError as error:
        message = error.detail["message"] if isinstance(error.detail, dict) else error.detail
        await run.log(message, "error")
        await _finish(database, task_id, "failed", error=message)
    except Exception as error:
        log.exception("task_failed", task_id=task_id, kind=kind.name)
        message = f"{type(error).__name__}: {error}"
        await run.log(message, "error")
        detail = "".join(traceback.format_exception(error))[-8000:]
        await _finish(database, task_id, "failed", error=message[:2000], error_detail=detail)
    else:
        await _finish(database, task_id, "succeeded", result=result, progress=1.0)
    finally:
        watch.cancel()


async def _take_up(
    registry: Registry, database: Database, task_id: str
) -> tuple[Kind | None, dict[str, Any]]:
    """The kind and parameters of a task that is to be done now."""
    async with database.transaction() as session:
        task = await session.scalar(select(Task).where(Task.id == task_id).with_for_update())
        if task is None or task.status not in OPEN:
            return None, {}
        kind = registry.kinds.get(task.kind)
        again = task.status == "running"
        if kind is None or (again and (not kind.repeatable or task.attempts >= _MOST_ATTEMPTS)):
            task.status, task.finished_at = "interrupted", now()
            task.error = "The worker went away in the middle, and this is not done twice."
            emit_for_task(session, TaskFailed, task, error=task.error)
            return None, {}
        if task.cancel_requested:
            task.status, task.finished_at = "cancelled", now()
            emit_for_task(session, TaskCancelled, task)
            return None, {}
        task.status = "running"
        task.attempts += 1
        task.started_at = task.started_at or now()
        attempts, params = task.attempts, task.params
    if again:
        await Run(database, task_id).log(
            f"taken up again after its worker went away (attempt {attempts})", "warning"
        )
    return kind, params


_CANCEL_REQUESTED = Statement(select(Task.cancel_requested).where(Task.id == bindparam("id")))


async def _watch(database: Database, task_id: str, work: asyncio.Future[Any]) -> None:
    """Return when somebody, on whatever replica, asked the task to stop; the work is cancelled."""
    while True:
        await asyncio.sleep(_CANCEL_POLL_S)
        with contextlib.suppress(Exception):  # a database that is away is asked again
            rows = await database.read(_CANCEL_REQUESTED, id=task_id)
            if not rows or rows[0].cancel_requested:
                work.cancel()
                return


async def _finish(database: Database, task_id: str, status: str, **values: Any) -> None:
    async with database.transaction() as session:
        task = await session.scalar(
            update(Task)
            .where(Task.id == task_id, Task.status == "running")
            .values(status=status, finished_at=now(), **values)
            .returning(Task)
        )
        if task is not None:
            emit_for_task(
                session, _ENDS[status], task, error=task.error, summary=task.progress_message
            )


_LOST = text(
    """
    SELECT id FROM tasks t WHERE status IN ('pending', 'running') AND NOT EXISTS (
      SELECT 1 FROM procrastinate_jobs j WHERE j.lock = t.id AND j.status IN ('todo', 'doing')
    )
    """
)


async def defer_lost(database: Database, jobs: Jobs) -> None:
    """A task that no worker knows of is given to one."""
    async with database.transaction() as session:
        for row in (await session.execute(_LOST)).all():
            await jobs.defer(session, "run_task", lock=row.id, task_id=row.id)
