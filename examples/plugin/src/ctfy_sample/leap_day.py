"""An achievement."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect, FlagPartCorrect


def _when(event: Happening) -> bool:
    return (event.at.month, event.at.day) == (2, 29)


LEAP_DAY = Achievement(
    id="leap_day",
    name="Leap day",
    description="Answer a question on 29 February.",
    icon="📅",
    tier="silver",
    on=(FlagCorrect, FlagPartCorrect),
    when=_when,
)
