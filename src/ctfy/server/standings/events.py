"""The events of standings."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event


class ScoreboardUpdated(Event, to=(Audience.EVERYBODY, Audience.COMPETITION, Audience.OPERATORS)):
    """A competition's standings changed."""

    competition_id: str
