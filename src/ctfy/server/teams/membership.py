"""Coming, going and leading: what changes who is on a team."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, CtfyError, Forbidden, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import View
from ctfy.server.competitions.service import get_visible, read_visible
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.teams import TeamUpdate
from ctfy.server.scheduling import lifecycle
from ctfy.server.site import images
from ctfy.server.tables.access import User
from ctfy.server.tables.challenges import HintUnlock
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.instances import ALIVE, Instance
from ctfy.server.tables.submissions import QuestionAttempts, Submission
from ctfy.server.tables.teams import Team, TeamInvite, TeamMember
from ctfy.server.teams import names
from ctfy.server.teams.events import (
    CompetitionUnregistered,
    TeamDeleted,
    TeamMemberJoined,
    TeamMemberKicked,
    TeamMemberLeft,
    TeamProfileUpdated,
    TeamRoleChanged,
)
from ctfy.server.teams.service import add_member, emit_for_team

# What follows people to other teams: a team with any of it stays, though nobody is on it.
_DEEDS = (Submission, QuestionAttempts, HintUnlock)


async def own_team(session: AsyncSession, caller: Caller, competition_id: str) -> Team:
    """The caller's team, locked until the transaction ends: whoever acts on it takes turns.

    Raises `competition_not_found`, `team_missing`.
    """
    row = await get_visible(session, caller, competition_id)
    team = await lock(session, row.team_id) if row.team_id else None
    # Somebody may have put the caller out while this waited for the lock.
    if team is None or not await is_member(session, team.id, caller.user_id):
        raise _team_missing()
    return team


async def captained(session: AsyncSession, caller: Caller, competition_id: str) -> Team:
    """The team whose captain the caller is, locked. Raises `not_captain`, `team_missing`."""
    team = await own_team(session, caller, competition_id)
    if team.captain_user_id != caller.user_id:
        raise _not_captain()
    return team


async def read_captained(database: Database, caller: Caller, competition_id: str) -> str:
    """The id of that team, for a look at it. Raises the same."""
    row = await read_visible(database, View(caller), competition_id)
    if row.team_id is None:
        raise _team_missing()
    if row.role != "captain":
        raise _not_captain()
    team_id: str = row.team_id
    return team_id


def _team_missing() -> Forbidden:
    return Forbidden("team_missing", "You are on no team in this competition.")


def _not_captain() -> Forbidden:
    return Forbidden("not_captain", "Only the team's captain can do this.")


async def lock(session: AsyncSession, team_id: str) -> Team | None:
    """The team, fresh and locked."""
    team: Team | None = await session.scalar(
        select(Team)
        .where(Team.id == team_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return team


async def member(session: AsyncSession, team: Team, who: str) -> str:
    """The id of a member, by id or by e-mail address. Raises `not_team_member`."""
    found: str | None = await session.scalar(
        select(TeamMember.user_id)
        .join(User, User.id == TeamMember.user_id)
        .where(TeamMember.team_id == team.id, or_(User.id == who, User.email == who.lower()))
    )
    if found is None:
        raise NotFound("not_team_member", "They are not on this team.")
    return found


async def is_member(session: AsyncSession, team_id: str, user_id: str) -> bool:
    """Whether somebody is on a team."""
    found = await session.scalar(
        select(TeamMember.user_id).where(
            TeamMember.team_id == team_id, TeamMember.user_id == user_id
        )
    )
    return found is not None


def no_invite() -> NotFound:
    """The refusal of an invite that is wrong, used up or over."""
    return NotFound("invite_not_found", "There is no such invite, or it is over.")


async def join(session: AsyncSession, team: Team, user_id: str, caller: Caller) -> None:
    """Put somebody on a locked team.

    Raises `team_full`, `already_on_team`; `invite_not_found` for a team that everybody left: its
    name may be another's by now.
    """
    competition = await session.get_one(Competition, team.competition_id)
    members = await session.scalar(select(func.count()).where(TeamMember.team_id == team.id)) or 0
    if not members:
        raise no_invite()
    if competition.max_team_size is not None and members >= competition.max_team_size:
        raise Conflict(
            "team_full",
            f"This team has {members} members, and {competition.max_team_size} is the most.",
            cap=competition.max_team_size,
        )
    await add_member(session, team, user_id)
    # Whatever else they asked for, or were offered, in this competition is settled now.
    await _supersede(
        session,
        TeamInvite.target_user_id == user_id,
        TeamInvite.competition_id == team.competition_id,
    )
    emit_for_team(session, TeamMemberJoined, team, user_id, caller)


async def _supersede(session: AsyncSession, *which: ColumnElement[bool]) -> None:
    """End open invites and requests."""
    await session.execute(
        update(TeamInvite)
        .where(*which, TeamInvite.status == "pending")
        .values(status="superseded", ended_at=now())
    )


async def rename(
    session: AsyncSession, caller: Caller, competition_id: str, body: TeamUpdate
) -> Team:
    """Change the team's name or description. Raises `team_name_taken`."""
    team = await captained(session, caller, competition_id)
    if body.name:
        await names.give(session, team, body.name)
    if body.description is not None:
        team.description = body.description
    emit_for_team(session, TeamProfileUpdated, team, "", caller)
    return team


