"""What teams have, and what there is to get."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import Forbidden, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import View, takes_part
from ctfy.server.achievements import awarding
from ctfy.server.achievements.catalogue import ACHIEVEMENTS, BY_EGG
from ctfy.server.achievements.events import AchievementRevoked
from ctfy.server.achievements.rule import Achievement
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
from ctfy.server.tables.achievements import Unlock
from ctfy.server.tables.teams import Team, TeamMember

_HIDDEN = {"name": "Secret achievement", "description": "", "icon": "❔"}
# From which share of the teams on an achievement is called what.
_RARITIES = ((0.5, "common"), (0.2, "uncommon"), (0.05, "rare"), (0.01, "epic"), (0.0, "legendary"))


async def earned_by(session: AsyncSession, view: View) -> tuple[dict[str, int], int]:
    """How many teams are known to have each achievement, and how many teams there are."""
    total = select(func.count(Team.id)).where(takes_part(Team.id)).scalar_subquery()
    rows = await session.execute(
        select(Unlock.achievement_id, func.count().label("times"), total.label("total"))
        .join(Team, Team.id == Unlock.team_id)
        .where(known_to(view), takes_part(Team.id))
        .group_by(Unlock.achievement_id)
    )
    counts, teams = {}, 0
    for row in rows:
        counts[row.achievement_id], teams = row.times, row.total
    return counts, teams


def known_to(view: View) -> ColumnElement[bool]:
    """The condition on what teams got, joined to them, that somebody may know of."""
    return view.bind(view.sight.deeds(Unlock.team_id, Team.competition_id, Unlock.unlocked_at))


async def own_teams(session: AsyncSession, caller: Caller, competition_id: str = "") -> list[str]:
    """The caller's teams that the token reaches, of one competition when it is named."""
    view = View(caller)
    among = [view.bind(view.sight.reaches(TeamMember.competition_id))]
    if competition_id:
        among.append(TeamMember.competition_id == competition_id)
    return await awarding.teams_of(session, caller.user_id, *among)


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


async def catalogue(
    session: AsyncSession, challenges: Catalogue, caller: Caller
) -> list[AchievementCatalogEntry]:
    """Every achievement. Secret ones that the caller's teams lack show no name and no id."""
    teams = await own_teams(session, caller)
    mine = set(
        await session.scalars(select(Unlock.achievement_id).where(Unlock.team_id.in_(teams)))
    )
    counts, total = await earned_by(session, View(caller))
    entries = []
    for place, achievement in enumerate(ACHIEVEMENTS.values()):
        known = achievement.id in mine or caller.is_admin or not achievement.secret
        progress = None
        if achievement.progress is not None:
            current = await achievement.progress(session, challenges, teams)
            target = achievement.target
            progress = AchievementProgress(current=min(current, target), target=target)
        count = counts.get(achievement.id, 0)
        entries.append(
            AchievementCatalogEntry(
                id=achievement.id if known else f"secret_{place}",
                **_words(achievement, known=known),
                progress=progress,
                points=achievement.points,
                earned_by_count=count,
                rarity=_rarity(count, total),
            )
        )
    return entries


def unlocks() -> Select[Unlock, str]:
    """What teams got, newest first."""
    return (
        select(Unlock, Team.name.label("team_name"))
        .join(Team, Team.id == Unlock.team_id)
        .order_by(Unlock.unlocked_at.desc(), Unlock.team_id, Unlock.achievement_id)
    )


def recent_unlock(row: Row[Any]) -> RecentUnlock:
    """A row of `unlocks` as everybody sees it."""
    achievement = ACHIEVEMENTS[row.Unlock.achievement_id]
    return RecentUnlock(
        team_id=row.Unlock.team_id,
        team_name=row.team_name,
        achievement_id=achievement.id,
        name=achievement.name,
        icon=achievement.icon,
        tier=achievement.tier,
        unlocked_at=row.Unlock.unlocked_at,
    )


def team_achievement(
    unlock: Unlock, counts: dict[str, int], teams: int, *, known: bool
) -> TeamAchievement:
    """An unlock on the wire. `known`: the reader is on the team, or an administrator."""
    achievement = ACHIEVEMENTS[unlock.achievement_id]
    shown = known or not achievement.secret
    count = counts.get(achievement.id, 0)
    return TeamAchievement(
        achievement_id=achievement.id if shown else "secret",
        **_words(achievement, known=known),
        unlocked_at=unlock.unlocked_at,
        context=unlock.context if shown else {},
        points=achievement.points,
        earned_by_count=count,
        rarity=_rarity(count, teams),
    )


async def mine(
    session: AsyncSession, challenges: Catalogue, caller: Caller, competition_id: str = ""
) -> MyAchievementsResponse:
    """What the caller's teams have, each once, and what they lack."""
    teams = await own_teams(session, caller, competition_id)
    counts, total = await earned_by(session, View(caller))
    rows = (
        await session.scalars(
            select(Unlock).where(Unlock.team_id.in_(teams)).order_by(Unlock.unlocked_at)
        )
    ).all()
    first = {unlock.achievement_id: unlock for unlock in reversed(rows)}
    unlocked = [
        team_achievement(unlock, counts, total, known=True)
        for unlock in sorted(first.values(), key=lambda u: u.unlocked_at)
        if unlock.achievement_id in ACHIEVEMENTS
    ]
    entries = await catalogue(session, challenges, caller)
    places = list(ACHIEVEMENTS)
    locked = [entry for place, entry in enumerate(entries) if places[place] not in first]
    return MyAchievementsResponse(
        unlocked=unlocked,
        locked=locked,
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
    unlock, new = await give(session, caller, achievement, competition_id)
    counts, total = await earned_by(session, View(caller))
    return EasterEggClaim(
        egg_id=egg_id,
        achievement=team_achievement(unlock, counts, total, known=True),
        already_unlocked=not new,
    )


async def give(
    session: AsyncSession, caller: Caller, achievement: Achievement, competition_id: str
) -> tuple[Unlock, bool]:
    """Award the caller's newest team, or the one in a competition. Raises `team_missing`."""
    teams = await own_teams(session, caller, competition_id)
    if not teams:
        raise Forbidden("team_missing", "Achievements go to a team: enter a competition first.")
    new = await awarding.award(session, achievement, teams[0], caller.user_id, {})
    unlock = await session.get_one(Unlock, (teams[0], achievement.id))
    return unlock, new


async def grant(
    session: AsyncSession, caller: Caller, team_id: str, achievement_id: str
) -> TeamAchievement:
    """An operator's award; a second time changes nothing.

    Raises `achievement_not_found`, `team_not_found`.
    """
    achievement = ACHIEVEMENTS.get(achievement_id)
    if achievement is None:
        raise NotFound("achievement_not_found", "There is no such achievement.")
    await awarding.award(session, achievement, team_id, "", {}, actor_id=caller.user_id)
    unlock = await session.get(Unlock, (team_id, achievement_id))
    if unlock is None:
        raise NotFound("team_not_found", "There is no such team.")
    counts, total = await earned_by(session, View(caller))
    return team_achievement(unlock, counts, total, known=True)


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
