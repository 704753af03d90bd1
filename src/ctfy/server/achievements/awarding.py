"""Awarding: the rules are asked at every event, in the worker, once."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.view import audience_of_solves
from ctfy.server.achievements.catalogue import BY_EVENT
from ctfy.server.achievements.events import AchievementUnlocked
from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.database.base import now
from ctfy.server.database.connections import Background
from ctfy.server.events.follower import follow
from ctfy.server.events.outbox import emit
from ctfy.server.events.relay import RelayedEvent
from ctfy.server.events.types import Audience
from ctfy.server.tables.achievements import Unlock
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.teams import Team, TeamMember

log = structlog.get_logger()


async def run(background: Background, catalogue: Catalogue) -> None:
    """Follow the events and award what they earn, until cancelled."""

    async def handle(session: AsyncSession, event: RelayedEvent) -> None:
        await consider(session, catalogue, event)

    await follow(background, "achievements", handle, frozenset(BY_EVENT))


async def consider(session: AsyncSession, catalogue: Catalogue, event: RelayedEvent) -> None:
    """Ask every rule that an event concerns. One that fails holds nobody up."""
    happening = Happening(session, catalogue, event)
    listening = BY_EVENT.get(event.kind, []) if event.kind else []
    possible = [achievement for achievement in listening if _concerns(achievement, happening)]
    if not possible:
        return
    user_id = str(event.payload.get("user_id", ""))
    teams = await _teams(session, event, user_id)
    have = {
        (row.team_id, row.achievement_id)
        for row in await session.execute(
            select(Unlock.team_id, Unlock.achievement_id).where(
                Unlock.team_id.in_(teams), Unlock.achievement_id.in_([a.id for a in possible])
            )
        )
    }
    for achievement in possible:
        lacking = [team_id for team_id in teams if (team_id, achievement.id) not in have]
        if not lacking:
            continue
        try:
            async with session.begin_nested():
                if achievement.earned is None or await achievement.earned(happening):
                    for team_id in lacking:
                        await award(session, achievement, team_id, user_id, _context(event))
        except Exception:
            log.exception("achievement_rule_failed", achievement=achievement.id, event=event.name)


def _concerns(achievement: Achievement, happening: Happening) -> bool:
    """What the rule says of the event alone; one that cannot read an older event says no."""
    try:
        return achievement.when(happening)
    except Exception:
        log.exception("achievement_rule_failed", achievement=achievement.id)
        return False


async def _teams(session: AsyncSession, event: RelayedEvent, user_id: str) -> list[str]:
    """The team of an event; of one about a person alone, all of theirs."""
    if event.team_id is not None:
        return [event.team_id]
    memberships = select(TeamMember.team_id).where(TeamMember.user_id == user_id)
    newest_first = memberships.order_by(TeamMember.joined_at.desc())
    return list((await session.scalars(newest_first)).all())


def _context(event: RelayedEvent) -> dict[str, Any]:
    names = ("challenge_id", "competition_id", "question_id", "solve_time_s")
    return {name: event.payload[name] for name in names if event.payload.get(name)}


async def award(
    session: AsyncSession,
    achievement: Achievement,
    team_id: str,
    user_id: str,
    context: dict[str, Any],
    *,
    actor_id: str = "",
) -> bool:
    """Give an achievement to a team; False when it has it already, or is gone."""
    row = (
        await session.execute(
            select(Team, Competition)
            .join(Competition, Competition.id == Team.competition_id)
            .where(Team.id == team_id)
        )
    ).one_or_none()
    if row is None:
        return False
    new = await session.scalar(
        insert(Unlock)
        .values(
            team_id=team_id,
            achievement_id=achievement.id,
            user_id=user_id or None,
            unlocked_at=now(),
            context=context,
        )
        .on_conflict_do_nothing()
        .returning(Unlock.team_id)
    )
    if new is None:
        return False
    emit(
        session,
        AchievementUnlocked(
            team_id=team_id,
            team_name=row.Team.name,
            challenge_id=context.get("challenge_id", ""),
            competition_id=row.Team.competition_id,
            achievement_id=achievement.id,
            achievement_name=achievement.name,
            tier=achievement.tier,
            secret=achievement.secret,
        ),
        audience=_audience(achievement, row.Competition),
        actor_id=actor_id or user_id,
    )
    return True


def _audience(achievement: Achievement, competition: Competition) -> Audience:
    """A secret one is for its team alone, and so is any behind a freeze."""
    audience = audience_of_solves(competition, now())
    return Audience.TEAM if achievement.secret or audience is Audience.OPERATORS else audience
