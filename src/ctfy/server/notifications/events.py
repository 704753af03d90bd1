"""The events of channels to the outside."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event


class NotificationChannelEvent(Event):
    """Something about a channel; its address is told nowhere."""

    channel_id: str
    channel_name: str


class NotificationChannelCreated(NotificationChannelEvent, to=Audience.ADMINS):
    """There is a new one."""


class NotificationChannelUpdated(NotificationChannelEvent, to=Audience.ADMINS):
    """The fields in `changed` have other values."""

    changed: list[str]


class NotificationChannelDeleted(NotificationChannelEvent, to=Audience.ADMINS):
    """It is gone."""
