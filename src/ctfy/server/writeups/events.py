"""The events of write-ups."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event


class WriteupEvent(Event):
    """Something about a team's write-up of a challenge."""

    competition_id: str
    writeup_id: str


class WriteupHandedIn(WriteupEvent, to=Audience.TEAM):
    """A team handed in a write-up, or another in its place."""

    format: str


class WriteupJudged(WriteupEvent, to=Audience.OPERATORS):
    """A judge wrote notes on a write-up, or gave it a mark."""


class WriteupPublished(
    WriteupEvent, to=(Audience.OPERATORS, Audience.COMPETITION, Audience.EVERYBODY)
):
    """A write-up is for everybody to read after the end, or no longer: `published` says which."""

    published: bool
