"""The events of incidents."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event


class IncidentEvent(Event):
    """A sign of cheating."""

    incident_id: str
    competition_id: str


class IncidentReported(IncidentEvent, to=Audience.ADMINS):
    """There is a new one; `summary` is its kind."""

    summary: str


class IncidentUpdated(IncidentEvent, to=Audience.ADMINS):
    """An operator decided on one."""
