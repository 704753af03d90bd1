"""Solve every challenge of a competition."""

from __future__ import annotations

from sqlalchemy import select

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagCorrect
from ctfy.server.tables.competitions import CompetitionChallenge
from ctfy.server.tables.submissions import ChallengeSolve


async def _earned(event: Happening) -> bool:
    unsolved = (
        select(CompetitionChallenge.challenge_id)
        .where(
            CompetitionChallenge.competition_id == event["competition_id"],
            CompetitionChallenge.challenge_id.not_in(
                select(ChallengeSolve.challenge_id).where(ChallengeSolve.team_id == event.team_id)
            ),
        )
        .limit(1)
    )
    return await event.scalar(unsolved) is None


ACHIEVEMENT = Achievement(
    id="completionist",
    name="Completionist",
    description="Solve every challenge of a competition.",
    icon="🏆",
    tier="gold",
    on=(FlagCorrect,),
    earned=_earned,
)
