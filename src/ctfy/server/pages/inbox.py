"""The inbox: invites, requests and announcements that wait for somebody."""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from ctfy.server.access.caller import Caller
from ctfy.server.access.view import ME, MOMENT, Sight, View
from ctfy.server.announcements import service as announcements
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.models.inbox import (
    InboxCaptainRequest,
    InboxCompetitionInvite,
    InboxIncomingInvite,
    InboxOutgoingRequest,
    InboxResponse,
)
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition, CompetitionInvite
from ctfy.server.tables.teams import Team, TeamInvite, TeamMember


async def inbox(database: Database, caller: Caller, competition_id: str = "") -> InboxResponse:
    """Everything that waits for the caller; of one competition, when it is named."""
    view = View(caller)
    invites = await database.read(_team_invites(view.sight), **view.values)
    response = InboxResponse(
        incoming_invites=[],
        outgoing_requests=[],
        captain_requests=[],
        competition_invites=await _competition_invites(database, view, competition_id),
        announcements=await announcements.inbox(database, view, competition_id),
    )
    unread = [a for a in response.announcements if not a.is_read]
    response.unread_announcement_count = len(unread)
    for row in invites:
        if competition_id not in ("", row.competition_id):
            continue
        common: dict[str, Any] = {
            "id": row.id,
            "competition_id": row.competition_id,
            "competition_title": row.title,
            "team_id": row.team_id,
            "team_name": row.team_name,
            "created_at": row.created_at,
        }
        captain = {"captain_user_id": row.captain_id, "captain_display_name": row.captain_name}
        if row.target_user_id != caller.user_id:
            response.captain_requests.append(
                InboxCaptainRequest(
                    **common,
                    requester_user_id=row.target_user_id or "",
                    requester_display_name=row.target_name,
                )
            )
        elif row.kind == "direct":
            response.incoming_invites.append(InboxIncomingInvite(**common, **captain))
        else:
            response.outgoing_requests.append(InboxOutgoingRequest(**common, **captain))
    return response


@functools.cache
def _team_invites(sight: Sight) -> Statement:
    """The open invites and requests that the caller has a part in, newest first."""
    captain, target = aliased(User), aliased(User)
    return Statement(
        select(
            *TeamInvite.__table__.columns,
            Competition.title,
            Team.name.label("team_name"),
            captain.id.label("captain_id"),
            captain.display_name.label("captain_name"),
            target.display_name.label("target_name"),
        )
        .join(Competition, Competition.id == TeamInvite.competition_id)
        .join(Team, Team.id == TeamInvite.team_id)
        .join(captain, captain.id == Team.captain_user_id)
        .join(target, target.id == TeamInvite.target_user_id)
        .where(
            sight.competitions(),
            TeamInvite.status == "pending",
            sight.reaches(TeamInvite.competition_id),
            or_(TeamInvite.expires_at.is_(None), TeamInvite.expires_at > MOMENT),
            or_(
                TeamInvite.target_user_id == ME,
                (TeamInvite.kind == "join_request") & (Team.captain_user_id == ME),
            ),
        )
        .order_by(TeamInvite.created_at.desc(), TeamInvite.id)
    )


@functools.cache
def _to_enter(sight: Sight) -> Statement:
    """The private competitions that the caller may enter and has not."""
    host = aliased(User)
    taking_part = select(TeamMember.competition_id).where(TeamMember.user_id == ME)
    return Statement(
        select(
            *Competition.__table__.columns,
            CompetitionInvite.invited_at,
            host.id.label("host_id"),
            host.display_name.label("host_name"),
        )
        .join(CompetitionInvite, CompetitionInvite.competition_id == Competition.id)
        .join(host, host.id == CompetitionInvite.invited_by)
        .where(
            CompetitionInvite.user_id == ME,
            sight.competitions(),
            sight.reaches(CompetitionInvite.competition_id),
            Competition.status == "published",
            Competition.id.not_in(taking_part),
        )
        .order_by(CompetitionInvite.invited_at.desc())
    )


async def _competition_invites(
    database: Database, view: View, competition_id: str
) -> list[InboxCompetitionInvite]:
    return [
        InboxCompetitionInvite(
            competition_id=row.id,
            competition_title=row.title,
            competition_phase=Competition.of(row).phase_at(view.moment),
            invited_by_user_id=row.host_id,
            invited_by_display_name=row.host_name,
            invited_at=row.invited_at,
        )
        for row in await database.read(_to_enter(view.sight), **view.values)
        if competition_id in ("", row.id)
    ]
