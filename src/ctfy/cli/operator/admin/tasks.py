"""`ctfy-admin admin tasks`."""

from __future__ import annotations

import builtins
import json
import time
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.output import Code, fail, out, prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.tasks import AdminTaskInfo, AdminTaskLogLine

app = typer.Typer(no_args_is_help=True)
TaskId = Annotated[str, typer.Argument(help="A task's id")]
_COLUMNS = "id kind status progress progress_message created_by_name created_at_ts error"
_LOOK_S = 0.5


@app.command("list")
@prints(_COLUMNS, empty="No tasks yet.")
def list_(
    status: Annotated[str, typer.Option(help="Only these, as running")] = "",
    kind: Annotated[str, typer.Option(help="Only these, as challenge_build")] = "",
    challenge: Annotated[str, typer.Option(help="Only about this challenge, by id")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[AdminTaskInfo]:
    """List tasks, newest first.

    Example: ctfy-admin admin tasks list --status running
    """
    tasks = session.admin().tasks
    found = tasks.list(status=status, kind=kind, challenge_id=challenge, offset=offset, limit=limit)
    return found.items


@app.command()
@prints(_COLUMNS)
def view(task_id: TaskId) -> AdminTaskInfo:
    """Show one task.

    Example: ctfy-admin admin tasks view TASK_ID
    """
    return session.admin().tasks.get(task_id)


@app.command()
@prints("message", empty="It said nothing.")
def logs(
    task_id: TaskId,
    after: Annotated[int, typer.Option(min=0, help="Only lines after this number")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Until the task ends")] = False,
) -> builtins.list[AdminTaskLogLine] | None:
    """Print what a task wrote; with --follow a line as soon as it is written.

    Example: ctfy-admin admin tasks logs TASK_ID --follow
    """
    tasks = session.admin().tasks
    if not follow:
        return tasks.logs(task_id, after=after).items
    while True:
        # The state first: what the task wrote before it ended is read after it ended.
        state = tasks.get(task_id).status
        lines = tasks.logs(task_id, after=after)
        for line in lines.items:
            out.print(line.message, markup=False, soft_wrap=True)
        after = lines.next_after
        if state not in ("pending", "running") and not lines.items:
            return None
        time.sleep(0 if lines.items else _LOOK_S)


@app.command()
@prints(_COLUMNS)
def submit(
    kind: Annotated[str, typer.Argument(help="As challenge_rescan")],
    params: Annotated[str, typer.Option(help="A JSON object")] = "{}",
) -> AdminTaskInfo:
    """Start a task.

    Example: ctfy-admin admin tasks submit challenge_build --params '{"challenge_id": "notes"}'
    """
    try:
        given: Any = json.loads(params)
    except ValueError as error:
        fail(
            f"--params is no JSON: {error}",
            hint='as \'{"challenge_id": "notes"}\'',
            code=Code.USAGE,
        )
    if not isinstance(given, dict):
        fail("--params is no object", hint='as \'{"challenge_id": "notes"}\'', code=Code.USAGE)
    return session.admin().tasks.submit(kind, given)


@app.command()
@prints(_COLUMNS)
def cancel(task_id: TaskId) -> AdminTaskInfo:
    """Stop a task.

    Example: ctfy-admin admin tasks cancel TASK_ID
    """
    return session.admin().tasks.cancel(task_id)
