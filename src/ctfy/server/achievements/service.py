"""What teams have, and what there is to get."""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, delete, func, or_, select, true
from sqlalchemy.dialects.postgresql import array, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Forbidden, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import ME, Sight, View, takes_part
from ctfy.server.achievements import awarding
from ctfy.server.achievements.catalogue import ACHIEVEMENTS, BY_EGG
from ctfy.server.achievements.events import AchievementRevoked
from ctfy.server.achievements.rule import Achievement
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing, Paging
from ctfy.server.database.statement import Row, Statement
from ctfy.server.events.outbox import emit
from ctfy.server.models.achievements import (
    AchievementCatalogEntry,
    AchievementProgress,
    AchievementSummary,
    EasterEggClaim,
    MyAchievementsResponse,
    RecentUnlock,
    TeamAchievement,
)
from ctfy.server.models.base import Page
from ctfy.server.tables.achievements import Unlock
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.teams import Team, TeamMember
from ctfy.server.teams.service import team_not_found, visible_one

_HIDDEN = {"name": "Secret achievement", "description": "", "icon": "❔"}
# From which share of the teams on an achievement is called what.
_RARITIES = ((0.5, "common"), (0.2, "uncommon"), (0.05, "rare"), (0.01, "epic"), (0.0, "legendary"))


# Those with a count, whose counts the catalogue's statement has in this order.
_COUNTED = {a.id: a.progress for a in ACHIEVEMENTS.values() if a.progress is not None}
# How many teams there are.
_TEAMS = select(func.count(Team.id)).where(takes_part(Team.id)).scalar_subquery().label("teams")


def _known(sight: Sight) -> ColumnElement[bool]:
    """The condition on what teams got, joined to them, that somebody may know of."""
    return sight.deeds(Unlock.team_id, Team.competition_id, Unlock.unlocked_at)


def _earned_by(sight: Sight) -> Select[str, int]:
    """How many teams are known to have each achievement that any has."""
    return (
        select(Unlock.achievement_id, func.count().label("times"))
        .join(Team, Team.id == Unlock.team_id)
        .where(_known(sight), takes_part(Team.id))
        .group_by(Unlock.achievement_id)
    )


def _memberships(sight: Sight) -> ColumnElement[bool]:
    """The condition on the caller's memberships that the token reaches."""
    return (TeamMember.user_id == ME) & sight.reaches(TeamMember.competition_id)


def _rarity(count: int, teams: int) -> str:
    if count == 0 or teams == 0:
        return "unearned"
    return next(name for share, name in _RARITIES if count / teams >= share)


def _words(achievement: Achievement, *, known: bool) -> dict[str, Any]:
    """The words of an achievement; a secret one has none for those who lack it."""
    hidden = achievement.secret and not known
    words = (
        _HIDDEN
        if hidden
        else {
            "name": achievement.name,
            "description": achievement.description,
            "icon": achievement.icon,
        }
    )
    return {**words, "tier": achievement.tier, "secret": achievement.secret}


@functools.cache
def _catalogue(sight: Sight) -> Statement:
    """A row for each achievement that any team has, or one without; all have the `progress`.

    `mine`: whether any of the caller's teams has it. `unlocked_at` and `context`: of the first of
    them that got it, in `competition_id` where that is not empty.
    """
    own = select(TeamMember.team_id).where(_memberships(sight))
    earned = _earned_by(sight).add_columns(func.bool_or(Unlock.team_id.in_(own)).label("mine"))
    told = earned.subquery()
    wanted = bindparam("competition_id", type_=String)
    first = (
        select(Unlock.achievement_id, Unlock.unlocked_at, Unlock.context)
        .ext(distinct_on(Unlock.achievement_id))
        .join(TeamMember, TeamMember.team_id == Unlock.team_id)
        .where(_memberships(sight), or_(wanted == "", TeamMember.competition_id == wanted))
        .order_by(Unlock.achievement_id, Unlock.unlocked_at)
        .subquery()
    )
    counts = [func.coalesce(func.max(of(TeamMember.team_id)), 0) for of in _COUNTED.values()]
    best = select(array(counts).label("progress")).where(_memberships(sight)).subquery()
    return Statement(
        select(
            told.c.achievement_id,
            told.c.times,
            told.c.mine,
            first.c.unlocked_at,
            first.c.context,
            best.c.progress,
            _TEAMS,
        )
        .select_from(best)
        .outerjoin(told, true())
        .outerjoin(first, first.c.achievement_id == told.c.achievement_id)
    )