async def hand_over(session: AsyncSession, caller: Caller, competition_id: str, who: str) -> Team:
    """Make another member captain, by id or address. Raises `not_team_member`."""
    team = await captained(session, caller, competition_id)
    user_id = await member(session, team, who)
    team.captain_user_id = user_id
    emit_for_team(session, TeamRoleChanged, team, user_id, caller, new_role="captain")
    return team


async def kick(session: AsyncSession, caller: Caller, competition_id: str, who: str) -> None:
    """Put a member off, by id or address. Raises `cannot_kick_self`, `not_team_member`."""
    team = await captained(session, caller, competition_id)
    user_id = await member(session, team, who)
    if user_id == caller.user_id:
        raise CtfyError("cannot_kick_self", "You cannot kick yourself. Leave the team instead.")
    await _remove(session, team, user_id)
    emit_for_team(session, TeamMemberKicked, team, user_id, caller)


async def leave(session: AsyncSession, jobs: Jobs, caller: Caller, competition_id: str) -> None:
    """Leave the team; see `part`."""
    team = await own_team(session, caller, competition_id)
    await part(session, jobs, team, caller.user_id, caller)


async def leave_all(session: AsyncSession, jobs: Jobs, caller: Caller) -> None:
    """Take somebody who deletes their account off every team; see `part`."""
    teams = await session.scalars(
        select(TeamMember.team_id)
        .where(TeamMember.user_id == caller.user_id)
        .order_by(TeamMember.team_id)
    )
    for team_id in teams.all():
        team = await lock(session, team_id)
        if team is not None:
            await part(session, jobs, team, caller.user_id, caller)


async def part(session: AsyncSession, jobs: Jobs, team: Team, user_id: str, caller: Caller) -> None:
    """Take somebody off a locked team: themselves, or by who runs the competition.

    A captain hands over to the longest-standing member. When nobody is left, the team's instances
    stop, its invites end and its name is free; a team that never did anything is dissolved.
    """
    await _remove(session, team, user_id)
    gone = TeamMemberLeft if user_id == caller.user_id else TeamMemberKicked
    emit_for_team(session, gone, team, user_id, caller)
    emit_for_team(session, CompetitionUnregistered, team, user_id, caller)
    heir = await session.scalar(
        select(TeamMember.user_id)
        .where(TeamMember.team_id == team.id)
        .order_by(TeamMember.joined_at, TeamMember.user_id)
        .limit(1)
    )
    if heir is not None:
        if team.captain_user_id == user_id:
            team.captain_user_id = heir
            emit_for_team(session, TeamRoleChanged, team, heir, caller, new_role="captain")
        return
    alive = await session.scalars(
        select(Instance.id).where(Instance.team_id == team.id, Instance.state.in_(ALIVE))
    )
    for instance_id in alive.all():
        await lifecycle.request_stop(session, jobs, instance_id, "user")
    await _supersede(session, TeamInvite.team_id == team.id)
    names.free(team)
    deeds = (exists().where(done.team_id == team.id) for done in _DEEDS)
    if await session.scalar(select(or_(*deeds))):
        return
    await images.exchange(session, jobs, team.logo_url, None)
    emit_for_team(session, TeamDeleted, team, user_id, caller)
    await session.flush()
    await session.execute(delete(Team).where(Team.id == team.id))


async def _remove(session: AsyncSession, team: Team, user_id: str) -> None:
    await session.execute(
        delete(TeamMember).where(TeamMember.team_id == team.id, TeamMember.user_id == user_id)
    )
