"""Solve every challenge of a competition."""

from __future__ import annotations

from sqlalchemy import and_, select

from ctfy.server.achievements.rule import EVENT, Achievement
from ctfy.server.submissions.events import FlagCorrect
from ctfy.server.tables.competitions import CompetitionChallenge
from ctfy.server.tables.submissions import ChallengeSolve

_unsolved = (
    select(CompetitionChallenge.challenge_id)
    .outerjoin(
        ChallengeSolve,
        and_(
            ChallengeSolve.challenge_id == CompetitionChallenge.challenge_id,
            ChallengeSolve.team_id == EVENT.team_id,
        ),
    )
    .where(
        CompetitionChallenge.competition_id == EVENT.competition_id,
        CompetitionChallenge.state == "visible",
        ChallengeSolve.team_id.is_(None),
    )
)

ACHIEVEMENT = Achievement(
    id="completionist",
    name="Completionist",
    description="Solve every challenge of a competition.",
    icon="🏆",
    tier="gold",
    on=(FlagCorrect,),
    earned=~_unsolved.exists(),
)
