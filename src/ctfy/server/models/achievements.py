"""Achievements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ctfy.server.models.base import Response


class AchievementProgress(Response):
    """How far the caller's best team is."""

    current: int
    target: int


class AchievementCatalogEntry(Response):
    """An achievement that there is. A secret one that the caller lacks shows no name."""

    id: str
    name: str
    description: str
    icon: str
    tier: str
    secret: bool = False
    progress: AchievementProgress | None = None
    points: int = 0
    earned_by_count: int = 0
    rarity: str = "unearned"


class TeamAchievement(Response):
    """An achievement that a team has."""

    achievement_id: str
    name: str
    description: str
    icon: str
    tier: str
    secret: bool = False
    unlocked_at: datetime | None = None
    context: dict[str, Any] = {}
    points: int = 0
    earned_by_count: int = 0
    rarity: str = "unearned"


class AchievementSummary(Response):
    """The caller's achievements, counted."""

    unlocked_count: int = 0
    total_count: int = 0
    score: int = 0
    total_score: int = 0


class MyAchievementsResponse(Response):
    """What the caller's teams have, and what there is to get."""

    unlocked: list[TeamAchievement] = []
    locked: list[AchievementCatalogEntry] = []
    summary: AchievementSummary = AchievementSummary()


class RecentUnlock(Response):
    """Who got what lately."""

    team_id: str
    team_name: str
    achievement_id: str
    name: str
    icon: str
    tier: str
    unlocked_at: datetime | None = None


class EasterEggClaim(Response):
    """What an easter egg held."""

    egg_id: str
    achievement: TeamAchievement
    already_unlocked: bool = False


class StarGazerVerifyResponse(Response):
    """Whether the caller starred the project; `reason` says why not."""

    verified: bool
    reason: str = ""
    achievement: TeamAchievement | None = None
    already_unlocked: bool = False