async def _told(
    database: Database, caller: Caller, competition_id: str = ""
) -> tuple[list[Row], list[AchievementCatalogEntry]]:
    """The rows of `_catalogue`, and the entry of each achievement."""
    view = View(caller)
    one = {"competition_id": competition_id}
    rows = await database.read(_catalogue(view.sight), **view.values, **one)
    told = {row.achievement_id: row for row in rows}
    progress = dict(zip(_COUNTED, rows[0].progress, strict=True))
    entries = []
    for place, achievement in enumerate(ACHIEVEMENTS.values()):
        row = told.get(achievement.id)
        known = not achievement.secret or caller.is_admin or (row is not None and row.mine)
        current, target = progress.get(achievement.id), achievement.target
        count = row.times if row is not None else 0
        entries.append(
            AchievementCatalogEntry(
                id=achievement.id if known else f"secret_{place}",
                **_words(achievement, known=known),
                progress=None
                if current is None
                else AchievementProgress(current=min(current, target), target=target),
                points=achievement.points,
                earned_by_count=count,
                rarity=_rarity(count, rows[0].teams),
            )
        )
    return rows, entries


async def catalogue(database: Database, caller: Caller) -> list[AchievementCatalogEntry]:
    """Every achievement. Secret ones that the caller's teams lack show no name and no id."""
    return (await _told(database, caller))[1]


def _unlocks() -> Select[Any]:
    """What teams got, newest first."""
    return (
        select(*Unlock.__table__.columns, Team.name.label("team_name"))
        .join(Team, Team.id == Unlock.team_id)
        .order_by(Unlock.unlocked_at.desc(), Unlock.team_id, Unlock.achievement_id)
    )


@functools.cache
def recent(sight: Sight) -> Listing:
    """What the ranked teams that somebody may know of got, and their own; not the secret ones."""
    open_ones = [a.id for a in ACHIEVEMENTS.values() if not a.secret]
    return Listing(
        _unlocks()
        .join(Competition, Competition.id == Team.competition_id)
        .where(
            Unlock.achievement_id.in_(open_ones),
            _known(sight),
            sight.teams(),
            sight.ranked(),
        )
    )


def recent_unlock(row: Any) -> RecentUnlock:
    """A row of `recent` on the wire."""
    achievement = ACHIEVEMENTS[row.achievement_id]
    return RecentUnlock(
        team_id=row.team_id,
        team_name=row.team_name,
        achievement_id=achievement.id,
        name=achievement.name,
        icon=achievement.icon,
        tier=achievement.tier,
        unlocked_at=row.unlocked_at,
    )


def _of_team(sight: Sight) -> Select[Any]:
    """What a team, `team_id`, got, with how many have the same."""
    told = _earned_by(sight).subquery()
    return (
        _unlocks()
        .add_columns(func.coalesce(told.c.times, 0).label("times"), _TEAMS)
        .outerjoin(told, told.c.achievement_id == Unlock.achievement_id)
        .where(Team.id == bindparam("team_id"))
    )


@functools.cache
def _known_of_team(sight: Sight) -> Listing:
    there_are = Unlock.achievement_id.in_(list(ACHIEVEMENTS))
    return Listing(_of_team(sight).where(there_are, _known(sight)))


@functools.cache
def _one(sight: Sight) -> Statement:
    return Statement(_of_team(sight).where(Unlock.achievement_id == bindparam("achievement_id")))


@functools.cache
def _people(sight: Sight) -> Statement:
    """Who is on a team that somebody may know of."""
    members = select(TeamMember.user_id).where(TeamMember.team_id == Team.id)
    people = func.array(members.correlate(Team).scalar_subquery())
    return Statement(visible_one(sight).add_columns(people.label("people")))


async def of_team(
    database: Database, paging: Paging, caller: Caller | None, team_id: str
) -> Page[TeamAchievement]:
    """What a team has, as somebody may know it. Raises `team_not_found`."""
    view = View(caller)
    team = await database.read(_people(view.sight), team_id=team_id, **view.values)
    if not team:
        raise team_not_found()
    known = caller is not None and (caller.is_admin or caller.user_id in team[0].people)
    return await paging.read(
        database,
        _known_of_team(view.sight),
        lambda row: _team_achievement(row, known=known),
        team_id=team_id,
        **view.values,
    )


def _team_achievement(row: Any, *, known: bool) -> TeamAchievement:
    """An unlock on the wire. `known`: the reader is on the team, or an administrator."""
    achievement = ACHIEVEMENTS[row.achievement_id]
    shown = known or not achievement.secret
    return TeamAchievement(
        achievement_id=achievement.id if shown else "secret",
        **_words(achievement, known=known),
        unlocked_at=row.unlocked_at,
        context=row.context if shown else {},
        points=achievement.points,
        earned_by_count=row.times,
        rarity=_rarity(row.times, row.teams),
    )


