"""Pick the right choice the first time."""

from __future__ import annotations

from sqlalchemy import select

from ctfy.server.achievements.rule import EVENT, Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect, FlagPartCorrect
from ctfy.server.tables.submissions import QuestionAttempts
from ctfy.server.teams.carried import counts_against


def _when(event: Happening) -> bool:
    challenge = event.catalogue.get(event["challenge_id"])
    question = challenge.metadata.question(event["question_id"]) if challenge else None
    return question is not None and question.options is not None


_wrong = select(QuestionAttempts.wrong).where(
    counts_against(EVENT.team_id),
    QuestionAttempts.challenge_id == EVENT.challenge_id,
    QuestionAttempts.question_id == EVENT.question_id,
    QuestionAttempts.wrong > 0,
)

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
    when=_when,
    earned=~_wrong.exists(),
)
