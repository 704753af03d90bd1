"""`ctfy-admin admin achievement`."""

from __future__ import annotations

from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.server.models.achievements import TeamAchievement

app = typer.Typer(no_args_is_help=True)
TeamId = Annotated[str, typer.Argument(help="A team's id")]
AchievementId = Annotated[str, typer.Argument(help="As `ctfy achievement catalog` lists it")]


@app.command()
@prints("achievement_id name tier unlocked_at")
def grant(team_id: TeamId, achievement_id: AchievementId) -> TeamAchievement:
    """Give a team an achievement.

    Example: ctfy-admin admin achievement grant TEAM_ID first_blood
    """
    return session.admin().achievements.grant(team_id, achievement_id)


@app.command()
@prints()
def revoke(team_id: TeamId, achievement_id: AchievementId) -> str:
    """Take an achievement from a team.

    Example: ctfy-admin admin achievement revoke TEAM_ID first_blood
    """
    session.admin().achievements.revoke(team_id, achievement_id)
    return "Revoked."
