"""Tasks as operators see them: submitted, looked at, cancelled."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, Invalid, NotFound, field_error
from ctfy.server.database.base import new_id, now
from ctfy.server.events.outbox import emit
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.tasks import AdminTaskInfo, AdminTaskLogLine, AdminTaskLogsResponse
from ctfy.server.tables.access import User
from ctfy.server.tables.tasks import Task, TaskLog
from ctfy.server.tasks.events import TaskCancelled, TaskEvent, TaskSubmitted
from ctfy.server.tasks.registry import Registry

OPEN = ("pending", "running")
STATUSES = ("pending", "running", "succeeded", "failed", "cancelled", "interrupted")


async def submit(
    session: AsyncSession,
    registry: Registry,
    jobs: Jobs,
    caller_id: str,
    kind: str,
    params: dict[str, Any] | None = None,
) -> AdminTaskInfo:
    """Start a task. Raises 422 on an unknown kind, or on parameters that it does not take."""
    known = registry.kinds.get(kind)
    if known is None:
        raise field_error(["body", "kind"], f"use one of: {', '.join(registry.kinds)}")
    try:
        checked = known.params.model_validate(params or {})
    except ValidationError as error:
        issues = [
            {
                "loc": ["body", "params", *e["loc"]],
                "msg": e["msg"].removeprefix("Value error, "),
                "type": e["type"],
            }
            for e in error.errors()
        ]
        raise Invalid("validation_error", f"params: {issues[0]['msg']}", issues=issues) from None
    task = Task(
        id=new_id(),
        kind=kind,
        params=checked.model_dump(mode="json"),
        result={},
        created_by=caller_id,
        created_at=now(),
    )
    session.add(task)
    await jobs.defer(session, "run_task", lock=task.id, task_id=task.id)
    emit_for_task(session, TaskSubmitted, task, actor_id=caller_id)
    return await get(session, task.id)


def emit_for_task(
    session: AsyncSession, kind: type[TaskEvent], task: Task, actor_id: str = "", **more: Any
) -> None:
    """Tell administrators of a task."""
    emit(session, kind(task_id=task.id, task_kind=task.kind, **more), actor_id=actor_id)


def listed(status: str = "", kind: str = "", challenge_id: str = "") -> Select[*tuple[Any, ...]]:
    """Tasks, newest first, or those about a challenge. Raises 422 on an unknown status."""
    query = (
        select(Task, User.display_name.label("created_by_name"))
        .outerjoin(User, User.id == Task.created_by)
        .order_by(Task.created_at.desc(), Task.id)
    )
    if status:
        if status not in STATUSES:
            raise field_error(["query", "status"], f"use one of: {', '.join(STATUSES)}")
        query = query.where(Task.status == status)
    if kind:
        query = query.where(Task.kind == kind)
    if challenge_id:
        query = query.where(Task.params["challenge_id"].as_string() == challenge_id)
    return query


async def get(session: AsyncSession, task_id: str) -> AdminTaskInfo:
    """One task. Raises `task_not_found`."""
    row = (await session.execute(listed().where(Task.id == task_id))).one_or_none()
    if row is None:
        raise NotFound("task_not_found", "There is no such task.")
    return info(row)


def info(row: Row[Any]) -> AdminTaskInfo:
    """A row of `listed` on the wire."""
    task: Task = row.Task
    return AdminTaskInfo(
        id=task.id,
        kind=task.kind,
        status=task.status,
        params=task.params,
        result=task.result,
        progress=task.progress,
        progress_message=task.progress_message,
        error=task.error,
        error_detail=task.error_detail,
        cancel_requested=task.cancel_requested,
        created_by_user_id=task.created_by or "",
        created_by_name=row.created_by_name or "",
        created_at_ts=task.created_at.timestamp(),
        started_at_ts=task.started_at.timestamp() if task.started_at else 0.0,
        finished_at_ts=task.finished_at.timestamp() if task.finished_at else 0.0,
        attempts=task.attempts,
    )


async def cancel(session: AsyncSession, task_id: str, caller_id: str) -> AdminTaskInfo:
    """Ask a task to stop; one that waits is cancelled at once.

    Raises `task_not_found`, `task_finished`.
    """
    task = await session.scalar(select(Task).where(Task.id == task_id).with_for_update())
    if task is None:
        raise NotFound("task_not_found", "There is no such task.")
    if task.status not in OPEN:
        raise Conflict("task_finished", f"This task is over: {task.status}.", status=task.status)
    task.cancel_requested = True
    if task.status == "pending":
        task.status, task.finished_at = "cancelled", now()
        emit_for_task(session, TaskCancelled, task, actor_id=caller_id)
    await session.flush()
    return await get(session, task_id)


async def logs(
    session: AsyncSession, task_id: str, after: int, limit: int
) -> AdminTaskLogsResponse:
    """What a task wrote after a line. Raises `task_not_found`."""
    await get(session, task_id)
    rows = await session.scalars(
        select(TaskLog)
        .where(TaskLog.task_id == task_id, TaskLog.seq > after)
        .order_by(TaskLog.seq)
        .limit(limit)
    )
    items = [
        AdminTaskLogLine(
            seq=row.seq, ts=row.written_at.timestamp(), level=row.level, message=row.message
        )
        for row in rows
    ]
    return AdminTaskLogsResponse(items=items, next_after=items[-1].seq if items else after)
