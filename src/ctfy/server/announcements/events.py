"""The events of announcements."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event

_SEEN_BY = (Audience.EVERYBODY, Audience.ADMINS)  # operators alone before it is shown


class AnnouncementEvent(Event):
    """Something about an announcement."""

    announcement_id: str
    title: str
    severity: str


class AnnouncementCreated(AnnouncementEvent, to=_SEEN_BY):
    """There is a new one."""


class AnnouncementUpdated(AnnouncementEvent, to=_SEEN_BY):
    """It says something else, or at another time."""


class AnnouncementDeleted(AnnouncementEvent, to=_SEEN_BY):
    """It is gone."""
