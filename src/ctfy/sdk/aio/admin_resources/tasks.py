# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/tasks.py.
# Change that file, then run the tool.
"""`admin.tasks` and `admin.scheduled_jobs`."""

from __future__ import annotations

import asyncio
import builtins
import time
from typing import Any

from ctfy.sdk.admin_resources.tasks import _POLL_S
from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.base import ListOf
from ctfy.server.models.tasks import (
    AdminTaskInfo,
    AdminTaskListResponse,
    AdminTaskLogsResponse,
    ScheduledJobInfo,
)


class AdminTasksResource:
    """Tasks that operators start."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(
        self,
        *,
        status: str = "",
        kind: str = "",
        challenge_id: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> AdminTaskListResponse:
        """Tasks, newest first; with a challenge's id those that build or pull it."""
        of = {"status": status, "kind": kind, "challenge_id": challenge_id}
        params = {**of, "offset": offset, "limit": limit}
        return await self._http.fetch(AdminTaskListResponse, "GET", "/admin/tasks", params=params)

    async def get(self, task_id: str) -> AdminTaskInfo:
        """One task."""
        return await self._http.fetch(AdminTaskInfo, "GET", f"/admin/tasks/{task_id}")

    async def logs(
        self, task_id: str, *, after: int = 0, limit: int = 1000
    ) -> AdminTaskLogsResponse:
        """What a task wrote after a line."""
        params = {"after": after, "limit": limit}
        path = f"/admin/tasks/{task_id}/logs"
        return await self._http.fetch(AdminTaskLogsResponse, "GET", path, params=params)

    async def submit(self, kind: str, params: dict[str, Any] | None = None) -> AdminTaskInfo:
        """Start a task."""
        body = {"kind": kind, "params": params or {}}
        return await self._http.fetch(AdminTaskInfo, "POST", "/admin/tasks", json=body)

    async def cancel(self, task_id: str) -> AdminTaskInfo:
        """Ask a task to stop."""
        return await self._http.fetch(AdminTaskInfo, "POST", f"/admin/tasks/{task_id}/cancel")

    async def wait(self, task_id: str, *, timeout: float = 600) -> AdminTaskInfo:
        """Return the task once it is over. Raises TimeoutError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            task = await self.get(task_id)
            if task.status not in ("pending", "running"):
                return task
            if time.monotonic() > deadline:
                raise TimeoutError(f"{task.kind} is still {task.status}: {task.progress_message}")
            await asyncio.sleep(_POLL_S)


class AdminScheduledJobsResource:
    """What runs by the clock."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(self) -> builtins.list[ScheduledJobInfo]:
        """Every job."""
        return (
            await self._http.fetch(ListOf[ScheduledJobInfo], "GET", "/admin/scheduled-jobs")
        ).root

    async def update(
        self, name: str, *, enabled: bool | None = None, interval_s: int | None = None
    ) -> ScheduledJobInfo:
        """Pause or resume a job, or change how often it runs."""
        body = {"enabled": enabled, "interval_s": interval_s}
        path = f"/admin/scheduled-jobs/{name}"
        return await self._http.fetch(ScheduledJobInfo, "PATCH", path, json=body)

    async def run(self, name: str) -> AdminTaskInfo:
        """Run a job now."""
        return await self._http.fetch(AdminTaskInfo, "POST", f"/admin/scheduled-jobs/{name}/run")
