"""Channels at which the platform tells the outside what happens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ctfy.server.models.base import Request, Response

ChannelKind = Literal["service", "webhook"]
# `first_blood` is a `flag_correct` whose team was the first; the others are events' own names.
ChannelEvent = Literal[
    "first_blood",
    "flag_correct",
    "team_registered",
    "announcement_created",
    "incident_reported",
    "node_unhealthy",
    "node_recovered",
    "task_failed",
]
ChannelName = Annotated[str, Field(min_length=1, max_length=100)]
ChannelAddress = Annotated[str, Field(min_length=1, max_length=2000)]
ChannelEvents = Annotated[list[ChannelEvent], Field(min_length=1, max_length=20)]


class NotificationChannelInfo(Response):
    """A channel. `address` shows where it leads, and nothing that is secret in it.

    `competition_id`: it tells of that competition's events alone. `last_ok`: whether the last
    message arrived; `last_said`: what came back, in a line.
    """

    id: str
    name: str
    kind: ChannelKind
    address: str
    events: list[ChannelEvent]
    competition_id: str = ""
    competition_title: str = ""
    enabled: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None
    last_sent_at: datetime | None = None
    last_ok: bool | None = None
    last_said: str = ""


class NotificationChannelWithSecret(NotificationChannelInfo):
    """A channel, and the secret that signs its webhooks: shown here, and never again."""

    secret: str = ""


class NotificationChannelCreate(Request):
    """A new channel. `service`: an address as Apprise writes it; `webhook`: a URL."""

    name: ChannelName
    kind: ChannelKind
    address: ChannelAddress
    events: ChannelEvents
    competition_id: Annotated[str, Field(max_length=64)] = ""
    enabled: bool = True


class NotificationChannelUpdate(Request):
    """What changes; a field left out stays."""

    name: ChannelName | None = None
    address: ChannelAddress | None = None
    events: ChannelEvents | None = None
    competition_id: Annotated[str, Field(max_length=64)] | None = None
    enabled: bool | None = None


class DeliveryResult(Response):
    """What became of a message: whether it arrived, and what the other side said, in a line."""

    ok: bool
    said: str
