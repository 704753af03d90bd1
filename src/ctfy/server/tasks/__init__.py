"""Tasks that operators start, and the jobs of the clock."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from ctfy.server.domain import Domain, Job, Retention, Task
from ctfy.server.tables.tasks import Task as TaskRow
from ctfy.server.tasks.registry import Registry
from ctfy.server.tasks.routes import router
from ctfy.server.tasks.runner import run_task
from ctfy.server.tasks.schedule import RunParams, run_clock, run_due, run_now

_KEPT_FOR = timedelta(days=30)

DOMAIN = Domain(
    routers=(router,),
    services=(Registry,),
    jobs=(Job("run_task", run_task), Job("scheduled_job", run_due)),
    tasks=(Task("scheduled_job_run", RunParams, run_now),),
    background=(run_clock,),
    retention=(
        Retention(lambda _, now: delete(TaskRow).where(TaskRow.finished_at < now - _KEPT_FOR)),
    ),
)
