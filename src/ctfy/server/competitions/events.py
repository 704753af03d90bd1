"""The events of competitions."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event, OnBoard, Topic

_SEEN_BY = (Audience.EVERYBODY, Audience.ADMINS)


class CompetitionEvent(Event):
    """Something about a competition itself."""

    competition_id: str
    competition_title: str


class CompetitionCreated(
    CompetitionEvent, to=_SEEN_BY, stale=(Topic.COMPETITION,), board=OnBoard.RELOAD
):
    """There is a new competition: made, cloned, or imported."""

    cloned_from: str | None = None
    action: str | None = None


class CompetitionUpdated(
    CompetitionEvent, to=_SEEN_BY, stale=(Topic.COMPETITION,), board=OnBoard.RELOAD
):
    """The fields in `changed` have other values."""

    changed: list[str]


class ClockEvent(CompetitionEvent):
    """Something about a competition's clock. `ends_at_ts`: its end, Unix time, if it has one."""

    ends_at_ts: float | None = None


_TAKING_PART = (Audience.EVERYBODY, Audience.COMPETITION)


class CompetitionPaused(
    ClockEvent, to=_TAKING_PART, stale=(Topic.COMPETITION,), board=OnBoard.RELOAD
):
    """The clock is stopped: nothing starts, and no answer is taken until it goes on."""


class CompetitionResumed(
    ClockEvent, to=_TAKING_PART, stale=(Topic.COMPETITION,), board=OnBoard.RELOAD
):
    """The clock goes on; the end, and a freeze to come, are put off by the pause."""


class CompetitionExtended(
    ClockEvent, to=_TAKING_PART, stale=(Topic.COMPETITION,), board=OnBoard.RELOAD
):
    """The end is put off by so many `minutes`, and a freeze to come with it."""

    minutes: int


class CompetitionDeleted(
    CompetitionEvent, to=_SEEN_BY, stale=(Topic.COMPETITION,), board=OnBoard.RELOAD
):
    """A competition is gone with all that was done in it."""


class CompetitionExported(CompetitionEvent, to=Audience.ADMINS):
    """Somebody took a competition as a file."""


class CompetitionAdminChanged(
    Event,
    to=Audience.ADMINS,
    personal=True,
    stale=(Topic.COMPETITION, Topic.USER),
    rights=True,
):
    """Somebody runs a competition, or no longer: `action` is grant or revoke."""

    competition_id: str
    user_id: str
    target_user_id: str
    action: str


class CompetitionInviteChanged(
    Event,
    to=(Audience.ADMINS, Audience.TEAM),
    personal=True,
    stale=(Topic.COMPETITION, Topic.USER),
    rights=True,
):
    """An invite to a competition, or to a team in it, was made, answered or taken back."""

    competition_id: str
    user_id: str
    target_user_id: str | None = None
    action: str | None = None
    invite_id: str | None = None
    kind: str | None = None
    status: str | None = None


class ScoreboardUpdated(
    Event, to=(Audience.EVERYBODY, Audience.COMPETITION, Audience.OPERATORS), solves=True
):
    """A competition's standings changed."""

    competition_id: str
