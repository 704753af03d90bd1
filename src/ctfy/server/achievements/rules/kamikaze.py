"""Use up every attempt that a question allows."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagWrong


def _when(event: Happening) -> bool:
    return bool(event["attempts_remaining"] == 0)


ACHIEVEMENT = Achievement(
    id="kamikaze",
    name="Kamikaze",
    description="Use up every attempt that a question allows.",
    icon="💥",
    tier="bronze",
    on=(FlagWrong,),
    when=_when,
)
