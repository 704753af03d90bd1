"""`ctfy activity`: what happened."""

from __future__ import annotations

import builtins
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.activity import Activity

app = typer.Typer(no_args_is_help=True)
Team = Annotated[str, typer.Option(help="Only of this team")]
Challenge = Annotated[str, typer.Option(help="Only with this challenge")]
Event = Annotated[str, typer.Option(help="Only this kind, as flag_correct")]


@app.command("list")
@prints("timestamp event team_name challenge_id actor_name", empty="Nothing happened yet.")
def list_(
    team: Team = "",
    challenge: Challenge = "",
    event: Event = "",
    offset: Offset = 0,
    limit: Limit = 100,
) -> builtins.list[Activity]:
    """List what happened, newest first.

    Example: ctfy activity list --event flag_correct
    """
    return session.client().activities.list(team, challenge, event, offset, limit)


@app.command()
@prints("ts counts partial", empty="Nothing happened yet.")
def timeseries(
    team: Team = "",
    challenge: Challenge = "",
    event: Event = "",
    window: Annotated[int, typer.Option(min=60, help="Seconds back")] = 86_400,
    bucket: Annotated[int, typer.Option(min=60, help="Seconds each")] = 3600,
) -> builtins.list[dict[str, Any]]:
    """Count what happened by time.

    Example: ctfy activity timeseries --window 3600 --bucket 300
    """
    found = session.client().activities.timeseries(
        team_id=team, challenge_id=challenge, event=event, window=window, bucket=bucket
    )
    return [bucket.model_dump(mode="json") for bucket in found.buckets]
