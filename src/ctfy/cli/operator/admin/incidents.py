"""`ctfy-admin admin incidents`."""

from __future__ import annotations

import builtins
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.incidents import IncidentInfo

app = typer.Typer(no_args_is_help=True)
IncidentId = Annotated[str, typer.Argument()]
_COLUMNS = "id kind status created_at evidence"


@app.command("list")
@prints(_COLUMNS, empty="Nothing looks like cheating.")
def list_(
    status: Annotated[str, typer.Option(help="Only these, as open")] = "",
    competition: Annotated[str, typer.Option(help="Only in this competition")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[IncidentInfo]:
    """List incidents, newest first.

    Example: ctfy-admin admin incidents list --status open
    """
    filters = {"status": status, "competition_id": competition}
    chosen = {name: value for name, value in filters.items() if value}
    return session.admin().incidents.list(offset, limit, **chosen)


@app.command()
@prints(f"{_COLUMNS} team_name other_team_name challenge_id note resolved_by")
def view(incident_id: IncidentId) -> IncidentInfo:
    """Show an incident with its evidence.

    Example: ctfy-admin admin incidents view INCIDENT_ID --json
    """
    return session.admin().incidents.get(incident_id)


@app.command()
@prints(_COLUMNS)
def update(
    incident_id: IncidentId,
    status: Annotated[str, typer.Option(help="open, acknowledged or dismissed")] = "acknowledged",
    note: Annotated[str, typer.Option(help="What came of it")] = "",
) -> IncidentInfo:
    """Say what came of an incident.

    Example: ctfy-admin admin incidents update INCIDENT_ID --status dismissed --note "one school"
    """
    return session.admin().incidents.update(incident_id, status=status, note=note)
