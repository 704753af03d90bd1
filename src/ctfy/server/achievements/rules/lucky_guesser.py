"""Pick the right choice the first time."""

from __future__ import annotations

from sqlalchemy import func, select

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect, FlagPartCorrect
from ctfy.server.tables.submissions import QuestionAttempts
from ctfy.server.teams.carried import counts_against


async def _earned(event: Happening) -> bool:
    challenge = event.catalogue.get(event["challenge_id"])
    question = challenge.metadata.question(event["question_id"]) if challenge else None
    if question is None or question.options is None:
        return False
    wrong = select(func.sum(QuestionAttempts.wrong)).where(
        counts_against(event.team_id),
        QuestionAttempts.challenge_id == event["challenge_id"],
        QuestionAttempts.question_id == event["question_id"],
    )
    return not await event.scalar(wrong)


ACHIEVEMENT = Achievement(
    id="lucky_guesser",
    name="Lucky guesser",
    description="Pick the right choice the first time.",
    icon="🍀",
    tier="bronze",
    on=(
        FlagCorrect,
        FlagPartCorrect,
    ),
    earned=_earned,
)
