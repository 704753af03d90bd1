"""Star the project on GitHub."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement

ACHIEVEMENT = Achievement(
    id="star_gazer",
    name="Star gazer",
    description="Star the project on GitHub.",
    icon="⭐",
    tier="bronze",
)
