"""Tasks that operators start, and jobs that run by the clock. Times: Unix seconds, 0: not yet."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ctfy.server.models.base import Request, Response

TaskKind = Literal[
    "challenge_rescan",
    "challenge_build",
    "challenge_build_all",
    "challenge_pull",
    "challenge_pull_all",
    "instances_stop_all",
    "scheduled_job_run",
]
TaskStatus = Literal["pending", "running", "succeeded", "failed", "cancelled", "interrupted"]


class AdminTaskInfo(Response):
    """A task: `progress` goes from 0 to 1; `attempts` counts the workers that took it up."""

    id: str = ""
    kind: str = ""
    status: str = ""
    params: dict[str, Any] = {}
    result: dict[str, Any] = {}
    progress: float = 0.0
    progress_message: str = ""
    error: str = ""
    error_detail: str = ""
    cancel_requested: bool = False
    created_by_user_id: str = ""
    created_by_name: str = ""
    created_at_ts: float = 0.0
    started_at_ts: float = 0.0
    finished_at_ts: float = 0.0
    attempts: int = 0


class AdminTaskListResponse(Response):
    """One page of tasks, newest first."""

    items: list[AdminTaskInfo] = []
    total: int = 0
    offset: int = 0
    limit: int = 50


class AdminTaskLogLine(Response):
    """One line that a task wrote."""

    seq: int = 0
    ts: float = 0.0
    level: str = "info"
    message: str = ""


class AdminTaskLogsResponse(Response):
    """Lines after a number; ask again with `after=next_after` for what came since."""

    items: list[AdminTaskLogLine] = []
    next_after: int = 0


class AdminTaskSubmitRequest(Request):
    """Start a task. The parameters depend on the kind."""

    kind: Annotated[str, Field(max_length=64)] = ""
    params: dict[str, Any] = {}


class ScheduledJobInfo(Response):
    """A job that runs every `interval_s` seconds while it is enabled."""

    name: str = ""
    enabled: bool = True
    interval_s: int = 0
    default_interval_s: int = 0
    last_run_at_ts: float = 0.0
    last_status: str = ""
    last_summary: str = ""
    last_error: str = ""
    last_duration_s: float = 0.0
    run_count: int = 0
    updated_by_user_id: str = ""
    description: str = ""
    next_run_at_ts: float = 0.0


class ScheduledJobPatch(Request):
    """Pause or resume a job, or change how often it runs; what is left out stays."""

    enabled: bool | None = None
    interval_s: Annotated[int, Field(ge=1, le=604_800)] | None = None
