"""Solve a challenge between midnight and five (UTC)."""

from __future__ import annotations

from datetime import UTC

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect


def _when(event: Happening) -> bool:
    return event.at.astimezone(UTC).hour < 5


ACHIEVEMENT = Achievement(
    id="night_owl",
    name="Night owl",
    description="Solve a challenge between midnight and five (UTC).",
    icon="🦉",
    tier="bronze",
    on=(FlagCorrect,),
    when=_when,
)
