"""Be the first team to solve a challenge."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect


def _when(event: Happening) -> bool:
    return bool(event["solve_rank"] == 1)


ACHIEVEMENT = Achievement(
    id="first_blood_team",
    name="First blood",
    description="Be the first team to solve a challenge.",
    icon="🩸",
    tier="gold",
    on=(FlagCorrect,),
    when=_when,
)
