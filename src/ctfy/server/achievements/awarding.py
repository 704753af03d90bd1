"""Awarding: the rules are asked of every event, in the worker, once, a batch at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.view import audience_of_solves
from ctfy.server.achievements.catalogue import ACHIEVEMENTS, BY_EVENT
from ctfy.server.achievements.events import AchievementUnlocked
from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.database.base import now
from ctfy.server.database.connections import Background
from ctfy.server.events.follower import follow
from ctfy.server.events.outbox import emit
from ctfy.server.events.relay import RelayedEvent
from ctfy.server.events.types import Audience, Event
from ctfy.server.tables.achievements import Unlock
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.teams import Team, TeamMember

log = structlog.get_logger()


class Award(NamedTuple):
    """An achievement that a team is to have; `context`: what earned it."""

    team_id: str
    achievement: Achievement
    user_id: str = ""
    context: dict[str, Any] = {}


async def run(background: Background, catalogue: Catalogue) -> None:
    """Follow the events and award what they earn, until cancelled."""

    async def handle(session: AsyncSession, events: list[RelayedEvent]) -> None:
        await consider(session, catalogue, events)

    await follow(background, "achievements", handle, frozenset(BY_EVENT))


async def consider(session: AsyncSession, catalogue: Catalogue, events: list[RelayedEvent]) -> None:
    """Ask every rule that an event of these concerns. One that fails holds nobody up.

    What was done for practice, after the end, earns nothing.
    """
    events = [event for event in events if not event.payload.get("practice")]
    happenings = [Happening(catalogue, event) for event in events]
    possible: defaultdict[str, list[int]] = defaultdict(list)
    for number, happening in enumerate(happenings):
        for achievement in BY_EVENT.get(happening.event.kind or Event, ()):
            if _concerns(achievement, happening):
                possible[achievement.id].append(number)
    concerned = {number for numbers in possible.values() for number in numbers}
    teams = await _teams(session, {number: events[number] for number in concerned})
    have = await _have(session, {team_id for mine in teams.values() for team_id in mine})
    awards: dict[tuple[str, str], Award] = {}
    for achievement_id, numbers in possible.items():
        achievement = ACHIEVEMENTS[achievement_id]
        asked = [n for n in numbers if any((team, achievement_id) not in have for team in teams[n])]
        for number in await _earning(session, achievement, [happenings[n].row(n) for n in asked]):
            event = events[number]
            for team in teams[number]:
                if (team, achievement_id) not in have | awards.keys():
                    person = str(event.payload.get("user_id", ""))
                    awards[team, achievement_id] = Award(team, achievement, person, _context(event))
    await award(session, list(awards.values()))


def _concerns(achievement: Achievement, happening: Happening) -> bool:
    """What the rule says of the event alone; one that cannot read an older event says no."""
    try:
        return achievement.when(happening)
    except Exception:
        log.exception("achievement_rule_failed", achievement=achievement.id)
        return False


async def _earning(
    session: AsyncSession, achievement: Achievement, rows: list[dict[str, Any]]
) -> list[int]:
    """Which of these events earn an achievement, by number. One that breaks the rule does not."""
    query = achievement.query
    if query is None or not rows:
        return [row["number"] for row in rows]
    try:
        async with session.begin_nested():
            return sorted((await session.scalars(query, {"batch": rows})).all())
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        if len(rows) == 1:
            log.exception("achievement_rule_failed", achievement=achievement.id)
            return []
    half = len(rows) // 2
    earlier = await _earning(session, achievement, rows[:half])
    return earlier + await _earning(session, achievement, rows[half:])


async def _teams(session: AsyncSession, events: dict[int, RelayedEvent]) -> dict[int, list[str]]:
    """The team of each event; of one about a person alone, all of theirs, the newest first."""
    people = {str(e.payload.get("user_id", "")) for e in events.values() if e.team_id is None}
    theirs: defaultdict[str, list[str]] = defaultdict(list)
    if people:
        memberships = select(TeamMember).where(TeamMember.user_id.in_(people))
        for member in await session.scalars(memberships.order_by(TeamMember.joined_at.desc())):
            theirs[member.user_id].append(member.team_id)
    return {
        number: [event.team_id] if event.team_id else theirs[str(event.payload.get("user_id", ""))]
        for number, event in events.items()
    }


async def _have(session: AsyncSession, teams: set[str]) -> set[tuple[str, str]]:
    """What teams have already, as pairs of a team's and an achievement's id."""
    if not teams:
        return set()
    query = select(Unlock.team_id, Unlock.achievement_id).where(Unlock.team_id.in_(teams))
    return {(row.team_id, row.achievement_id) for row in await session.execute(query)}


def _context(event: RelayedEvent) -> dict[str, Any]:
    names = ("challenge_id", "competition_id", "question_id", "solve_time_s")
    return {name: event.payload[name] for name in names if event.payload.get(name)}


async def award(session: AsyncSession, awards: list[Award], *, actor_id: str = "") -> int:
    """Give achievements to teams; how many were new to theirs. One whose team is gone is not."""
    wanted = {one.team_id for one in awards}
    query = (
        select(Team, Competition)
        .join(Competition, Competition.id == Team.competition_id)
        .where(Team.id.in_(wanted))
        # As the rows to be written will lock it: a team that is dissolved now stays until then.
        .with_for_update(of=Team, read=True, key_share=True)
    )
    found = {row.Team.id: row for row in await session.execute(query)} if wanted else {}
    possible = {(one.team_id, one.achievement.id): one for one in awards if one.team_id in found}
    if not possible:
        return 0
    rows = [
        {
            "team_id": team_id,
            "achievement_id": achievement_id,
            "user_id": one.user_id or None,
            "unlocked_at": now(),
            "context": one.context,
        }
        for (team_id, achievement_id), one in sorted(possible.items())
    ]
    new = await session.execute(
        insert(Unlock).on_conflict_do_nothing().returning(Unlock.team_id, Unlock.achievement_id),
        rows,
    )
    unlocked = {(row.team_id, row.achievement_id) for row in new}
    for key, one in possible.items():
        if key in unlocked:
            _tell(session, one, found[one.team_id], actor_id or one.user_id)
    return len(unlocked)


def _tell(session: AsyncSession, one: Award, of: Any, actor_id: str) -> None:
    achievement = one.achievement
    emit(
        session,
        AchievementUnlocked(
            team_id=one.team_id,
            team_name=of.Team.name,
            challenge_id=one.context.get("challenge_id", ""),
            competition_id=of.Team.competition_id,
            achievement_id=achievement.id,
            achievement_name=achievement.name,
            tier=achievement.tier,
            secret=achievement.secret,
        ),
        audience=_audience(achievement, of.Team, of.Competition),
        actor_id=actor_id,
    )


def _audience(achievement: Achievement, team: Team, competition: Competition) -> Audience:
    """A secret one is for its team alone, and so is any behind a freeze or of one unranked."""
    audience = audience_of_solves(competition, now())
    own = achievement.secret or audience is Audience.OPERATORS or team.standing != "ranked"
    return Audience.TEAM if own else audience
