"""The events of achievements."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event


class AchievementUnlocked(
    Event, to=(Audience.TEAM, Audience.COMPETITION, Audience.EVERYBODY), solves=True
):
    """A team got an achievement. A secret one is for the team alone."""

    competition_id: str
    achievement_id: str
    achievement_name: str
    tier: str
    secret: bool


class AchievementRevoked(Event, to=Audience.ADMINS):
    """An operator took an achievement back."""

    achievement_id: str
