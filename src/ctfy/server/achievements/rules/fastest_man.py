"""Fastest of at least four."""

from __future__ import annotations

from sqlalchemy import func, select

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect
from ctfy.server.tables.submissions import Submission


def _when(event: Happening) -> bool:
    return bool(event["solve_rank"])  # none behind a freeze: it would tell how others fared


async def _earned(event: Happening) -> bool:
    others = (
        select(Submission.team_id, func.min(Submission.solve_time_s).label("best"))
        .where(
            Submission.correct,
            Submission.competition_id == event["competition_id"],
            Submission.challenge_id == event["challenge_id"],
            Submission.team_id != event.team_id,
            Submission.submitted_at < event.at,
        )
        .group_by(Submission.team_id)
        .subquery()
    )
    query = select(func.count(), func.min(others.c.best))
    count, best = (await event.session.execute(query)).one()
    return bool(count >= 3 and event["solve_time_s"] < best)


ACHIEVEMENT = Achievement(
    id="fastest_man",
    name="Fastest alive",
    description="Beat the best time of a challenge that three teams solved before.",
    icon="🏃",
    tier="gold",
    on=(FlagCorrect,),
    when=_when,
    earned=_earned,
)
