"""Which competitions a caller sees, and what they are in each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.database.base import now
from ctfy.server.events.outbox import Audience
from ctfy.server.models.competitions import (
    CompetitionMembershipInfo,
    Phase,
)
from ctfy.server.platform import Platform
from ctfy.server.standings.projection import Snapshot
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import (
    Competition,
    CompetitionChallenge,
    CompetitionInvite,
)
from ctfy.server.tables.instances import ALIVE, Instance
from ctfy.server.tables.teams import Team, TeamMember

_RULES = (
    "registration_opens_at",
    "registration_closes_at",
    "freezes_at",
    "rank_by",
    "first_blood_bonus",
    "brackets",
    "max_team_size",
)


def phase_of(competition: Competition, moment: datetime) -> Phase:
    """The phase by the clock: no start is running, no end is for ever."""
    if competition.starts_at is not None and moment < competition.starts_at:
        return "upcoming"
    if competition.ends_at is not None and moment >= competition.ends_at:
        return "past"
    return "running"


def _in_phase(phase: Phase, moment: datetime) -> Any:
    upcoming = Competition.starts_at > moment
    past = Competition.ends_at <= moment
    if phase == "upcoming":
        return upcoming
    if phase == "past":
        return and_(past, func.coalesce(Competition.starts_at <= moment, True))
    return and_(
        func.coalesce(Competition.starts_at <= moment, True),
        func.coalesce(Competition.ends_at > moment, True),
    )


def running(moment: datetime) -> Any:
    """The condition of a published competition that runs at a moment."""
    return and_(Competition.status == "published", _in_phase("running", moment))


def published() -> Select[Competition]:
    """What everybody may see without signing in."""
    return select(Competition).where(
        Competition.status == "published", Competition.access == "public"
    )


def audience_of(competition: Competition) -> Audience:
    """Who hears of a competition's teams and scores: everybody only where it is open to all."""
    shown = competition.access == "public" and competition.status == "published"
    return Audience.EVERYBODY if shown else Audience.COMPETITION


def curated(caller: Caller, *, text: str = "", status: str = "", access: str = "") -> Select[Any]:
    """All competitions, for their curators; empty values match everything."""
    query = visible(caller)
    if text:
        query = query.where(Competition.title.icontains(text, autoescape=True))
    if status:
        query = query.where(Competition.status == status)
    if access:
        query = query.where(Competition.access == access)
    return query


def visible(caller: Caller, *, phase: Phase | None = None, id_: str = "") -> Select[Any]:
    """The competitions that a caller may know of, with their own membership; newest first.

    Players see published ones; a hidden one only when they are in it, or invited. A competition's
    own administrators see it always, the platform's administrators see all.
    """
    mine = and_(TeamMember.competition_id == Competition.id, TeamMember.user_id == caller.user_id)
    invited = exists().where(
        CompetitionInvite.competition_id == Competition.id,
        CompetitionInvite.user_id == caller.user_id,
    )
    registered = aliased(Team)
    teams = (
        select(func.count(registered.id))
        .where(registered.competition_id == Competition.id)
        .correlate(Competition)
        .scalar_subquery()
    )
    ordered = (
        select(CompetitionChallenge.challenge_id)
        .where(CompetitionChallenge.competition_id == Competition.id)
        .order_by(CompetitionChallenge.position)
        .correlate(Competition)
    )
    challenges = func.array(ordered.scalar_subquery())
    query = (
        select(
            Competition,
            User.display_name.label("created_by_name"),
            Team.id.label("team_id"),
            Team.name.label("team_name"),
            TeamMember.joined_at,
            case((Team.captain_user_id == caller.user_id, "captain"), else_="member").label("role"),
            invited.label("is_invited"),
            teams.label("registered_count"),
            challenges.label("challenge_ids"),
        )
        .join(User, User.id == Competition.created_by)
        .outerjoin(TeamMember, mine)
        .outerjoin(Team, Team.id == TeamMember.team_id)
        .order_by(Competition.created_at.desc(), Competition.id)
    )
    if not caller.is_admin:
        shown = and_(
            Competition.status == "published",
            or_(Competition.access != "private_hidden", TeamMember.team_id.is_not(None), invited),
        )
        own = caller.administered if caller.token_kind == "user" else frozenset()
        query = query.where(or_(shown, Competition.id.in_(own)) if own else shown)
    if caller.competition_access == "selected" and caller.token_kind != "user":
        query = query.where(Competition.id.in_(caller.competition_ids))
    if phase is not None:
        query = query.where(_in_phase(phase, now()))
    if id_:
        query = query.where(Competition.id == id_)
    return query


