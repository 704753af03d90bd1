"""The events of tasks and scheduled jobs."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event


class TaskEvent(Event):
    """A task changed."""

    task_id: str
    task_kind: str


class TaskSubmitted(TaskEvent, to=Audience.ADMINS):
    """Somebody started a task."""


class TaskEnded(TaskEvent):
    """A task is over."""

    error: str | None = None
    summary: str | None = None


class TaskSucceeded(TaskEnded, to=Audience.ADMINS):
    """A task did what it should."""


class TaskFailed(TaskEnded, to=Audience.ADMINS):
    """A task did not."""


class TaskCancelled(TaskEnded, to=Audience.ADMINS):
    """A task was stopped."""


class ScheduledJobChanged(Event, to=Audience.ADMINS):
    """A scheduled job was paused, resumed, or runs at another interval."""

    job_name: str
