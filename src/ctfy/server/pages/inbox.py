"""The inbox: invites, requests and announcements that wait for somebody."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.server.access.caller import Caller
from ctfy.server.access.view import View
from ctfy.server.announcements import service as announcements
from ctfy.server.database.base import now
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


async def inbox(session: AsyncSession, caller: Caller, competition_id: str = "") -> InboxResponse:
    """Everything that waits for the caller; of one competition, when it is named."""
    response = InboxResponse(
        incoming_invites=[],
        outgoing_requests=[],
        captain_requests=[],
        competition_invites=await _competition_invites(session, caller, competition_id),
        announcements=await announcements.inbox(session, caller),
    )
    unread = [a for a in response.announcements if not a.is_read]
    response.unread_announcement_count = len(unread)
    for row in await _team_invites(session, caller, competition_id):
        invite: TeamInvite = row.TeamInvite
        common: dict[str, Any] = {
            "id": invite.id,
            "competition_id": invite.competition_id,
            "competition_title": row.title,
            "team_id": invite.team_id,
            "team_name": row.team_name,
            "created_at": invite.created_at,
        }
        captain = {"captain_user_id": row.captain_id, "captain_display_name": row.captain_name}
        if invite.target_user_id != caller.user_id:
            response.captain_requests.append(
                InboxCaptainRequest(
                    **common,
                    requester_user_id=invite.target_user_id or "",
                    requester_display_name=row.target_name,
                )
            )
        elif invite.kind == "direct":
            response.incoming_invites.append(InboxIncomingInvite(**common, **captain))
        else:
            response.outgoing_requests.append(InboxOutgoingRequest(**common, **captain))
    return response


async def _team_invites(session: AsyncSession, caller: Caller, competition_id: str) -> list[Any]:
    """The open invites and requests that the caller has a part in, newest first."""
    captain, target = aliased(User), aliased(User)
    query = (
        select(
            TeamInvite,
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
            View(caller).competitions(),
            TeamInvite.status == "pending",
            caller.reaches(TeamInvite.competition_id),
            or_(TeamInvite.expires_at.is_(None), TeamInvite.expires_at > now()),
            or_(
                TeamInvite.target_user_id == caller.user_id,
                (TeamInvite.kind == "join_request") & (Team.captain_user_id == caller.user_id),
            ),
        )
        .order_by(TeamInvite.created_at.desc(), TeamInvite.id)
    )
    if competition_id:
        query = query.where(TeamInvite.competition_id == competition_id)
    return list((await session.execute(query)).all())


async def _competition_invites(
    session: AsyncSession, caller: Caller, competition_id: str
) -> list[InboxCompetitionInvite]:
    """The private competitions that the caller may enter and has not."""
    host = aliased(User)
    taking_part = select(TeamMember.competition_id).where(TeamMember.user_id == caller.user_id)
    query = (
        select(Competition, CompetitionInvite.invited_at, host.id, host.display_name)
        .join(CompetitionInvite, CompetitionInvite.competition_id == Competition.id)
        .join(host, host.id == CompetitionInvite.invited_by)
        .where(
            CompetitionInvite.user_id == caller.user_id,
            View(caller).competitions(),
            caller.reaches(CompetitionInvite.competition_id),
            Competition.status == "published",
            Competition.id.not_in(taking_part),
        )
        .order_by(CompetitionInvite.invited_at.desc())
    )
    if competition_id:
        query = query.where(Competition.id == competition_id)
    return [
        InboxCompetitionInvite(
            competition_id=row.Competition.id,
            competition_title=row.Competition.title,
            competition_phase=row.Competition.phase_at(now()),
            invited_by_user_id=row.id,
            invited_by_display_name=row.display_name,
            invited_at=row.invited_at,
        )
        for row in await session.execute(query)
    ]
