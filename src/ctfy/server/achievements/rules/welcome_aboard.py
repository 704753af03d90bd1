"""Enter a competition."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.teams.events import TeamMemberJoined, TeamRegistered


def _when(event: Happening) -> bool:
    return bool(event.team_id)


ACHIEVEMENT = Achievement(
    id="welcome_aboard",
    name="Welcome aboard",
    description="Enter a competition.",
    icon="👋",
    tier="bronze",
    on=(
        TeamRegistered,
        TeamMemberJoined,
    ),
    when=_when,
)
