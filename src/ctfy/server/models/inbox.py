"""Announcements, and the inbox in which they and all requests to a person arrive."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ctfy.server.models.base import Request, Response
from ctfy.server.models.competitions import Phase

Severity = Literal["info", "warning", "critical"]
AnnouncementTitle = Annotated[str, Field(min_length=1, max_length=200)]
AnnouncementBody = Annotated[str, Field(max_length=20_000)]


class AnnouncementInfo(Response):
    """A message from the operators, shown from `starts_at` to `ends_at`.

    To everybody, or with a `competition_id` to those who take part in it: to all of them, to those
    of one `bracket`, or to one team.
    """

    id: str
    title: str
    body: str
    severity: Severity
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    created_by: str
    created_by_name: str
    competition_id: str = ""
    competition_title: str = ""
    bracket: str = ""
    team_id: str = ""
    team_name: str = ""


class AnnouncementCreate(Request):
    """A new announcement. Without a window it is shown at once and always.

    Without a competition it is for everybody; whom it is for stays as it is. A team has its
    competition with it.
    """

    title: AnnouncementTitle
    body: AnnouncementBody = ""
    severity: Severity = "info"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    competition_id: Annotated[str, Field(max_length=64)] = ""
    bracket: Annotated[str, Field(max_length=64)] = ""
    team_id: Annotated[str, Field(max_length=64)] = ""


class AnnouncementUpdate(Request):
    """What changes; a field left out stays, and the window can be taken away."""

    title: AnnouncementTitle | None = None
    body: AnnouncementBody | None = None
    severity: Severity | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class InboxAnnouncement(AnnouncementInfo):
    """An announcement, and whether the caller has read it."""

    is_read: bool = False


class InboxIncomingInvite(Response):
    """A team wants the caller."""

    id: str
    competition_id: str
    competition_title: str
    team_id: str
    team_name: str
    captain_user_id: str
    captain_display_name: str
    created_at: datetime | None = None


class InboxOutgoingRequest(InboxIncomingInvite):
    """The caller wants to join a team."""


class InboxCaptainRequest(Response):
    """Somebody wants to join a team whose captain the caller is."""

    id: str
    competition_id: str
    competition_title: str
    team_id: str
    team_name: str
    requester_user_id: str
    requester_display_name: str
    created_at: datetime | None = None


class InboxCompetitionInvite(Response):
    """The caller may take part in a private competition, and does not yet."""

    competition_id: str
    competition_title: str
    competition_phase: Phase
    invited_by_user_id: str = ""
    invited_by_display_name: str = ""
    invited_at: datetime | None = None


class InboxResponse(Response):
    """Everything that waits for the caller."""

    incoming_invites: list[InboxIncomingInvite] = []
    outgoing_requests: list[InboxOutgoingRequest] = []
    captain_requests: list[InboxCaptainRequest] = []
    competition_invites: list[InboxCompetitionInvite] = []
    announcements: list[InboxAnnouncement] = []
    unread_announcement_count: int = 0
