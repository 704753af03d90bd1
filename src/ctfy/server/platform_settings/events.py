"""The events of platform settings."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event


class PlatformSettingChanged(Event, to=Audience.ADMINS):
    """A setting has another value; `source` is db, env or default."""

    setting_key: str
    source: str
