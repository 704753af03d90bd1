"""The events of accounts."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event, Topic


class AccountEvent(Event):
    """An operator changed somebody's account."""

    user_id: str
    target_user_id: str
    target_user_name: str


class AccountRoleChanged(AccountEvent, to=Audience.ADMINS, stale=(Topic.USER,), rights=True):
    """Somebody has another role."""

    previous_role: str
    new_role: str


class AccountSuspended(AccountEvent, to=Audience.ADMINS, stale=(Topic.USER,), rights=True):
    """Somebody is shut out."""

    reason: str


class AccountReinstated(AccountEvent, to=Audience.ADMINS, stale=(Topic.USER,), rights=True):
    """Somebody may come in again."""


class AccountCreated(AccountEvent, to=Audience.ADMINS, stale=(Topic.USER,)):
    """An operator made an account for somebody."""

    role: str


class AccountEdited(AccountEvent, to=Audience.ADMINS, stale=(Topic.USER,)):
    """An operator changed somebody's name or address."""

    fields: list[str]


class AccountPasswordSet(AccountEvent, to=Audience.ADMINS, stale=(Topic.USER,)):
    """An operator set somebody's password."""


class AccountTotpReset(AccountEvent, to=Audience.ADMINS, stale=(Topic.USER,), rights=True):
    """An operator turned off somebody's two-factor sign-in."""


class SignInLinkMade(AccountEvent, to=Audience.ADMINS):
    """An operator made a link with which somebody signs in, once."""

    mailed: bool


class PeopleImported(Event, to=Audience.ADMINS):
    """An operator made many accounts at once."""

    import_id: str
    created: int


class IdentityLinked(Event, to=Audience.PERSON, stale=(Topic.USER,)):
    """Somebody can sign in with an account elsewhere."""

    user_id: str
    provider: str
