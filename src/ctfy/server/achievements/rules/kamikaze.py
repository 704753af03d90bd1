"""Answer the same question wrong ten times."""

from __future__ import annotations

from sqlalchemy import func, select

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.tables import Submission


async def _earned(event: Happening) -> bool:
    wrong = select(func.count()).where(
        Submission.team_id == event.team_id,
        Submission.challenge_id == event["challenge_id"],
        Submission.question_id == event["question_id"],
        Submission.correct.is_(False),
    )
    return bool(await event.scalar(wrong) >= 10)


ACHIEVEMENT = Achievement(
    id="kamikaze",
    name="Kamikaze",
    description="Answer the same question wrong ten times.",
    icon="💥",
    tier="bronze",
    on=("flag_wrong",),
    earned=_earned,
)
