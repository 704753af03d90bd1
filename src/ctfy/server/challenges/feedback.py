"""What people say of challenges, and how they fared."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import get_args

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.access.caller import Caller
from ctfy.server.access.tables import User
from ctfy.server.challenges.tables import Reaction
from ctfy.server.competitions.tables import Competition
from ctfy.server.database.base import now
from ctfy.server.events.outbox import Audience, emit
from ctfy.server.instances.tables import Instance
from ctfy.server.models.challenges import (
    ChallengeSolveAttempt,
    ChallengeSolveAttemptsResponse,
    ChallengeTeamSolveSummary,
    FeedbackStats,
    MyReactionsResponse,
    ReactionName,
)
from ctfy.server.submissions.tables import Submission
from ctfy.server.teams.tables import Team


async def react(
    session: AsyncSession,
    caller: Caller,
    challenge_id: str,
    reaction: ReactionName,
    competition_id: str,
    team_id: str | None,
) -> None:
    """Add a reaction of the caller; a second time changes nothing."""
    await session.execute(
        insert(Reaction)
        .values(
            user_id=caller.user_id,
            challenge_id=challenge_id,
            reaction=reaction,
            competition_id=competition_id or None,
            team_id=team_id,
            created_at=now(),
        )
        .on_conflict_do_nothing()
    )
    emit(
        session,
        "reaction_added",
        audience=Audience.PLATFORM,
        team_id=team_id or "",
        challenge_id=challenge_id,
        user_id=caller.user_id,
        reaction=reaction,
        actor_id=caller.user_id,
    )


async def take_back(
    session: AsyncSession, caller: Caller, challenge_id: str, reaction: str = ""
) -> None:
    """Remove one reaction of the caller, or all."""
    query = delete(Reaction).where(
        Reaction.user_id == caller.user_id, Reaction.challenge_id == challenge_id
    )
    await session.execute(query.where(Reaction.reaction == reaction) if reaction else query)


async def mine(session: AsyncSession, caller: Caller, challenge_id: str) -> MyReactionsResponse:
    """The caller's reactions to a challenge."""
    found = (
        await session.scalars(
            select(Reaction)
            .where(Reaction.user_id == caller.user_id, Reaction.challenge_id == challenge_id)
            .order_by(Reaction.created_at, Reaction.reaction)
        )
    ).all()
    return MyReactionsResponse(
        reactions=[r.reaction for r in found],
        updated_at=max((r.created_at for r in found), default=None),
    )


async def stats(session: AsyncSession, challenge_id: str) -> FeedbackStats:
    """Everybody's reactions to a challenge, counted."""
    rows = await session.execute(
        select(Reaction.reaction, func.count().label("times"))
        .where(Reaction.challenge_id == challenge_id)
        .group_by(Reaction.reaction)
    )
    counts = dict.fromkeys(get_args(ReactionName), 0) | {row.reaction: row.times for row in rows}
    return FeedbackStats(challenge_id=challenge_id, counts=counts, total=sum(counts.values()))


async def attempts(
    session: AsyncSession,
    challenge_id: str,
    competition_ids: list[str],
    *,
    live: bool,
    include_unsolved: bool,
    limit: int,
) -> ChallengeSolveAttemptsResponse:
    """The instances of a challenge in some competitions, newest first.

    Unless `live`, what was answered after a competition's freeze does not show.
    """
    shown = or_(
        Competition.freezes_at.is_(None),
        Competition.freezes_at > now(),
        Submission.submitted_at < Competition.freezes_at,
    )
    counted = (
        select(
            Submission.instance_id,
            func.count().label("attempts"),
            func.array_agg(Submission.question_id.distinct())
            .filter(Submission.correct)
            .label("solved"),
            func.max(Submission.submitted_at).filter(Submission.correct).label("solved_at"),
        )
        .join(Competition, Competition.id == Submission.competition_id)
        .where(
            Submission.challenge_id == challenge_id,
            Submission.competition_id.in_(competition_ids),
            *([] if live else [shown]),
        )
        .group_by(Submission.instance_id)
        .subquery()
    )
    query = (
        select(
            Instance,
            Team.name,
            User.display_name,
            func.coalesce(counted.c.attempts, 0).label("attempts"),
            counted.c.solved,
            counted.c.solved_at,
            func.count().over().label("total"),
        )
        .join(Team, Team.id == Instance.team_id)
        .join(User, User.id == Instance.user_id)
        .outerjoin(counted, counted.c.instance_id == Instance.id)
        .where(Instance.challenge_id == challenge_id, Instance.competition_id.in_(competition_ids))
        .order_by(Instance.requested_at.desc(), Instance.id)
        .limit(limit)
    )
    if not include_unsolved:
        query = query.where(counted.c.solved.is_not(None))
    rows = (await session.execute(query)).all()
    listed = []
    solved_at: dict[str, datetime] = {}
    for row in rows:
        instance: Instance = row.Instance
        end = row.solved_at or instance.stopped_at
        if row.solved_at:
            solved_at[instance.id] = row.solved_at
        listed.append(
            ChallengeSolveAttempt(
                instance_id=instance.id,
                team_id=instance.team_id,
                team_name=row.name,
                display_name=row.display_name,
                challenge_id=challenge_id,
                started_at=instance.requested_at.timestamp(),
                stopped_at=instance.stopped_at.timestamp() if instance.stopped_at else 0.0,
                duration_s=(end - instance.requested_at).total_seconds() if end else 0.0,
                attempts=row.attempts,
                solved=row.solved is not None,
                solved_flags=sorted(row.solved or []),
                stop_reason=instance.stop_reason,
            )
        )
    return ChallengeSolveAttemptsResponse(
        challenge_id=challenge_id,
        attempts=listed,
        per_team=_by_team(listed, solved_at),
        total_attempts=rows[0].total if rows else 0,
    )


def _by_team(
    attempts: list[ChallengeSolveAttempt], solved_at: dict[str, datetime]
) -> list[ChallengeTeamSolveSummary]:
    grouped: defaultdict[str, list[ChallengeSolveAttempt]] = defaultdict(list)
    for attempt in attempts:
        grouped[attempt.team_id].append(attempt)
    result = []
    for team_id, tries in grouped.items():
        solved = [a for a in tries if a.solved]
        moments = [solved_at[a.instance_id].timestamp() for a in solved]
        result.append(
            ChallengeTeamSolveSummary(
                team_id=team_id,
                team_name=tries[0].team_name,
                display_name=tries[0].display_name,
                solve_count=len(solved),
                attempt_count=len(tries),
                best_duration_s=min((a.duration_s for a in solved), default=0.0),
                total_duration_s=sum(a.duration_s for a in tries),
                first_solved_at=min(moments, default=0.0),
                last_solved_at=max(moments, default=0.0),
            )
        )
    result.sort(key=lambda s: (s.solve_count == 0, s.best_duration_s, s.team_id))
    return result
