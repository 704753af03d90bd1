"""Solve a challenge after fifty wrong answers to it."""

from __future__ import annotations

from sqlalchemy import func, select

from ctfy.server.achievements.rule import EVENT, Achievement
from ctfy.server.submissions.events import FlagCorrect
from ctfy.server.tables.submissions import Submission

_wrong = (
    select(func.count())
    .where(
        Submission.team_id == EVENT.team_id,
        Submission.challenge_id == EVENT.challenge_id,
        Submission.correct.is_(False),
        Submission.submitted_at < EVENT.at,
    )
    .scalar_subquery()
)

ACHIEVEMENT = Achievement(
    id="sisyphus",
    name="Sisyphus",
    description="Solve a challenge after fifty wrong answers to it.",
    icon="🪨",
    tier="silver",
    on=(FlagCorrect,),
    earned=_wrong >= 50,
)
