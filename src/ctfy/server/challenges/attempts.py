"""Who tried a challenge, and how they fared."""

from __future__ import annotations

import functools
from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Subquery, and_, bindparam, func, select

from ctfy.server.access.view import Sight, View
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement, one_of, texts
from ctfy.server.models.challenges import (
    ChallengeSolveAttempt,
    ChallengeSolveAttemptsResponse,
    ChallengeTeamSolveSummary,
)
from ctfy.server.tables.access import User
from ctfy.server.tables.instances import Instance
from ctfy.server.tables.submissions import Submission
from ctfy.server.tables.teams import Team


async def attempts(
    database: Database,
    view: View,
    challenge_id: str,
    competition_ids: list[str],
    *,
    include_unsolved: bool,
    limit: int,
) -> ChallengeSolveAttemptsResponse:
    """The instances of a challenge in some competitions, newest first.

    Of ranked teams, and of the caller's own.
    """
    rows = await database.read(
        _instances(view.sight, include_unsolved=include_unsolved),
        challenge_id=challenge_id,
        competition_ids=competition_ids,
        limit=limit,
        **view.values,
    )
    listed = [_attempt(row) for row in rows]
    solved_at = {row.id: row.solved_at for row in rows if row.solved_at}
    return ChallengeSolveAttemptsResponse(
        challenge_id=challenge_id,
        attempts=listed,
        per_team=_by_team(listed, solved_at),
        total_attempts=rows[0].total if rows else 0,
    )


def _asked_about(table: Any) -> ColumnElement[bool]:
    """The condition on a table's rows that they are of the challenge, in those competitions."""
    of_competitions = one_of(table.competition_id, texts("competition_ids"))
    return and_(table.challenge_id == bindparam("challenge_id"), of_competitions)


@functools.cache
def _instances(sight: Sight, *, include_unsolved: bool) -> Statement:
    counted = _submissions(sight)
    query = (
        select(
            Instance.id,
            Instance.team_id,
            Instance.challenge_id,
            Instance.requested_at,
            Instance.stopped_at,
            Instance.stop_reason,
            Team.name.label("team_name"),
            User.display_name,
            func.coalesce(counted.c.attempts, 0).label("attempts"),
            counted.c.solved,
            counted.c.solved_at,
            func.count().over().label("total"),
        )
        .join(Team, Team.id == Instance.team_id)
        .join(User, User.id == Instance.user_id)
        .outerjoin(counted, counted.c.instance_id == Instance.id)
        .where(_asked_about(Instance), sight.ranked())
        .order_by(Instance.requested_at.desc(), Instance.id)
        .limit(bindparam("limit", type_=BigInteger))
    )
    if not include_unsolved:
        query = query.where(counted.c.solved.is_not(None))
    return Statement(query)


def _submissions(sight: Sight) -> Subquery:
    """Per instance: how often it was answered, which questions were, and when at last."""
    return (
        select(
            Submission.instance_id,
            func.count().label("attempts"),
            func.array_agg(Submission.question_id.distinct())
            .filter(Submission.correct)
            .label("solved"),
            func.max(Submission.submitted_at).filter(Submission.correct).label("solved_at"),
        )
        .where(
            _asked_about(Submission),
            sight.answers(Submission.team_id, Submission.competition_id, Submission.submitted_at),
        )
        .group_by(Submission.instance_id)
        .subquery()
    )


def _attempt(row: Any) -> ChallengeSolveAttempt:
    end = row.solved_at or row.stopped_at
    return ChallengeSolveAttempt(
        instance_id=row.id,
        team_id=row.team_id,
        team_name=row.team_name,
        display_name=row.display_name,
        challenge_id=row.challenge_id,
        started_at=row.requested_at.timestamp(),
        stopped_at=row.stopped_at.timestamp() if row.stopped_at else 0.0,
        duration_s=(end - row.requested_at).total_seconds() if end else 0.0,
        attempts=row.attempts,
        solved=row.solved is not None,
        solved_flags=sorted(row.solved or []),
        # An instance that ended with the solve tells nobody of one that they do not know of: to
        # them it ended as if its team had stopped it.
        stop_reason="user" if row.stop_reason == "solved" and not row.solved else row.stop_reason,
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
