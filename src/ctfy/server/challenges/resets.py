"""Letting a team try again."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import Invalid, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.challenges.events import QuestionAttemptReset
from ctfy.server.database.base import new_id, now
from ctfy.server.events.outbox import emit
from ctfy.server.models.challenges import QuestionAttemptResetInfo
from ctfy.server.tables.submissions import AttemptReset, QuestionAttempts
from ctfy.server.tables.teams import Team
from ctfy.server.teams.carried import counts_against


async def reset_attempts(
    session: AsyncSession,
    catalogue: Catalogue,
    caller: Caller,
    team_id: str,
    challenge_id: str,
    question_id: str,
    reason: str,
) -> QuestionAttemptResetInfo:
    """Forget a team's wrong answers to a question, and those that its people brought along.

    Raises `team_not_found`, `challenge_not_found`, `unknown_question_id`.
    """
    team = await session.get(Team, team_id, with_for_update={"key_share": True})
    if team is None:
        raise NotFound("team_not_found", "There is no such team.")
    challenge = catalogue.get(challenge_id)
    if challenge is None:
        raise NotFound("challenge_not_found", "There is no such challenge.")
    if challenge.metadata.question(question_id) is None:
        known = [q.id for q in challenge.metadata.questions]
        raise Invalid(
            "unknown_question_id",
            f"This challenge has no question '{question_id}'; it has: {', '.join(known)}.",
            known=known,
        )
    wrong = await _forget(session, team_id, challenge_id, question_id)
    reset = AttemptReset(
        id=new_id(),
        team_id=team_id,
        challenge_id=challenge_id,
        question_id=question_id,
        reset_by=caller.user_id,
        reset_at=now(),
        reason=reason,
    )
    session.add(reset)
    emit(
        session,
        QuestionAttemptReset(
            team_id=team_id,
            team_name=team.name,
            challenge_id=challenge_id,
            competition_id=team.competition_id,
            question_id=question_id,
            reason=reason,
        ),
        before={"wrong_attempts": wrong},
        after={"wrong_attempts": 0},
        actor_id=caller.user_id,
    )
    return QuestionAttemptResetInfo(
        team_id=team_id,
        challenge_id=challenge_id,
        question_id=question_id,
        reset_at=reset.reset_at,
        reset_by_user_id=caller.user_id,
        reason=reason,
    )


async def _forget(session: AsyncSession, team_id: str, challenge_id: str, question_id: str) -> int:
    """Let nothing count against a team on a question any more; how much did.

    What its people brought along was given on other teams, against which it still counts.
    """
    against = (
        counts_against(team_id),
        QuestionAttempts.challenge_id == challenge_id,
        QuestionAttempts.question_id == question_id,
    )
    wrong = await session.scalar(select(func.sum(QuestionAttempts.wrong)).where(*against))
    brought = update(QuestionAttempts).where(*against, QuestionAttempts.team_id != team_id)
    await session.execute(brought.values(follows=False))
    own = delete(QuestionAttempts).where(*against, QuestionAttempts.team_id == team_id)
    await session.execute(own)
    return wrong or 0
