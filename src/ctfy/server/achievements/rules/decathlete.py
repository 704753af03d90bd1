"""Solve ten challenges."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening, solved_challenges
from ctfy.server.submissions.events import FlagCorrect


async def _earned(event: Happening) -> bool:
    return await solved_challenges(event.session, event.catalogue, [event.team_id]) >= 10


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
