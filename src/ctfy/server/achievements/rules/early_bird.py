"""Solve a challenge between five and eight in the morning (UTC)."""

from __future__ import annotations

from datetime import UTC

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect


def _when(event: Happening) -> bool:
    return 5 <= event.at.astimezone(UTC).hour < 8


ACHIEVEMENT = Achievement(
    id="early_bird",
    name="Early bird",
    description="Solve a challenge between five and eight in the morning (UTC).",
    icon="🐦",
    tier="bronze",
    on=(FlagCorrect,),
    when=_when,
)
