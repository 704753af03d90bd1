"""Entering a competition."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.access.caller import Caller
from ctfy.server.access.tables import User
from ctfy.server.competitions.service import get_visible, phase_of
from ctfy.server.database.base import new_id, now
from ctfy.server.errors import Conflict, Forbidden, Invalid, NotFound
from ctfy.server.events.outbox import Audience, emit
from ctfy.server.models.teams import RegisterTeamRequest, TeamDetail, TeamMemberInfo
from ctfy.server.submissions.tables import Solve, Submission
from ctfy.server.teams.tables import Team, TeamMember


async def register(
    session: AsyncSession, caller: Caller, competition_id: str, body: RegisterTeamRequest
) -> TeamDetail:
    """Enter a competition with a new team, of which the caller is captain.

    Raises `already_on_team`, `competition_ended`, `competition_invitation_required`,
    `team_name_required`.
    """
    row = await get_visible(session, caller, competition_id)
    if row.team_id is not None:
        raise Conflict("already_on_team", "You are on a team here already.", team_id=row.team_id)
    if phase_of(row.Competition, now()) == "past":
        raise Conflict("competition_ended", "This competition is over.")
    if row.Competition.access != "public" and not caller.is_admin:
        raise Forbidden("competition_invitation_required", "This competition is by invitation.")
    name = body.name.strip()
    if body.mode == "create" and not name:
        raise Invalid("team_name_required", "A team needs a name.")
    user = (await session.execute(select(User).where(User.id == caller.user_id))).scalar_one()
    team = Team(
        id=new_id(),
        competition_id=competition_id,
        name=name or user.display_name,
        description=body.description,
        captain_user_id=user.id,
    )
    session.add(team)
    await session.flush()
    joined = await session.scalar(
        insert(TeamMember)
        .values(user_id=user.id, competition_id=competition_id, team_id=team.id, joined_at=now())
        .on_conflict_do_nothing()
        .returning(TeamMember.team_id)
    )
    if joined is None:  # another request of the same person was faster
        raise Conflict("already_on_team", "You are on a team here already.")
    emit(
        session,
        "team_registered",
        audience=Audience.EVERYBODY if row.Competition.access == "public" else Audience.TEAM,
        team_id=team.id,
        team_name=team.name,
        competition_id=competition_id,
    )
    return await detail(session, team.id)


async def detail(session: AsyncSession, team_id: str) -> TeamDetail:
    """A team with its members. Raises `team_not_found`."""
    rows = (
        await session.execute(
            select(
                Team,
                TeamMember.joined_at,
                User.id,
                User.display_name,
                select(func.count())
                .where(Solve.team_id == Team.id)
                .scalar_subquery()
                .label("solves"),
                select(func.count())
                .where(Submission.team_id == Team.id)
                .scalar_subquery()
                .label("attempts"),
                func.max(User.last_active_at).over().label("last_active_at"),
            )
            .join(TeamMember, TeamMember.team_id == Team.id)
            .join(User, User.id == TeamMember.user_id)
            .where(Team.id == team_id)
            .order_by(TeamMember.joined_at)
        )
    ).all()
    if not rows:
        raise NotFound("team_not_found", "There is no such team.")
    team: Team = rows[0].Team
    captain = next((r.display_name for r in rows if r.id == team.captain_user_id), "")
    return TeamDetail(
        id=team.id,
        name=team.name,
        description=team.description,
        captain_user_id=team.captain_user_id,
        captain_display_name=captain,
        member_count=len(rows),
        created_at=team.created_at,
        solves=rows[0].solves,
        attempts=rows[0].attempts,
        last_active_at=rows[0].last_active_at,
        competition_id=team.competition_id,
        members=[
            TeamMemberInfo(
                user_id=r.id,
                display_name=r.display_name,
                is_captain=r.id == team.captain_user_id,
                joined_at=r.joined_at,
            )
            for r in rows
        ],
    )


async def require_team(session: AsyncSession, caller: Caller, competition_id: str) -> Row[Any]:
    """The competition's row with the caller's team in it. Raises `not_registered`."""
    row = await get_visible(session, caller, competition_id)
    if row.team_id is None:
        raise Forbidden(
            "not_registered",
            "You are on no team in this competition. Register first.",
            competition_id=competition_id,
        )
    return row
