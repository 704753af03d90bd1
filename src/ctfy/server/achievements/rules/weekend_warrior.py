"""Solve a challenge on a Saturday or Sunday (UTC)."""

from __future__ import annotations

from datetime import UTC

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect


def _when(event: Happening) -> bool:
    return event.at.astimezone(UTC).weekday() >= 5


ACHIEVEMENT = Achievement(
    id="weekend_warrior",
    name="Weekend warrior",
    description="Solve a challenge on a Saturday or Sunday (UTC).",
    icon="🛡️",
    tier="bronze",
    on=(FlagCorrect,),
    when=_when,
)
