"""What whoever runs a competition changes of its teams: names, people, and whether they count."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access.addresses import speaks_for_its_address
from ctfy.server.access.caller import Caller
from ctfy.server.access.events import AccountChanged
from ctfy.server.access.view import audience_of_solves
from ctfy.server.competitions.events import ScoreboardUpdated
from ctfy.server.database.base import now
from ctfy.server.events.outbox import emit
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.teams import TeamCorrection, TeamDetail
from ctfy.server.settings import Settings
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.teams import TeamMember
from ctfy.server.teams import names
from ctfy.server.teams.events import TeamProfileUpdated, TeamStandingChanged
from ctfy.server.teams.membership import is_member, join, lock, member, part
from ctfy.server.teams.service import checked_bracket, detail, team_of

_PROFILE = ("name", "bracket")
_STANDING = ("standing", "standing_reason", "standing_reason_shown")


async def correct(
    session: AsyncSession, caller: Caller, competition_id: str, team_id: str, body: TeamCorrection
) -> TeamDetail:
    """Change a team. Raises `team_not_found`, `team_name_taken`, 422 on an unknown bracket."""
    team = await team_of(session, competition_id, team_id)
    await lock(session, team_id)
    before = {name: getattr(team, name) for name in (*_PROFILE, *_STANDING)}
    wanted = body.model_dump(exclude_none=True)
    if wanted.get("standing") == "ranked":  # nothing is left to give a reason for
        wanted |= {"standing_reason": "", "standing_reason_shown": False}
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if "bracket" in changed:
        checked_bracket(await session.get_one(Competition, competition_id), changed["bracket"])
    if "name" in changed and team.name_folded is not None:
        await names.give(session, team, changed["name"])
    for name, value in changed.items():
        setattr(team, name, value)
    common: dict[str, Any] = {
        "team_id": team_id,
        "team_name": team.name,
        "competition_id": competition_id,
    }
    if changed.keys() & set(_PROFILE):
        _tell(session, TeamProfileUpdated(**common), caller, before, changed, _PROFILE)
    if changed.keys() & set(_STANDING):
        told = team.standing_reason if team.standing_reason_shown else None
        event = TeamStandingChanged(**common, standing=team.standing, reason=told)
        _tell(session, event, caller, before, changed, _STANDING)
    if "bracket" in changed:  # they hear what is for that bracket from now on
        for user_id in await session.scalars(
            select(TeamMember.user_id).where(TeamMember.team_id == team_id)
        ):
            emit(session, AccountChanged(user_id=user_id))
    if changed.keys() & {"name", "bracket", "standing"}:  # what everybody's standings show
        competition = await session.get_one(Competition, competition_id)
        audience = audience_of_solves(competition, now())
        emit(session, ScoreboardUpdated(competition_id=competition_id), audience=audience)
    await session.flush()
    return await detail(session, caller, team_id)


async def move(
    session: AsyncSession,
    settings: Settings,
    jobs: Jobs,
    caller: Caller,
    competition_id: str,
    team_id: str,
    who: str,
) -> TeamDetail:
    """Put somebody on a team, by id or address, from the one that they are on here, if any.

    What they did stays with the team that they did it for. Raises `user_not_found`,
    `team_not_found`, `team_full`, `already_on_team`, `email_not_verified` for somebody from
    outside, and `invite_not_found` for a team that everybody left.
    """
    user = await session.scalar(
        select(User).where(
            or_(User.id == who, User.email == who.lower()), User.deleted_at.is_(None)
        )
    )
    if user is None:
        raise NotFound("user_not_found", "There is no such account.")
    team = await team_of(session, competition_id, team_id)
    on = await session.scalar(
        select(TeamMember.team_id).where(
            TeamMember.competition_id == competition_id, TeamMember.user_id == user.id
        )
    )
    if on == team_id:
        raise Conflict("already_on_team", "They are on this team already.", user_id=user.id)
    if on is None and who != user.id and not speaks_for_its_address(user, settings):
        raise Conflict(
            "email_not_verified",
            "The account with this address has not verified it, so it may be somebody else's. "
            "Ask them to verify it, or give their id.",
        )
    # By id, so that two who move people cannot wait in a circle.
    locked = {each: await lock(session, each) for each in sorted({team_id, on or team_id})}
    before = locked[on] if on else None
    if before is not None and await is_member(session, before.id, user.id):
        await part(session, jobs, before, user.id, caller)
    await join(session, team, user.id, caller)
    await session.flush()
    return await detail(session, caller, team_id)


async def take_off(
    session: AsyncSession,
    jobs: Jobs,
    caller: Caller,
    competition_id: str,
    team_id: str,
    who: str,
) -> None:
    """Take somebody off a team, by id or address. Raises `team_not_found`, `not_team_member`."""
    team = await team_of(session, competition_id, team_id)
    await lock(session, team_id)
    await part(session, jobs, team, await member(session, team, who), caller)


def _tell(
    session: AsyncSession,
    event: TeamProfileUpdated | TeamStandingChanged,
    caller: Caller,
    before: dict[str, Any],
    changed: dict[str, Any],
    names: tuple[str, ...],
) -> None:
    changes = {name: value for name, value in changed.items() if name in names}
    was = {name: before[name] for name in changes}
    emit(session, event, actor_id=caller.user_id, before=was, after=changes)
