"""`ctfy-admin admin announcement`."""

from __future__ import annotations

import builtins
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.operator.times import When
from ctfy.cli.output import Code, fail, prints
from ctfy.server.models.inbox import AnnouncementInfo

app = typer.Typer(no_args_is_help=True)
AnnouncementId = Annotated[str, typer.Argument()]
Severity = Annotated[str, typer.Option(help="info, warning or critical")]
_COLUMNS = "id severity title competition_title bracket team_name starts_at ends_at created_by_name"


@app.command("list")
@prints(_COLUMNS, empty="No announcements.")
def list_() -> builtins.list[AnnouncementInfo]:
    """List announcements.

    Example: ctfy-admin admin announcement list
    """
    return session.admin().announcements.list(limit=1000)


@app.command()
@prints(_COLUMNS)
def create(
    title: Annotated[str, typer.Option()] = "",
    body: Annotated[str, typer.Option(help="Markdown")] = "",
    severity: Severity = "info",
    starts_at: When = None,
    ends_at: When = None,
    competition_id: Annotated[
        str, typer.Option(help="The id of the one whose people it is for; without: everybody")
    ] = "",
    bracket: Annotated[str, typer.Option(help="Only the teams of that one of its brackets")] = "",
    team_id: Annotated[str, typer.Option(help="Only the team of that id")] = "",
) -> AnnouncementInfo:
    """Tell something to everybody, or to a competition, a bracket, or a team.

    Example: ctfy-admin admin announcement create --title "Half time" --severity info
    """
    if not title:
        fail("no title", hint="give --title", code=Code.USAGE)
    return session.admin().announcements.create(
        title=title,
        body=body,
        severity=severity,
        starts_at=starts_at,
        ends_at=ends_at,
        competition_id=competition_id,
        bracket=bracket,
        team_id=team_id,
    )


@app.command()
@prints(_COLUMNS)
def update(
    announcement_id: AnnouncementId,
    title: Annotated[str | None, typer.Option()] = None,
    body: Annotated[str | None, typer.Option()] = None,
    severity: Annotated[str | None, typer.Option(help="info, warning or critical")] = None,
    starts_at: When = None,
    ends_at: When = None,
) -> AnnouncementInfo:
    """Change an announcement; what is left out stays.

    Example: ctfy-admin admin announcement update ANNOUNCEMENT_ID --severity critical
    """
    given: dict[str, Any] = {
        "title": title,
        "body": body,
        "severity": severity,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    return session.admin().announcements.update(announcement_id, **changes)


@app.command()
@prints()
def delete(announcement_id: AnnouncementId) -> str:
    """Take an announcement back.

    Example: ctfy-admin admin announcement delete ANNOUNCEMENT_ID
    """
    session.admin().announcements.delete(announcement_id)
    return "Deleted."
