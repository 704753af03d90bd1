"""Which competitions a caller sees, and what they are in each."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import ME, MOMENT, Sight, View, takes_part
from ctfy.server.cache import Cache, Stamp
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement, one_of, texts
from ctfy.server.models.competitions import Phase
from ctfy.server.models.standings import ScoreboardEntry
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import (
    Competition,
    CompetitionChallenge,
    CompetitionInvite,
)
from ctfy.server.tables.teams import Team, TeamMember

_RULES = (
    "registration_opens_at",
    "registration_closes_at",
    "freezes_at",
    "writeups_until",
    "rank_by",
    "first_blood_bonus",
    "brackets",
    "max_team_size",
    "scoreboard_visibility",
    "paused_at",
    "practice",
)


_IS_IT = Competition.id == bindparam("competition_id")


def _in_phase(phase: Phase, at: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    moment = func.coalesce(Competition.paused_at, at)  # as `Competition.phase_at` has it
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


def running(moment: datetime) -> ColumnElement[bool]:
    """The condition of a published competition that runs at a moment."""
    return and_(Competition.status == "published", _in_phase("running", moment))


# How many teams somebody takes part with, beside a competition.
_registered = aliased(Team)
_REGISTERED = (
    select(func.count(_registered.id))
    .where(_registered.competition_id == Competition.id, takes_part(_registered.id))
    .correlate(Competition)
    .scalar_subquery()
    .label("registered_count")
)
_COUNTED = Statement(
    select(Competition.id, _REGISTERED).where(one_of(Competition.id, texts("ids")))
)


async def registered_counts(
    database: Database, cache: Cache, competition_ids: Iterable[str]
) -> dict[str, int]:
    """How many teams take part in each competition; cached.

    It is the same for all who see a competition, and looks at all of its people.
    """
    counts: dict[str, int] = {}
    stamps: dict[str, Stamp] = {}
    for id_ in competition_ids:
        known: int | None = cache.get(("registered", id_))
        if known is None:
            stamps[id_] = cache.stamp(f"competition:{id_}")
        else:
            counts[id_] = known
    if stamps:
        for row in await database.read(_COUNTED, ids=list(stamps)):
            counts[row.id] = row.registered_count
            cache.put(("registered", row.id), row.registered_count, stamps[row.id])
    return counts


def curated(view: View, *, text: str = "", status: str = "", access: str = "") -> Select[Any]:
    """All competitions, for their curators; empty values match everything.

    It needs `View.values`.
    """
    query = with_membership(view.sight).add_columns(_REGISTERED)
    if text:
        query = query.where(Competition.title.icontains(text, autoescape=True))
    if status:
        query = query.where(Competition.status == status)
    if access:
        query = query.where(Competition.access == access)
    return query


def with_membership(sight: Sight) -> Select[Any]:
    """The competitions that a caller may know of, with their own membership; newest first.

    It needs `View.values`.
    """
    mine = and_(
        TeamMember.competition_id == Competition.id,
        TeamMember.user_id == ME,
        sight.reaches(TeamMember.competition_id),
    )
    invited = exists().where(
        CompetitionInvite.competition_id == Competition.id,
        CompetitionInvite.user_id == ME,
        sight.reaches(CompetitionInvite.competition_id),
    )
    every = (
        select(CompetitionChallenge.challenge_id)
        .where(CompetitionChallenge.competition_id == Competition.id)
        .order_by(CompetitionChallenge.position)
        .correlate(Competition)
    )
    visible = every.where(CompetitionChallenge.state == "visible")
    return (
        select(
            Competition,
            User.display_name.label("created_by_name"),
            Team.id.label("team_id"),
            Team.name.label("team_name"),
            TeamMember.joined_at,
            case((Team.captain_user_id == ME, "captain"), else_="member").label("role"),
            invited.label("is_invited"),
            func.array(visible.scalar_subquery()).label("challenge_ids"),
            func.array(every.scalar_subquery()).label("every_challenge_id"),
        )
        .join(User, User.id == Competition.created_by)
        .outerjoin(TeamMember, mine)
        .outerjoin(Team, Team.id == TeamMember.team_id)
        .where(sight.competitions())
        .order_by(Competition.created_at.desc(), Competition.id)
    )


def in_phase(sight: Sight, phase: Phase) -> Select[Any]:
    """Those of them that are in a phase at the view's moment."""
    return with_membership(sight).where(_in_phase(phase, MOMENT))


