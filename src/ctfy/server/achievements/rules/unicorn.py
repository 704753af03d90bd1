"""Be the first to solve a hard challenge."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect


def _when(event: Happening) -> bool:
    challenge = event.catalogue.get(event["challenge_id"])
    hard = challenge is not None and challenge.metadata.difficulty == "hard"
    return hard and event["solve_rank"] == 1


ACHIEVEMENT = Achievement(
    id="unicorn",
    name="Unicorn",
    description="Be the first to solve a hard challenge.",
    icon="🦄",
    tier="gold",
    on=(FlagCorrect,),
    when=_when,
)
