"""Events of who may do what."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event, Topic


class AccountChanged(Event, to=Audience.PLATFORM, stale=(Topic.USER,), rights=True):
    """A person, their tokens or what they may do changed."""

    user_id: str
