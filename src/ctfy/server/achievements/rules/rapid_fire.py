"""Solve five challenges within an hour."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from ctfy.server.achievements.rule import EVENT, Achievement
from ctfy.server.submissions.events import FlagCorrect
from ctfy.server.tables.submissions import ChallengeSolve

_lately = (
    select(func.count())
    .where(
        ChallengeSolve.team_id == EVENT.team_id,
        ChallengeSolve.solved_at > EVENT.at - timedelta(hours=1),
        ChallengeSolve.solved_at <= EVENT.at,
    )
    .scalar_subquery()
)

ACHIEVEMENT = Achievement(
    id="rapid_fire",
    name="Rapid fire",
    description="Solve five challenges within an hour.",
    icon="🔥",
    tier="silver",
    on=(FlagCorrect,),
    earned=_lately >= 5,
)
