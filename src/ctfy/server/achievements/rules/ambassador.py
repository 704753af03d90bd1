"""Bring others to the game. Given by hand."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement

ACHIEVEMENT = Achievement(
    id="ambassador",
    name="Ambassador",
    description="Bring others to the game. Given by hand.",
    icon="🎖️",
    tier="secret",
)
