"""`ctfy-admin admin activity`."""

from __future__ import annotations

import builtins
from typing import Annotated

import typer

from ctfy.cli import people, session
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.activity import Activity

app = typer.Typer(no_args_is_help=True)


@app.callback()
def root() -> None:
    """The activity log, every operator's action in it."""


@app.command("list")
@prints("timestamp event actor_name team_name challenge_id detail", empty="Nothing happened yet.")
def list_(
    actor: Annotated[str, typer.Option(help="Only what this person did, by e-mail or id")] = "",
    team: Annotated[str, typer.Option(help="Only of this team")] = "",
    challenge: Annotated[str, typer.Option(help="Only with this challenge")] = "",
    event: Annotated[str, typer.Option(help="Only this kind, as role_changed")] = "",
    since: Annotated[str, typer.Option(help="ISO 8601")] = "",
    until: Annotated[str, typer.Option(help="ISO 8601")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[Activity]:
    """List what happened and who did it, newest first.

    Example: ctfy-admin admin activity list --since 2026-05-01T00:00:00Z --json
    """
    return session.admin().observability.activities(
        actor_id=people.user_id(actor),
        team_id=team,
        challenge_id=challenge,
        event=event,
        since=since,
        until=until,
        offset=offset,
        limit=limit,
    )
