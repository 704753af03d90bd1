"""The events of nodes."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event


class NodeInviteCreated(Event, to=Audience.ADMINS):
    """A registration token was minted, for `ttl` seconds."""

    invite_id: str
    ttl: int


class NodeInviteRevoked(Event, to=Audience.ADMINS):
    """A registration token is useless now."""

    invite_id: str


class NodeEvent(Event):
    """A node changed."""

    node_id: str
    display_name: str


class NodeRegistered(NodeEvent, to=Audience.ADMINS):
    """A node joined."""


class NodeUnhealthy(NodeEvent, to=Audience.ADMINS):
    """A node has fallen silent."""


class NodeRecovered(NodeEvent, to=Audience.ADMINS):
    """A silent node is back."""


class NodeRemoved(NodeEvent, to=Audience.ADMINS):
    """A node is gone, and what ran there has ended."""


class NodeUpdated(NodeEvent, to=Audience.ADMINS):
    """A node was renamed, labelled, drained or taken back."""

    labels_changed: list[str]
