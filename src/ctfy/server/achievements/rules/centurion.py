"""Answer a hundred questions."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, answered_questions
from ctfy.server.submissions.events import FlagCorrect, FlagPartCorrect

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
    target=100,
    progress=answered_questions,
)
