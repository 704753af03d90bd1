"""Enter a competition."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening


def _when(event: Happening) -> bool:
    return bool(event.team_id)


ACHIEVEMENT = Achievement(
    id="welcome_aboard",
    name="Welcome aboard",
    description="Enter a competition.",
    icon="👋",
    tier="bronze",
    on=("team_registered", "team_member_joined"),
    when=_when,
)
