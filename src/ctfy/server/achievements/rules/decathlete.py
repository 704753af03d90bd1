"""Solve ten challenges."""

from __future__ import annotations

from sqlalchemy import select

from ctfy.server.achievements.rule import Achievement, Happening, solved_challenges
from ctfy.server.submissions.events import FlagCorrect


async def _earned(event: Happening) -> bool:
    return bool(await event.scalar(select(solved_challenges(event.team_id))) >= 10)


ACHIEVEMENT = Achievement(
    id="decathlete",
    name="Decathlete",
    description="Solve ten challenges.",
    icon="🏅",
    tier="silver",
    on=(FlagCorrect,),
    earned=_earned,
    target=10,
    progress=solved_challenges,
)
