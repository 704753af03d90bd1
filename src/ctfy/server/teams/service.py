"""Teams: entering a competition, and what a team shows of itself."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.core.errors import Conflict, Forbidden, Invalid, NotFound, field_error
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import Sight, View, audience_of, takes_part
from ctfy.server.competitions.service import get_visible, read_visible
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.fields import service as fields
from ctfy.server.models.fields import FieldValue
from ctfy.server.models.teams import RegisterTeamRequest, TeamDetail, TeamInfo, TeamMemberInfo
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.submissions import ChallengeSolve, Submission
from ctfy.server.tables.teams import Team, TeamMember
from ctfy.server.teams import names
from ctfy.server.teams.carried import bring_hints
from ctfy.server.teams.events import CompetitionRegistered, TeamEvent, TeamRegistered


async def register(
    session: AsyncSession, caller: Caller, competition_id: str, body: RegisterTeamRequest
) -> TeamDetail:
    """Enter a competition with a new team, of which the caller is captain.

    Raises `already_on_team`, `competition_ended`, `registration_closed`,
    `competition_invitation_required`, `team_name_required`, `team_name_taken`, `field_invalid`,
    `fields_missing`.
    """
    row = await get_visible(session, caller, competition_id)
    competition: Competition = row.Competition
    await check_may_join(session, row, caller, body.fields)
    if body.mode == "create" and not body.name:
        raise Invalid("team_name_required", "A team needs a name.")
    user = (await session.execute(select(User).where(User.id == caller.user_id))).scalar_one()
    team = Team(
        id=new_id(),
        competition_id=competition_id,
        description=body.description,
        bracket=checked_bracket(competition, body.bracket) or next(iter(competition.brackets), ""),
        captain_user_id=user.id,
    )
    if body.name:
        await names.give(session, team, body.name)
    else:
        await names.give_free(session, team, user.display_name)
    await add_member(session, team, user.id)
    registered = TeamRegistered(
        team_id=team.id, team_name=team.name, competition_id=competition_id, user_id=user.id
    )
    emit(session, registered, audience=audience_of(competition), actor_id=user.id)
    emit_for_team(session, CompetitionRegistered, team, user.id, caller)
    return await detail(session, caller, team.id)


async def check_may_join(
    session: AsyncSession, row: Row[Any], caller: Caller, answers: Mapping[str, FieldValue | None]
) -> None:
    """Raise why the caller cannot enter a competition; keep what they answer to its fields.

    `row` is one of `with_membership`.
    """
    competition: Competition = row.Competition
    if row.team_id is not None:
        raise Conflict("already_on_team", "You are on a team here already.", team_id=row.team_id)
    check_open(competition)
    if competition.access != "public" and not (
        row.is_invited or caller.administers(competition.id)
    ):
        raise invitation_required()
    await fields.give(session, caller.user_id, competition.id, answers, needed="all")


def check_open(competition: Competition) -> None:
    """Raise `competition_ended`, `registration_closed` where nobody may enter a competition now."""
    if competition.phase_at(now()) == "past":
        raise Conflict("competition_ended", "This competition is over.")
    opens, closes = competition.registration_opens_at, competition.registration_closes_at
    if (opens and now() < opens) or (closes and now() >= closes):
        raise Conflict(
            "registration_closed",
            "Registration is not open now.",
            registration_opens_at=_iso(opens),
            registration_closes_at=_iso(closes),
        )


def invitation_required() -> Forbidden:
    """The refusal of whoever is not invited to a private competition."""
    return Forbidden("competition_invitation_required", "This competition is by invitation.")


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def checked_bracket(competition: Competition, wanted: str) -> str:
    """A bracket, or none, as wanted. Raises 422 on one that the competition does not have."""
    if wanted and wanted not in competition.brackets:
        known = ", ".join(competition.brackets) or "none"
        raise field_error(["body", "bracket"], f"this competition's brackets are: {known}")
    return wanted


async def add_member(session: AsyncSession, team: Team, user_id: str) -> None:
    """Put somebody on a team. Raises `already_on_team` when they are on one already."""
    joined = await session.scalar(
        insert(TeamMember)
        .values(
            user_id=user_id, competition_id=team.competition_id, team_id=team.id, joined_at=now()
        )
        .on_conflict_do_nothing()
        .returning(TeamMember.team_id)
    )
    if joined is None:
        raise Conflict("already_on_team", "They are on a team here already.", user_id=user_id)
    await bring_hints(session, team, user_id)


def emit_for_team(
    session: AsyncSession,
    kind: type[TeamEvent],
    team: Team,
    user_id: str,
    caller: Caller,
    **more: Any,
) -> None:
    """Emit what happened to one of a team's people; `caller` did it."""
    event = kind(
        team_id=team.id,
        team_name=team.name,
        competition_id=team.competition_id,
        user_id=user_id,
        **more,
    )
    emit(session, event, actor_id=caller.user_id)


def _infos(sight: Sight) -> Select[Any]:
    """Every team with its captain and what somebody may know of its deeds, oldest first."""
    captain = aliased(User)
    submitted = Submission.submitted_at
    tried = sight.answers(Submission.team_id, Submission.competition_id, submitted)
    return (
        select(
            *Team.__table__.columns,
            captain.display_name.label("captain_name"),
            captain.avatar_url.label("captain_avatar"),
            case(
                (or_(Team.standing_reason_shown, _runs(sight)), Team.standing_reason), else_=""
            ).label("told_reason"),
            select(func.count())
            .where(TeamMember.team_id == Team.id)
            .scalar_subquery()
            .label("members"),
            select(func.count())
            .where(
                ChallengeSolve.team_id == Team.id,
                sight.answers(
                    ChallengeSolve.team_id, ChallengeSolve.competition_id, ChallengeSolve.solved_at
                ),
            )
            .scalar_subquery()
            .label("solves"),
            select(func.count())
            .where(Submission.team_id == Team.id, tried)
            .scalar_subquery()
            .label("attempts"),
            select(func.max(submitted))
            .where(Submission.team_id == Team.id, tried)
            .scalar_subquery()
            .label("last_active_at"),
        )
        .join(captain, captain.id == Team.captain_user_id)
        .order_by(Team.created_at, Team.id)
    )


