"""The events of standings."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event, OnBoard, Topic


class AwardEvent(Event):
    """Something about points that no answer brought; negative ones are a penalty."""

    competition_id: str
    award_id: str
    points: int
    reason: str


class AwardGiven(AwardEvent, to=Audience.TEAM, stale=(Topic.ATTEMPTS,), board=OnBoard.RELOAD):
    """A team was given points, or some were taken off it."""


class AwardRevoked(AwardEvent, to=Audience.TEAM, stale=(Topic.ATTEMPTS,), board=OnBoard.RELOAD):
    """An award was taken back, or a penalty."""
