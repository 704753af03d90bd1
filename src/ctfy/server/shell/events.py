"""The events of admin shells."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event


class ShellEvent(Event):
    """Something about an admin shell."""

    session_id: str
    instance_id: str
    node_id: str
    container: str


class AdminShellSessionRequested(ShellEvent, to=Audience.ADMINS):
    """Somebody asked for a shell."""

    reason: str


class AdminShellSessionOpened(ShellEvent, to=Audience.ADMINS):
    """A shell is connected."""


class AdminShellSessionClosed(ShellEvent, to=Audience.ADMINS):
    """A shell ended. Duration in seconds, traffic in bytes; absent when it was never opened."""

    reason: str
    duration_s: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    recording_path: str | None = None


class AdminShellRecordingViewed(ShellEvent, to=Audience.ADMINS):
    """Somebody looked at a recording."""
