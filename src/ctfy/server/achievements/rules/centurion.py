"""Answer a hundred questions."""

from __future__ import annotations

from sqlalchemy import select

from ctfy.server.achievements.rule import Achievement, Happening, answered_questions
from ctfy.server.submissions.events import FlagCorrect, FlagPartCorrect


async def _earned(event: Happening) -> bool:
    return bool(await event.scalar(select(answered_questions(event.team_id))) >= 100)


ACHIEVEMENT = Achievement(
    id="centurion",
    name="Centurion",
    description="Answer a hundred questions.",
    icon="🏛️",
    tier="gold",
    on=(
        FlagCorrect,
        FlagPartCorrect,
    ),
    earned=_earned,
    target=100,
    progress=answered_questions,
)
