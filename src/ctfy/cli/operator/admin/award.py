"""`ctfy-admin admin award`."""

from __future__ import annotations

import builtins
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.awards import AwardInfo

app = typer.Typer(no_args_is_help=True)
CompetitionId = Annotated[str, typer.Argument(help="A competition's id")]
_COLUMNS = "id team_name points reason awarded_at awarded_by_name"


@app.command("list")
@prints(_COLUMNS, empty="Nobody was given points by hand.")
def list_(
    competition_id: CompetitionId,
    team: Annotated[str, typer.Option(help="Only of this team, by id")] = "",
    offset: Offset = 0,
    limit: Limit = 1000,
) -> builtins.list[AwardInfo]:
    """List the awards and penalties of a competition.

    Example: ctfy-admin admin award list COMPETITION_ID
    """
    awards = session.admin().awards
    return awards.list(competition_id, team_id=team, offset=offset, limit=limit)


@app.command()
@prints(_COLUMNS)
def give(
    competition_id: CompetitionId,
    team_id: Annotated[str, typer.Argument(help="As `admin competition registrations` lists it")],
    points: Annotated[int, typer.Option(help="Below 0: a penalty")],
    reason: Annotated[str, typer.Option(help="The team reads it")],
) -> AwardInfo:
    """Give a team points, or take some off it.

    Example: ctfy-admin admin award give COMPETITION_ID TEAM_ID --points -50 --reason "brute force"
    """
    return session.admin().awards.give(competition_id, team_id, points=points, reason=reason)


@app.command()
@prints()
def revoke(
    competition_id: CompetitionId,
    award_id: Annotated[str, typer.Argument(help="As `award list` says")],
) -> str:
    """Take an award, or a penalty, back.

    Example: ctfy-admin admin award revoke COMPETITION_ID AWARD_ID
    """
    session.admin().awards.revoke(competition_id, award_id)
    return "Revoked."
