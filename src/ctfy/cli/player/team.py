"""`ctfy team`: teams, and requests to join them."""

from __future__ import annotations

import builtins
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.fields import Fields, answers
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.accounts import ProfileStats
from ctfy.server.models.achievements import TeamAchievement
from ctfy.server.models.awards import TeamAward
from ctfy.server.models.inbox import InboxCaptainRequest
from ctfy.server.models.teams import TeamDetail, TeamInfo, TeamInviteInfo

app = typer.Typer(no_args_is_help=True)
TeamId = Annotated[str, typer.Argument(help="A team's id")]
CompetitionId = Annotated[str, typer.Argument(help="A competition's id")]
RequestId = Annotated[str, typer.Argument(help="As `ctfy team requests` lists it")]


@app.command("list")
@prints("id name competition_id member_count solves last_active_at", empty="No teams yet.")
def list_(
    offset: Offset = 0,
    limit: Limit = 50,
    competition: Annotated[str, typer.Option(help="Only of this one")] = "",
    q: Annotated[str, typer.Option("--q", help="With --competition: a part of the name")] = "",
) -> builtins.list[TeamInfo]:
    """List teams.

    Example: ctfy team list --limit 20
    """
    if competition:
        return session.client().competition(competition).search_teams(q, offset, limit)
    return session.client().teams.list(offset, limit)


@app.command()
@prints("id name description captain_display_name members solves attempts created_at")
def view(
    team_id: TeamId, web: Annotated[bool, typer.Option("--web", help="Open its page")] = False
) -> TeamDetail | None:
    """Show a team.

    Example: ctfy team view TEAM_ID
    """
    if web:
        session.open_page(f"/teams/{team_id}")
        return None
    return session.client().teams.get(team_id)


@app.command()
@prints("name tier points unlocked_at description", empty="No achievements yet.")
def achievements(team_id: TeamId) -> builtins.list[TeamAchievement]:
    """List a team's achievements.

    Example: ctfy team achievements TEAM_ID
    """
    return session.client().teams.achievements(team_id)


@app.command()
@prints("points reason description awarded_at", empty="No points by hand.")
def awards(team_id: TeamId) -> builtins.list[TeamAward]:
    """List the points that a team was given or lost by the organisers' hand, and why.

    Example: ctfy team awards TEAM_ID
    """
    return session.client().teams.awards(team_id)


@app.command()
@prints("by_tag by_difficulty solve_trend")
def profile_stats(team_id: TeamId) -> ProfileStats:
    """Say what a team did, by day, tag and difficulty.

    Example: ctfy team profile-stats TEAM_ID --json
    """
    return session.client().teams.profile_stats(team_id)


@app.command()
@prints("id team_id kind status")
def request(competition_id: CompetitionId, team_id: TeamId, field: Fields = None) -> TeamInviteInfo:
    """Ask a team to let you join.

    Example: ctfy team request COMPETITION_ID TEAM_ID
    """
    return (
        session.client().competition(competition_id).request_to_join(team_id, fields=answers(field))
    )


@app.command()
@prints(
    "id requester_display_name team_name competition_title created_at", empty="Nobody asks to join."
)
def requests() -> builtins.list[InboxCaptainRequest]:
    """List who asks to join the teams whose captain you are.

    Example: ctfy team requests
    """
    return session.client().me.inbox().captain_requests


@app.command()
@prints("id name member_count members")
def approve(competition_id: CompetitionId, request_id: RequestId) -> TeamDetail:
    """Let somebody join who asked.

    Example: ctfy team approve COMPETITION_ID REQUEST_ID
    """
    return session.client().competition(competition_id).team.requests.approve(request_id)


@app.command()
@prints()
def reject(competition_id: CompetitionId, request_id: RequestId) -> str:
    """Do not let somebody join who asked.

    Example: ctfy team reject COMPETITION_ID REQUEST_ID
    """
    session.client().competition(competition_id).team.requests.reject(request_id)
    return "Rejected."


@app.command()
@prints("id name member_count members")
def accept(
    competition_id: CompetitionId,
    invite_id: Annotated[str, typer.Argument(help="As `ctfy me inbox` lists it")],
    field: Fields = None,
) -> TeamDetail:
    """Join a team that invited you.

    Example: ctfy team accept COMPETITION_ID INVITE_ID
    """
    return (
        session.client().competition(competition_id).accept_invite(invite_id, fields=answers(field))
    )


@app.command()
@prints()
def decline(
    competition_id: CompetitionId,
    invite_id: Annotated[str, typer.Argument(help="As `ctfy me inbox` lists it")],
) -> str:
    """Do not join a team that invited you.

    Example: ctfy team decline COMPETITION_ID INVITE_ID
    """
    session.client().competition(competition_id).decline_invite(invite_id)
    return "Declined."
