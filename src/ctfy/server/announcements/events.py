"""The events of announcements."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event

_SEEN_BY = (
    Audience.EVERYBODY,
    Audience.COMPETITION,
    Audience.BRACKET,
    Audience.TEAM,
    Audience.ADMINS,  # alone before it is shown
)


class AnnouncementEvent(Event):
    """Something about an announcement; the ids say whom it is for, where it is not everybody."""

    announcement_id: str
    title: str
    severity: str
    competition_id: str = ""
    bracket: str | None = None


class AnnouncementCreated(AnnouncementEvent, to=_SEEN_BY):
    """There is a new one: it is shown from now on, or it was written to be shown later."""


class AnnouncementUpdated(AnnouncementEvent, to=_SEEN_BY):
    """It says something else, or at another time."""


class AnnouncementDeleted(AnnouncementEvent, to=_SEEN_BY):
    """It is gone."""
