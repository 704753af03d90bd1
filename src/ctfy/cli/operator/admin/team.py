"""`ctfy-admin admin team`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.download import picture
from ctfy.cli.output import Code, fail, prints
from ctfy.server.models.teams import TeamDetail

app = typer.Typer(no_args_is_help=True)


@app.callback()
def root() -> None:
    """Correcting teams."""


CompetitionId = Annotated[str, typer.Argument(help="A competition's id")]
TeamId = Annotated[str, typer.Argument(help="As `admin competition registrations` lists it")]
Who = Annotated[str, typer.Argument(help="An e-mail address, or an account's id")]


@app.command()
@prints("id name bracket standing standing_reason standing_reason_shown member_count")
def update(
    competition_id: CompetitionId,
    team_id: TeamId,
    name: Annotated[str | None, typer.Option(help="Its new name")] = None,
    bracket: Annotated[str | None, typer.Option(help="One of the competition's")] = None,
    standing: Annotated[
        str | None, typer.Option(help="ranked, hidden (staff) or disqualified")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is not ranked")] = None,
    show_reason: Annotated[
        bool | None,
        typer.Option("--show-reason/--keep-reason", help="Whether players read the reason"),
    ] = None,
) -> TeamDetail:
    """Rename a team, change its bracket, hide or disqualify it, or rank it again.

    Example: ctfy-admin admin team update COMPETITION_ID TEAM_ID --standing disqualified
    """
    given: dict[str, Any] = {
        "name": name,
        "bracket": bracket,
        "standing": standing,
        "standing_reason": reason,
        "standing_reason_shown": show_reason,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        fail("nothing to change", hint="see the command's --help", code=Code.USAGE)
    return session.admin().teams.update(competition_id, team_id, **changes)


@app.command()
@prints("id name bracket member_count")
def move(competition_id: CompetitionId, team_id: TeamId, user: Who) -> TeamDetail:
    """Put somebody on a team, from the team that they are on in this competition, if any.

    Example: ctfy-admin admin team move COMPETITION_ID TEAM_ID ada@example.org
    """
    return session.admin().teams.move(competition_id, team_id, user)


@app.command("remove-member")
@prints()
def remove_member(competition_id: CompetitionId, team_id: TeamId, user: Who) -> str:
    """Take somebody off a team.

    Example: ctfy-admin admin team remove-member COMPETITION_ID TEAM_ID ada@example.org
    """
    session.admin().teams.remove_member(competition_id, team_id, user)
    return f"{user} is off the team"


@app.command()
@prints("id name logo_url")
def logo(
    competition_id: CompetitionId,
    team_id: TeamId,
    file: Annotated[Path | None, typer.Argument(help="PNG, JPEG or WebP")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it away")] = False,
) -> TeamDetail:
    """Give a team a logo, or take its away.

    Example: ctfy-admin admin team logo COMPETITION_ID TEAM_ID --remove
    """
    teams = session.admin().teams
    if remove:
        return teams.remove_logo(competition_id, team_id)
    return teams.set_logo(competition_id, team_id, picture(file))
