"""Which competitions a caller sees, and what they are in each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, case, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.caller import Caller
from ctfy.server.access.tables import User
from ctfy.server.challenges.service import unknown_challenges
from ctfy.server.competitions.tables import Competition, CompetitionChallenge
from ctfy.server.database.base import new_id, now
from ctfy.server.errors import Conflict, NotFound, field_error
from ctfy.server.events.outbox import Audience, emit
from ctfy.server.instances.tables import ALIVE, Instance
from ctfy.server.models.competitions import (
    CompetitionCreate,
    CompetitionMembershipInfo,
    Phase,
)
from ctfy.server.platform import Platform
from ctfy.server.standings.projection import Snapshot
from ctfy.server.teams.tables import Team, TeamMember


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


def visible(caller: Caller, *, phase: Phase | None = None, id_: str = "") -> Select[Any]:
    """The competitions that a caller may know of, with their own membership; newest first.

    Players see published ones; a hidden one only when they are in it. Administrators see all.
    """
    mine = and_(TeamMember.competition_id == Competition.id, TeamMember.user_id == caller.user_id)
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
            teams.label("registered_count"),
            challenges.label("challenge_ids"),
        )
        .join(User, User.id == Competition.created_by)
        .outerjoin(TeamMember, mine)
        .outerjoin(Team, Team.id == TeamMember.team_id)
        .order_by(Competition.created_at.desc(), Competition.id)
    )
    if not caller.is_admin:
        query = query.where(
            Competition.status == "published",
            or_(Competition.access != "private_hidden", TeamMember.team_id.is_not(None)),
        )
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
        "can_participate": competition.access == "public" or registered,
        "my_team_id": row.team_id or "",
        "my_team_name": row.team_name or "",
        "my_role": row.role if registered else "",
        "my_rank": entry.rank if entry else -1,
        "my_score": entry.flags_solved if entry else -1,
        "my_solves": entry.solved if entry else -1,
    }


async def get_visible(session: AsyncSession, caller: Caller, competition_id: str) -> Row[Any]:
    """The row of one competition. Raises `competition_not_found`, `token_competition_forbidden`."""
    caller.check_competition(competition_id)
    query = visible(caller, id_=competition_id)
    row: Row[Any] | None = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    return row


_STANDING = text(
    """
    SELECT status, access, EXISTS (
      SELECT 1 FROM team_members m WHERE m.competition_id = c.id AND m.user_id = :user
    ) AS is_member
    FROM competitions c WHERE c.id = :competition
    """
)


async def check_visible(session: AsyncSession, caller: Caller, competition_id: str) -> None:
    """The question of `get_visible` alone, for routes that need no more of the competition.

    Raises `competition_not_found`, `token_competition_forbidden`.
    """
    caller.check_competition(competition_id)
    ids = {"user": caller.user_id, "competition": competition_id}
    row = (await session.execute(_STANDING, ids)).one_or_none()
    shown = row is not None and (
        caller.is_admin
        or (row.status == "published" and (row.access != "private_hidden" or row.is_member))
    )
    if not shown:
        raise NotFound("competition_not_found", "There is no such competition.")


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


async def create(
    session: AsyncSession, catalogue: Catalogue, caller_id: str, body: CompetitionCreate
) -> str:
    """A new competition; its id.

    Raises 422 on unknown challenges and on an end before the start.
    """
    for name in ("starts_at", "ends_at"):
        value = getattr(body, name)
        if value is not None and value.tzinfo is None:
            raise field_error(["body", name], "needs a time zone, as in 2026-01-31T12:00:00Z")
    if body.starts_at and body.ends_at and body.ends_at <= body.starts_at:
        raise field_error(["body", "ends_at"], "must be later than `starts_at`")
    if unknown := unknown_challenges(catalogue, body.challenge_ids):
        raise field_error(["body", "challenge_ids"], f"no such challenges: {', '.join(unknown)}")
    if len(set(body.challenge_ids)) != len(body.challenge_ids):
        raise field_error(["body", "challenge_ids"], "names a challenge twice")
    competition = Competition(
        id=new_id(), created_by=caller_id, **body.model_dump(exclude={"challenge_ids"})
    )
    session.add(competition)
    await session.flush()
    session.add_all(
        CompetitionChallenge(
            competition_id=competition.id, challenge_id=challenge_id, position=position
        )
        for position, challenge_id in enumerate(body.challenge_ids)
    )
    hidden = body.status != "published" or body.access == "private_hidden"
    emit(
        session,
        "competition_created",
        audience=Audience.ADMINS if hidden else Audience.EVERYBODY,
        competition_id=competition.id,
    )
    return competition.id


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
