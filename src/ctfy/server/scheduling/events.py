"""The events of instances."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event, OnBoard, Topic


class InstanceEvent(Event):
    """An instance changed."""

    instance_id: str
    competition_id: str
    node_id: str = ""


class InstanceStarted(
    InstanceEvent, to=Audience.TEAM, stale=(Topic.LAUNCHES,), board=OnBoard.LAUNCH
):
    """A team asked for an instance."""


class InstanceReady(InstanceEvent, to=Audience.TEAM):
    """It can be reached."""


class InstanceError(InstanceEvent, to=Audience.TEAM):
    """It did not start, or died."""

    error: str
    reason: str


class InstanceStopRequested(InstanceEvent, to=Audience.ADMINS):
    """Somebody asked for its end."""

    reason: str


class InstanceStopped(InstanceEvent, to=Audience.TEAM):
    """It is gone from its node."""

    reason: str


class InstanceRenewed(InstanceEvent, to=Audience.TEAM):
    """It lives `ttl` seconds from now."""

    ttl: int