def competition_info(row: Row[Any], standings: Snapshot | None) -> dict[str, Any]:
    """The wire fields of a row of `visible`."""
    competition: Competition = row.Competition
    entry = standings.by_team.get(row.team_id) if standings and row.team_id else None
    registered = row.team_id is not None
    return {
        "id": competition.id,
        "title": competition.title,
        "description": competition.description,
        "starts_at": competition.starts_at,
        "ends_at": competition.ends_at,
        "created_at": competition.created_at,
        "updated_at": competition.updated_at,
        "created_by": competition.created_by,
        "created_by_name": row.created_by_name,
        "challenge_ids": row.challenge_ids,
        "status": competition.status,
        "access": competition.access,
        "phase": phase_of(competition, now()),
        "registered_count": row.registered_count,
        "is_registered": registered,
        "can_participate": competition.access == "public" or registered or row.is_invited,
        "my_team_id": row.team_id or "",
        "my_team_name": row.team_name or "",
        "my_role": row.role if registered else "",
        "my_rank": entry.rank if entry else -1,
        "my_score": entry.flags_solved if entry else -1,
        "my_solves": entry.solved if entry else -1,
        "my_points": entry.points if entry else -1,
        **{name: getattr(competition, name) for name in _RULES},
    }


async def get_visible(session: AsyncSession, caller: Caller, competition_id: str) -> Row[Any]:
    """The row of one competition. Raises `competition_not_found`, `token_competition_forbidden`."""
    caller.check_competition(competition_id)
    query = visible(caller, id_=competition_id)
    row: Row[Any] | None = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    return row


async def check_visible(
    platform: Platform, session: AsyncSession, caller: Caller, competition_id: str
) -> Competition:
    """The question of `get_visible` alone, remembered: for routes that need no more of it.

    Raises `competition_not_found`, `token_competition_forbidden`.
    """
    caller.check_competition(competition_id)
    key = ("visible", caller.token_id, competition_id)
    known: Competition | None = platform.memory.get(key)
    if known is not None:
        return known
    stamp = (*caller.stamp, *platform.memory.stamp(f"competition:{competition_id}"))
    row = (
        await session.execute(
            _STANDING, {"user_id": caller.user_id, "competition_id": competition_id}
        )
    ).one_or_none()
    if row is not None:
        competition: Competition = row.Competition
        hidden = competition.access == "private_hidden" and not row.is_near
        if caller.administers(competition_id) or (competition.status == "published" and not hidden):
            session.expunge(competition)  # it outlives the session, also one that rolls back
            platform.memory.keep(key, competition, stamp)
            return competition
    raise NotFound("competition_not_found", "There is no such competition.")


_STANDING = select(
    Competition,
    or_(
        exists().where(
            TeamMember.competition_id == Competition.id,
            TeamMember.user_id == bindparam("user_id"),
        ),
        exists().where(
            CompetitionInvite.competition_id == Competition.id,
            CompetitionInvite.user_id == bindparam("user_id"),
        ),
    ).label("is_near"),
).where(Competition.id == bindparam("competition_id"))


async def get_competition(platform: Platform, competition_id: str) -> Competition:
    """A competition's own row, remembered; whoever asks has seen to it that the caller may."""
    key = ("competition", competition_id)
    known: Competition | None = platform.memory.get(key)
    if known is None:
        stamp = platform.memory.stamp(f"competition:{competition_id}")
        async with platform.database.transaction() as session:
            known = await session.get_one(Competition, competition_id)
        platform.memory.keep(key, known, stamp)
    return known


def require_running(competition: Competition) -> None:
    """Raise 409 outside the running phase."""
    phase = phase_of(competition, now())
    if phase == "past":
        raise Conflict("competition_ended", "This competition is over.", ends_at=_iso(competition))
    if phase == "upcoming":
        starts = competition.starts_at.isoformat() if competition.starts_at else ""
        raise Conflict(
            "competition_not_started", "This competition has not started yet.", starts_at=starts
        )


def _iso(competition: Competition) -> str:
    return competition.ends_at.isoformat() if competition.ends_at else ""


async def memberships(
    session: AsyncSession, platform: Platform, caller: Caller
) -> list[CompetitionMembershipInfo]:
    """Where the caller plays, newest competition first."""
    running = (
        select(func.count())
        .where(Instance.team_id == TeamMember.team_id, Instance.state.in_(ALIVE))
        .scalar_subquery()
    )
    query = (
        visible(caller).where(TeamMember.team_id.is_not(None)).add_columns(running.label("running"))
    )
    result = []
    for row in (await session.execute(query)).all():
        competition: Competition = row.Competition
        standings = await platform.standings.get(competition.id)
        entry = standings.by_team.get(row.team_id)
        result.append(
            CompetitionMembershipInfo(
                competition_id=competition.id,
                competition_title=competition.title,
                competition_phase=phase_of(competition, now()),
                team_id=row.team_id,
                team_name=row.team_name,
                role=row.role,
                running_instances=row.running,
                starts_at=competition.starts_at,
                ends_at=competition.ends_at,
                my_rank=entry.rank if entry else -1,
                competition_team_count=row.registered_count,
            )
        )
    return result