def _runs(sight: Sight) -> ColumnElement[bool]:
    """The condition that somebody runs a team's competition."""
    if sight.is_visitor or sight.is_admin:
        return literal(sight.is_admin)
    return sight.runs(Team.competition_id)


def info_fields(row: Any) -> dict[str, Any]:
    """The wire fields of a row about a team."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "logo_url": row.logo_url,
        "captain_user_id": row.captain_user_id,
        "captain_display_name": row.captain_name,
        "captain_avatar_url": row.captain_avatar,
        "member_count": row.members,
        "created_at": row.created_at,
        "solves": row.solves,
        "attempts": row.attempts,
        "last_active_at": row.last_active_at,
        "competition_id": row.competition_id,
        "bracket": row.bracket,
    }


def info(row: Any) -> TeamInfo:
    """A row about a team on the wire."""
    return TeamInfo(**info_fields(row))


def _known(sight: Sight) -> Select[Any]:
    """Those that somebody may know of."""
    joined = _infos(sight).join(Competition, Competition.id == Team.competition_id)
    return joined.where(sight.teams())


@functools.cache
def known(sight: Sight) -> Listing:
    """Those that somebody may know of, and somebody is on."""
    return Listing(_known(sight).where(takes_part(Team.id)))


@functools.cache
def found(sight: Sight, *, by_name: bool) -> Listing:
    """Those of a competition, whose names hold a text."""
    query = _infos(sight).where(
        Team.competition_id == bindparam("competition_id"), takes_part(Team.id)
    )
    if by_name:
        query = query.where(Team.name.ilike(bindparam("pattern"), escape="/"))
    return Listing(query)


@functools.cache
def _visible_one(sight: Sight) -> Statement:
    return Statement(_known(sight).where(Team.id == bindparam("team_id")))


@functools.cache
def _one(sight: Sight) -> Statement:
    return Statement(_infos(sight).where(Team.id == bindparam("team_id")))


_MEMBERS = Statement(
    select(
        TeamMember.user_id,
        TeamMember.joined_at,
        User.display_name,
        User.avatar_url,
        fields.public_answers(TeamMember.user_id, TeamMember.competition_id).label("fields"),
    )
    .join(User, User.id == TeamMember.user_id)
    .where(TeamMember.team_id == bindparam("team_id"))
    .order_by(TeamMember.joined_at, TeamMember.user_id)
)


async def visible_detail(database: Database, view: View, team_id: str) -> TeamDetail:
    """A team as anybody may ask for it. Raises `team_not_found` where they may not know it."""
    rows = await database.read(_visible_one(view.sight), team_id=team_id, **view.values)
    return _detail(rows, await database.read(_MEMBERS, team_id=team_id))


async def detail(session: AsyncSession, caller: Caller, team_id: str) -> TeamDetail:
    """A team with its members, for its own. Raises `team_not_found`."""
    view = View(caller)
    one = {"team_id": team_id}
    rows = await session.execute(_one(view.sight).clause, view.values | one)
    return _detail(rows.all(), (await session.execute(_MEMBERS.clause, one)).all())


def _detail(rows: Sequence[Any], members: Sequence[Any]) -> TeamDetail:
    if not rows:
        raise team_not_found()
    row = rows[0]
    return TeamDetail(
        **info_fields(row),
        standing=row.standing,
        standing_reason=row.told_reason,
        standing_reason_shown=row.standing_reason_shown,
        members=[
            TeamMemberInfo(
                user_id=member.user_id,
                display_name=member.display_name,
                avatar_url=member.avatar_url,
                joined_at=member.joined_at,
                fields=member.fields,
                is_captain=member.user_id == row.captain_user_id,
            )
            for member in members
        ],
    )


def visible_one(sight: Sight) -> Select[Any]:
    """The id of a team, `team_id`, where somebody may know of it."""
    of_competition = select(Team.id).join(Competition, Competition.id == Team.competition_id)
    return of_competition.where(Team.id == bindparam("team_id"), sight.teams())


async def team_of(session: AsyncSession, competition_id: str, team_id: str) -> Team:
    """A team of a competition, for those who run that. Raises `team_not_found`."""
    team = await session.get(Team, team_id)
    if team is None or team.competition_id != competition_id:
        raise team_not_found()
    return team


def team_not_found() -> NotFound:
    """No team has that id, or none that the caller may know of."""
    return NotFound("team_not_found", "There is no such team.")


async def require_team(database: Database, caller: Caller, competition_id: str) -> Any:
    """The competition's row, as `read_visible` has it, with the caller's team in it.

    Raises `not_registered`.
    """
    row = await read_visible(database, View(caller), competition_id)
    if row.team_id is None:
        raise not_registered(competition_id)
    return row


def not_registered(competition_id: str) -> Forbidden:
    """The refusal of whoever is on no team of a competition."""
    return Forbidden(
        "not_registered",
        "You are on no team in this competition. Register first.",
        competition_id=competition_id,
    )
