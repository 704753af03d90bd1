"""Points that no answer brought: given by hand, listed, taken back."""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import ColumnElement, bindparam, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import Sight, audience_of_solves
from ctfy.server.competitions.events import ScoreboardUpdated
from ctfy.server.database.base import new_id, now
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.models.awards import AwardCreate, AwardInfo, TeamAward
from ctfy.server.standings.events import AwardGiven, AwardRevoked
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.standings import Award
from ctfy.server.tables.teams import Team
from ctfy.server.teams.service import team_of, visible_one


def _counts(sight: Sight) -> ColumnElement[bool]:
    """The condition on awards that somebody may know of, and do not know to be taken back."""
    given, revoked = (
        sight.deeds(Award.team_id, Award.competition_id, moment)
        for moment in (Award.awarded_at, Award.revoked_at)
    )
    return given & or_(Award.revoked_at.is_(None), not_(revoked))


@functools.cache
def known_team(sight: Sight) -> Statement:
    """The team `team_id`, where somebody may know of it."""
    return Statement(visible_one(sight))


@functools.cache
def of_team(sight: Sight) -> Listing:
    """What a team was given, as far as somebody may know of it, newest first."""
    query = select(Award).where(Award.team_id == bindparam("team_id"), _counts(sight))
    return Listing(query.order_by(Award.awarded_at.desc(), Award.id))


@functools.cache
def of_competition(*, of_team: bool) -> Listing:
    """What the teams of a competition were given, newest first; `of_team`: one of them alone."""
    query = (
        select(
            *Award.__table__.columns,
            Team.name.label("team_name"),
            User.display_name.label("awarded_by_name"),
        )
        .join(Team, Team.id == Award.team_id)
        .outerjoin(User, User.id == Award.awarded_by)
        .where(Award.competition_id == bindparam("competition_id"), Award.revoked_at.is_(None))
        .order_by(Award.awarded_at.desc(), Award.id)
    )
    return Listing(query.where(Award.team_id == bindparam("team_id")) if of_team else query)


def team_award(row: Any) -> TeamAward:
    """An award's row on the wire, as players see it."""
    return TeamAward(**_told(row))


def award_info(row: Any) -> AwardInfo:
    """A row of `of_competition` on the wire."""
    return AwardInfo(
        **_told(row),
        competition_id=row.competition_id,
        team_id=row.team_id,
        team_name=row.team_name,
        awarded_by=row.awarded_by or "",
        awarded_by_name=row.awarded_by_name or "",
    )


def _told(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "points": row.points,
        "reason": row.name,
        "description": row.description,
        "awarded_at": row.awarded_at,
    }


async def give(
    session: AsyncSession, caller: Caller, competition_id: str, team_id: str, body: AwardCreate
) -> AwardInfo:
    """Give a team points, or take some. Raises `team_not_found`."""
    team = await team_of(session, competition_id, team_id)
    award = Award(
        id=new_id(),
        competition_id=competition_id,
        team_id=team_id,
        name=body.reason,
        description="",
        points=body.points,
        awarded_at=now(),
        awarded_by=caller.user_id,
    )
    session.add(award)
    await _tell(session, AwardGiven, award, team, caller)
    by = await session.get_one(User, caller.user_id)
    return AwardInfo(
        **_told(award),
        competition_id=competition_id,
        team_id=team_id,
        team_name=team.name,
        awarded_by=caller.user_id,
        awarded_by_name=by.display_name,
    )


async def revoke(session: AsyncSession, caller: Caller, competition_id: str, award_id: str) -> None:
    """Take an award, or a penalty, back. Raises `award_not_found`."""
    award = await session.scalar(
        update(Award)
        .where(
            Award.id == award_id,
            Award.competition_id == competition_id,
            Award.revoked_at.is_(None),
        )
        .values(revoked_at=now())
        .returning(Award)
    )
    if award is None:
        raise NotFound("award_not_found", "This competition has no such award.")
    team = await session.get_one(Team, award.team_id)
    await _tell(session, AwardRevoked, award, team, caller)


async def _tell(
    session: AsyncSession,
    kind: type[AwardGiven | AwardRevoked],
    award: Award,
    team: Team,
    caller: Caller,
) -> None:
    event = kind(
        team_id=team.id,
        team_name=team.name,
        competition_id=award.competition_id,
        award_id=award.id,
        points=award.points,
        reason=award.name,
    )
    was = {"points": award.points, "reason": award.name}
    before, after = ({}, was) if kind is AwardGiven else (was, {})
    emit(session, event, actor_id=caller.user_id, before=before, after=after)
    competition = await session.get_one(Competition, award.competition_id)
    audience = audience_of_solves(competition, now())
    emit(session, ScoreboardUpdated(competition_id=competition.id), audience=audience)
