"""Tell the authors that a challenge is buggy."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.challenges.events import ReactionAdded


def _when(event: Happening) -> bool:
    return bool(event["reaction"] == "buggy")


ACHIEVEMENT = Achievement(
    id="bug_hunter",
    name="Bug hunter",
    description="Tell the authors that a challenge is buggy.",
    icon="🐛",
    tier="bronze",
    on=(ReactionAdded,),
    when=_when,
)
