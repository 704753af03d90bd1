"""Solve five challenges within an hour."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect
from ctfy.server.tables.submissions import ChallengeSolve


async def _earned(event: Happening) -> bool:
    lately = select(func.count()).where(
        ChallengeSolve.team_id == event.team_id,
        ChallengeSolve.solved_at > event.at - timedelta(hours=1),
        ChallengeSolve.solved_at <= event.at,
    )
    return bool(await event.scalar(lately) >= 5)


ACHIEVEMENT = Achievement(
    id="rapid_fire",
    name="Rapid fire",
    description="Solve five challenges within an hour.",
    icon="🔥",
    tier="silver",
    on=(FlagCorrect,),
    earned=_earned,
)
