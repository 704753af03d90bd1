"""Solve a challenge after fifty wrong answers to it."""

from __future__ import annotations

from sqlalchemy import func, select

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect
from ctfy.server.tables.submissions import Submission


async def _earned(event: Happening) -> bool:
    wrong = select(func.count()).where(
        Submission.team_id == event.team_id,
        Submission.challenge_id == event["challenge_id"],
        Submission.correct.is_(False),
        Submission.submitted_at < event.at,
    )
    return bool(await event.scalar(wrong) >= 50)


ACHIEVEMENT = Achievement(
    id="sisyphus",
    name="Sisyphus",
    description="Solve a challenge after fifty wrong answers to it.",
    icon="🪨",
    tier="silver",
    on=(FlagCorrect,),
    earned=_earned,
)
