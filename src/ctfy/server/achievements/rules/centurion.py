"""Answer a hundred questions."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening, answered_questions


async def _earned(event: Happening) -> bool:
    return await answered_questions(event.session, event.catalogue, [event.team_id]) >= 100


ACHIEVEMENT = Achievement(
    id="centurion",
    name="Centurion",
    description="Answer a hundred questions.",
    icon="🏛️",
    tier="gold",
    on=("flag_correct", "flag_part_correct"),
    earned=_earned,
    target=100,
    progress=answered_questions,
)
