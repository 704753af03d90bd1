"""Solve a challenge within five minutes of its launch."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect


def _when(event: Happening) -> bool:
    return bool(event["instance_id"] != "" and event["solve_time_s"] <= 300)


ACHIEVEMENT = Achievement(
    id="flash_solver",
    name="Flash solver",
    description="Solve a challenge within five minutes of its launch.",
    icon="⚡",
    tier="silver",
    on=(FlagCorrect,),
    when=_when,
)
