"""Whose an e-mail address is: what is promised to it goes to whoever has proved to read it."""

from __future__ import annotations

from ctfy.server.settings import Settings
from ctfy.server.tables.access import User


def speaks_for_its_address(user: User, settings: Settings) -> bool:
    """Whether an account gets what is meant for its address.

    Where the server can ask by mail, only once it was verified: anybody can register any address.
    """
    asked = bool(settings.smtp_host) or settings.verified_email_required
    return user.email is not None and (user.email_verified_at is not None or not asked)