async def mine(
    database: Database, caller: Caller, competition_id: str = ""
) -> MyAchievementsResponse:
    """What the caller's teams have, each once, and what they lack."""
    rows, entries = await _told(database, caller, competition_id)
    got = {row.achievement_id: row for row in rows if row.unlocked_at is not None}
    unlocked = [
        _team_achievement(row, known=True)
        for row in sorted(got.values(), key=lambda row: row.unlocked_at)
        if row.achievement_id in ACHIEVEMENTS
    ]
    return MyAchievementsResponse(
        unlocked=unlocked,
        locked=[entry for id_, entry in zip(ACHIEVEMENTS, entries, strict=True) if id_ not in got],
        summary=AchievementSummary(
            unlocked_count=len(unlocked),
            total_count=len(ACHIEVEMENTS),
            score=sum(a.points for a in unlocked),
            total_score=sum(a.points for a in ACHIEVEMENTS.values()),
        ),
    )


async def claim_egg(
    session: AsyncSession, caller: Caller, egg_id: str, competition_id: str
) -> EasterEggClaim:
    """Take what an easter egg holds, for the caller's newest team.

    Raises `easter_egg_not_found`, `team_missing`.
    """
    achievement = BY_EGG.get(egg_id)
    if achievement is None:
        raise NotFound("easter_egg_not_found", "There is no such easter egg.")
    unlocked, new = await give(session, caller, achievement, competition_id)
    return EasterEggClaim(egg_id=egg_id, achievement=unlocked, already_unlocked=not new)


@functools.cache
def _own_teams(sight: Sight) -> Statement:
    """The caller's teams, newest first."""
    own = select(TeamMember.team_id, TeamMember.competition_id).where(_memberships(sight))
    return Statement(own.order_by(TeamMember.joined_at.desc()))


async def own_teams(session: AsyncSession, caller: Caller, competition_id: str = "") -> list[str]:
    """The caller's teams that the token reaches, of one competition when it is named."""
    view = View(caller)
    rows = await session.execute(_own_teams(view.sight).clause, view.values)
    return [row.team_id for row in rows if competition_id in ("", row.competition_id)]


async def give(
    session: AsyncSession, caller: Caller, achievement: Achievement, competition_id: str
) -> tuple[TeamAchievement, bool]:
    """Award the caller's newest team, or the one in a competition; whether it is new to them.

    Raises `team_missing`.
    """
    teams = await own_teams(session, caller, competition_id)
    if not teams:
        raise Forbidden("team_missing", "Achievements go to a team: enter a competition first.")
    new = await awarding.award(session, [awarding.Award(teams[0], achievement, caller.user_id)])
    unlocked = await _unlocked(session, caller, teams[0], achievement.id)
    if unlocked is None:
        raise team_not_found()
    return unlocked, bool(new)


async def _unlocked(
    session: AsyncSession, caller: Caller, team_id: str, achievement_id: str
) -> TeamAchievement | None:
    """An achievement that a team has, maybe since this transaction; None where it has not."""
    view = View(caller)
    one = {"team_id": team_id, "achievement_id": achievement_id}
    rows = await session.execute(_one(view.sight).clause, view.values | one)
    row = rows.one_or_none()
    return None if row is None else _team_achievement(row, known=True)


async def grant(
    session: AsyncSession, caller: Caller, team_id: str, achievement_id: str
) -> TeamAchievement:
    """An operator's award; a second time changes nothing.

    Raises `achievement_not_found`, `team_not_found`.
    """
    achievement = ACHIEVEMENTS.get(achievement_id)
    if achievement is None:
        raise NotFound("achievement_not_found", "There is no such achievement.")
    award = awarding.Award(team_id, achievement)
    await awarding.award(session, [award], actor_id=caller.user_id)
    unlocked = await _unlocked(session, caller, team_id, achievement_id)
    if unlocked is None:
        raise team_not_found()
    return unlocked


async def revoke(session: AsyncSession, caller: Caller, team_id: str, achievement_id: str) -> None:
    """Take an achievement from a team. Raises `achievement_not_found`."""
    gone = await session.scalar(
        delete(Unlock)
        .where(Unlock.team_id == team_id, Unlock.achievement_id == achievement_id)
        .returning(Unlock.team_id)
    )
    if gone is None:
        raise NotFound("achievement_not_found", "This team has no such achievement.")
    revoked = AchievementRevoked(team_id=team_id, achievement_id=achievement_id)
    emit(session, revoked, actor_id=caller.user_id)
