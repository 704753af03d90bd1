"""`ctfy-admin admin scheduled-jobs`."""

from __future__ import annotations

import builtins
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.operator.admin.progress import follow
from ctfy.cli.output import prints
from ctfy.server.models.tasks import AdminTaskInfo, ScheduledJobInfo

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="As `list` names it")]
_COLUMNS = "name enabled interval_s last_status last_run_at_ts last_summary"


@app.command("list")
@prints(_COLUMNS, empty="There are none.")
def list_() -> builtins.list[ScheduledJobInfo]:
    """List what runs by the clock, and how it went.

    Example: ctfy-admin admin scheduled-jobs list
    """
    return session.admin().scheduled_jobs.list()


@app.command("set")
@prints(_COLUMNS)
def set_(
    name: Name,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Run it, or pause it")
    ] = None,
    interval: Annotated[int | None, typer.Option(min=1, max=604_800, help="Seconds")] = None,
) -> ScheduledJobInfo:
    """Pause or resume a job, or change how often it runs.

    Example: ctfy-admin admin scheduled-jobs set ttl_sweep --interval 30
    """
    jobs = session.admin().scheduled_jobs
    return jobs.update(name, enabled=enabled, interval_s=interval)


@app.command()
@prints("id kind status result finished_at_ts")
def run(name: Name) -> AdminTaskInfo:
    """Run a job now, and watch it.

    Example: ctfy-admin admin scheduled-jobs run ttl_sweep
    """
    return follow(session.admin().scheduled_jobs.run(name))
