"""The events of teams."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event, OnBoard, Topic

_STALE = (Topic.COMPETITION, Topic.USER)


class TeamEvent(Event):
    """Something about a team; `user_id` is the member whom it is about, if any."""

    competition_id: str
    user_id: str = ""


class TeamRegistered(
    TeamEvent,
    to=(Audience.EVERYBODY, Audience.COMPETITION),
    stale=_STALE,
    rights=True,
    board=OnBoard.RELOAD,
):
    """A team entered a competition."""


class CompetitionRegistered(TeamEvent, to=Audience.TEAM, stale=_STALE, rights=True):
    """Somebody takes part in a competition."""


class CompetitionUnregistered(TeamEvent, to=Audience.TEAM, stale=_STALE, rights=True):
    """Somebody takes part no longer."""


class TeamMemberJoined(
    TeamEvent, to=Audience.TEAM, stale=_STALE, rights=True, board=OnBoard.RELOAD
):
    """Somebody came to a team."""


class TeamMemberLeft(TeamEvent, to=Audience.TEAM, stale=_STALE, rights=True, board=OnBoard.RELOAD):
    """Somebody left a team."""


class TeamMemberKicked(
    TeamEvent,
    to=Audience.TEAM,
    personal=True,
    stale=_STALE,
    rights=True,
    board=OnBoard.RELOAD,
):
    """The captain, or who runs the competition, put somebody off a team."""


class TeamRoleChanged(TeamEvent, to=Audience.TEAM, stale=_STALE, rights=True):
    """Somebody else is captain."""

    new_role: str


class TeamProfileUpdated(TeamEvent, to=Audience.TEAM, stale=_STALE, board=OnBoard.RELOAD):
    """A team has another name or description."""


class TeamStandingChanged(
    TeamEvent, to=Audience.TEAM, stale=(Topic.COMPETITION, Topic.ATTEMPTS), board=OnBoard.RELOAD
):
    """A team is ranked, hidden or disqualified; `reason` where it is shown."""

    standing: str
    reason: str | None = None


class TeamDeleted(TeamEvent, to=Audience.TEAM, stale=_STALE, rights=True, board=OnBoard.RELOAD):
    """A team without submissions was dissolved."""


class TeamVisibilityChanged(
    TeamEvent, to=Audience.PLATFORM, stale=(Topic.COMPETITION,), board=OnBoard.RELOAD
):
    """Standings show a team again, or no longer."""
