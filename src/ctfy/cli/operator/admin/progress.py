"""A task watched until it ends."""

from __future__ import annotations

import time

import typer

from ctfy.cli import session
from ctfy.cli.output import Code, err, say
from ctfy.server.models.tasks import AdminTaskInfo

_OVER = ("succeeded", "failed", "cancelled", "interrupted")
_LOOK_S = 0.5


def follow(task: AdminTaskInfo) -> AdminTaskInfo:
    """Show how far a task is until it has ended. Exits with 1 when it failed."""
    tasks, after = session.admin().tasks, 0
    with err.status(f"{task.kind} …") as shown:
        while True:
            task = tasks.get(task.id)
            lines = tasks.logs(task.id, after=after)
            for line in lines.items:
                say(line.message)
            after = lines.next_after
            if task.status in _OVER:
                break
            shown.update(f"{task.kind}: {task.progress:.0%} {task.progress_message}")
            time.sleep(_LOOK_S)
    if task.status != "succeeded":
        say(f"error: the task {task.status}: {task.error or task.id}")
        raise typer.Exit(Code.FAILED)
    return task
