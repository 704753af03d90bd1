"""`ctfy scoreboard`: standings."""

from __future__ import annotations

import builtins
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.standings import ChallengeStats, ScoreboardEntry

app = typer.Typer(no_args_is_help=True)


@app.command("view", hidden=True)
@app.command()
@prints("rank team_name points solved flags_solved last_solve_at", empty="Nobody has solved yet.")
def show(
    offset: Offset = 0,
    limit: Limit = 50,
    competition: Annotated[str, typer.Option(help="Of one competition; default: all")] = "",
    web: Annotated[bool, typer.Option("--web", help="Open the page")] = False,
) -> builtins.list[ScoreboardEntry] | None:
    """Show the standings.

    Example: ctfy scoreboard show --competition COMPETITION_ID
    """
    if web:
        session.open_page(
            f"/competitions/{competition}/scoreboard" if competition else "/scoreboard"
        )
        return None
    client = session.anyone()
    if competition:
        return client.competition(competition).scoreboard(offset, limit)
    return client.scoreboard.get(offset=offset, limit=limit)


@app.command()
@prints("challenge_id name category difficulty solves_count success_rate", empty="No challenges.")
def challenges(offset: Offset = 0, limit: Limit = 50) -> builtins.list[ChallengeStats]:
    """Say how often each challenge was solved.

    Example: ctfy scoreboard challenges
    """
    return session.anyone().scoreboard.challenge_stats(offset, limit)


@app.command()
@prints("team_name ts score rank", empty="Nobody has solved yet.")
def history(
    competition_id: Annotated[str, typer.Argument()],
    top: Annotated[int, typer.Option(min=0, max=100, help="The best so many teams")] = 10,
    team: Annotated[
        builtins.list[str] | None, typer.Option(help="A team's id, besides; repeatable")
    ] = None,
) -> builtins.list[dict[str, Any]]:
    """Say how the best teams' scores grew, or those of teams of your choice.

    Example: ctfy scoreboard history COMPETITION_ID --top 3
    """
    competition = session.anyone().competition(competition_id)
    found = competition.score_history(top=top, team_ids=team or ())
    return [
        {"team_name": series.team_name, **point.model_dump()}
        for series in found.series
        for point in series.points
    ]
