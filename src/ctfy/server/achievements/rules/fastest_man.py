"""Fastest of at least four."""

from __future__ import annotations

from sqlalchemy import select

from ctfy.server.achievements.rule import EVENT, Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect
from ctfy.server.tables.submissions import Submission


def _when(event: Happening) -> bool:
    return bool((event["solve_rank"] or 0) > 3)  # none behind a freeze: it would tell of others


_as_fast = select(Submission.id).where(
    Submission.correct,
    Submission.competition_id == EVENT.competition_id,
    Submission.challenge_id == EVENT.challenge_id,
    Submission.team_id != EVENT.team_id,
    Submission.submitted_at < EVENT.at,
    Submission.solve_time_s <= EVENT.solve_time_s,
)

ACHIEVEMENT = Achievement(
    id="fastest_man",
    name="Fastest alive",
    description="Beat the best time of a challenge that three teams solved before.",
    icon="🏃",
    tier="gold",
    on=(FlagCorrect,),
    when=_when,
    earned=~_as_fast.exists(),
)