@functools.cache
def listed(sight: Sight, phase: Phase | None, *, of_one: bool) -> Listing:
    """Those in a phase, or all; or the one whose `competition_id` is given."""
    query = in_phase(sight, phase) if phase else with_membership(sight)
    return Listing(query.where(_IS_IT) if of_one else query)


@functools.cache
def _one(sight: Sight) -> Statement:
    return Statement(with_membership(sight).where(_IS_IT))


def competition_info(
    view: View,
    competition: Competition,
    row: Any,
    registered_count: int,
    standing: ScoreboardEntry | None = None,
) -> dict[str, Any]:
    """The wire fields of a competition and its row of `with_membership`.

    `registered_count`: the teams that take part; `standing`: of the caller's own. It names the
    challenges that show, none before the start; to operators all of them.
    """
    registered = row.team_id is not None
    shown = row.challenge_ids if view.challenges_are_open(competition) else []
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
        "challenge_ids": row.every_challenge_id if view.is_operator(competition.id) else shown,
        "status": competition.status,
        "access": competition.access,
        "phase": competition.phase_at(now()),
        "registered_count": registered_count,
        "is_registered": registered,
        "can_participate": competition.access == "public" or registered or row.is_invited,
        "my_team_id": row.team_id or "",
        "my_team_name": row.team_name or "",
        "my_role": row.role if registered else "",
        "my_rank": standing.rank if standing else -1,
        "my_score": standing.flags_solved if standing else -1,
        "my_solves": standing.solved if standing else -1,
        "my_points": standing.points if standing else -1,
        **{name: getattr(competition, name) for name in _RULES},
    }


async def get_visible(session: AsyncSession, caller: Caller, competition_id: str) -> Row[Any]:
    """The row of one competition. Raises `competition_not_found`, `token_competition_forbidden`."""
    caller.check_competition(competition_id)
    view = View(caller)
    values = view.values | {"competition_id": competition_id}
    found = await session.execute(_one(view.sight).clause, values)
    row: Row[Any] | None = found.one_or_none()
    if row is None:
        raise _missing()
    return row


async def read_visible(database: Database, view: View, competition_id: str) -> Any:
    """The same outside of a transaction: a row with the competition's own columns."""
    assert view.caller is not None  # noqa: S101 - visitors have no membership
    view.caller.check_competition(competition_id)
    rows = await database.read(_one(view.sight), competition_id=competition_id, **view.values)
    if not rows:
        raise _missing()
    return rows[0]


def _missing() -> NotFound:
    return NotFound("competition_not_found", "There is no such competition.")


async def get_competition(database: Database, cache: Cache, competition_id: str) -> Competition:
    """A competition's own row, cached; whoever asks has seen to it that the caller may."""
    key = ("competition", competition_id)
    known: Competition | None = cache.get(key)
    if known is None:
        stamp = cache.stamp(f"competition:{competition_id}")
        async with database.transaction() as session:
            known = await session.get_one(Competition, competition_id)
        cache.put(key, known, stamp)
    return known


def require_running(competition: Competition) -> None:
    """Raise 409 while nothing can be played: outside the running phase, and in a pause.

    After the end of one that goes on for practice, it can be.
    """
    phase = competition.phase_at(now())
    if competition.paused_at is not None:
        raise Conflict(
            "competition_paused",
            "This competition is paused. It goes on once the organisers say so; nothing is lost.",
            paused_at=competition.paused_at.isoformat(),
        )
    if phase == "past" and not competition.practice:
        raise Conflict("competition_ended", "This competition is over.", ends_at=_iso(competition))
    if phase == "upcoming":
        starts = competition.starts_at.isoformat() if competition.starts_at else ""
        raise Conflict(
            "competition_not_started", "This competition has not started yet.", starts_at=starts
        )


def _iso(competition: Competition) -> str:
    return competition.ends_at.isoformat() if competition.ends_at else ""
