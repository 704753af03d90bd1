"""Solve ten challenges."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, solved_challenges
from ctfy.server.submissions.events import FlagCorrect

ACHIEVEMENT = Achievement(
    id="decathlete",
    name="Decathlete",
    description="Solve ten challenges.",
    icon="🏅",
    tier="silver",
    on=(FlagCorrect,),
    target=10,
    progress=solved_challenges,
)
