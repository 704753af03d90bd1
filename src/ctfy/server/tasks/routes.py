"""`/admin/tasks` and `/admin/scheduled-jobs`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Offset, Paging
from ctfy.server.kernel import TheJobs
from ctfy.server.models.tasks import (
    AdminTaskInfo,
    AdminTaskListResponse,
    AdminTaskLogsResponse,
    AdminTaskSubmitRequest,
    ScheduledJobInfo,
    ScheduledJobPatch,
)
from ctfy.server.tasks import schedule, service
from ctfy.server.tasks.registry import TheRegistry

router = Router(prefix="/admin", tags=["tasks"])


@router.get("/tasks")
async def list_tasks(
    session: Session,
    _: Admin,
    status: str = "",
    kind: str = "",
    challenge_id: str = "",
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AdminTaskListResponse:
    """What operators started, newest first."""
    query = service.listed(status, kind, challenge_id)
    page = await Paging(limit, offset).fetch(session, query, service.info)
    return AdminTaskListResponse(
        items=page.items, total=page.total, offset=page.offset, limit=page.limit
    )


@router.post("/tasks", status_code=202)
async def submit_task(
    body: AdminTaskSubmitRequest,
    registry: TheRegistry,
    jobs: TheJobs,
    session: Session,
    caller: Admin,
) -> AdminTaskInfo:
    """Start a task."""
    return await service.submit(session, registry, jobs, caller.user_id, body.kind, body.params)


@router.get("/tasks/{task_id}")
async def get_task(task_id: str, session: Session, _: Admin) -> AdminTaskInfo:
    """One task."""
    return await service.get(session, task_id)


@router.post("/tasks/{task_id}/cancel")
async def cancel_task(task_id: str, session: Session, caller: Admin) -> AdminTaskInfo:
    """Ask a task to stop."""
    return await service.cancel(session, task_id, caller.user_id)


@router.get("/tasks/{task_id}/logs")
async def task_logs(
    task_id: str,
    session: Session,
    _: Admin,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> AdminTaskLogsResponse:
    """What a task wrote, after a line."""
    return await service.logs(session, task_id, after, limit)


@router.get("/scheduled-jobs")
async def list_jobs(registry: TheRegistry, session: Session, _: Admin) -> list[ScheduledJobInfo]:
    """What runs by the clock."""
    rows = {row.name: row for row in await session.scalars(schedule.listed())}
    names = sorted(registry.scheduled)
    return [schedule.info(registry, name, rows.get(name)) for name in names]


@router.patch("/scheduled-jobs/{name}")
async def update_job(
    name: str,
    body: ScheduledJobPatch,
    registry: TheRegistry,
    session: Session,
    caller: Admin,
) -> ScheduledJobInfo:
    """Pause or resume a job, or change how often it runs."""
    return await schedule.change(session, registry, caller.user_id, name, body)


@router.post("/scheduled-jobs/{name}/run", status_code=202)
async def run_job(
    name: str, registry: TheRegistry, jobs: TheJobs, session: Session, caller: Admin
) -> AdminTaskInfo:
    """Run a job now, also one that is paused."""
    schedule.require_known(registry, name)
    return await service.submit(
        session, registry, jobs, caller.user_id, "scheduled_job_run", {"name": name}
    )
