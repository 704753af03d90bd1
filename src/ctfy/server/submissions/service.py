"""Submitting: graded once, scored once, whoever answers and however often."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.metadata import Mode, Question
from ctfy.server.access.caller import Caller
from ctfy.server.competitions.service import require_running
from ctfy.server.competitions.tables import CompetitionChallenge
from ctfy.server.database.base import new_id, now
from ctfy.server.errors import Conflict, Forbidden, Invalid, TooMany
from ctfy.server.events.outbox import Audience, emit
from ctfy.server.instances.answers import derive
from ctfy.server.instances.service import get_challenge, get_owned
from ctfy.server.instances.tables import Instance
from ctfy.server.models.submissions import SubmissionResponse
from ctfy.server.platform import Platform
from ctfy.server.submissions.grading import is_correct
from ctfy.server.submissions.tables import ChallengeSolve, QuestionAttempts, Solve, Submission
from ctfy.server.teams.service import require_team


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer on its way to be graded: who gives it, for which team, to which question."""

    competition_id: str
    team_id: str
    team_name: str
    user_id: str
    challenge: Challenge
    question: Question
    instance: Instance | None
    answer: str | list[str]

    @property
    def key(self) -> dict[str, str]:
        """The question of the team, as the tables name it."""
        return {
            "team_id": self.team_id,
            "challenge_id": self.challenge.id,
            "question_id": self.question.id,
        }


async def on_instance(
    session: AsyncSession,
    platform: Platform,
    caller: Caller,
    instance_id: str,
    question_id: str,
    answer: str | list[str],
    competition_id: str = "",
) -> Attempt:
    """An answer to a question of an instance of the caller's team."""
    row = await get_owned(session, caller, instance_id, competition_id)
    instance: Instance = row.Instance
    team = await require_team(session, caller, instance.competition_id)
    require_running(team.Competition)
    challenge = get_challenge(platform.catalogue, instance.challenge_id)
    return Attempt(
        instance.competition_id,
        instance.team_id,
        team.team_name,
        caller.user_id,
        challenge,
        _question(challenge, question_id),
        instance,
        answer,
    )


async def on_qa(
    session: AsyncSession,
    platform: Platform,
    caller: Caller,
    challenge_id: str,
    competition_id: str,
    question_id: str,
    answer: str | list[str],
) -> Attempt:
    """An answer to a question of a challenge without instances."""
    challenge = get_challenge(platform.catalogue, challenge_id)
    if not challenge.is_qa_only:
        raise Invalid("not_a_qa_challenge", "This challenge is answered on an instance. Start one.")
    team = await require_team(session, caller, competition_id)
    if challenge_id not in team.challenge_ids:
        raise Forbidden(
            "challenge_out_of_competition", "This challenge is not part of that competition."
        )
    require_running(team.Competition)
    return Attempt(
        competition_id,
        team.team_id,
        team.team_name,
        caller.user_id,
        challenge,
        _question(challenge, question_id),
        None,
        answer,
    )


def _question(challenge: Challenge, question_id: str) -> Question:
    question = challenge.metadata.question(question_id)
    if question is None:
        known = [q.id for q in challenge.metadata.questions]
        raise Invalid(
            "unknown_question_id",
            f"This challenge has no question '{question_id}'; it has: {', '.join(known)}.",
            known=known,
        )
    return question


@dataclass(frozen=True, slots=True)
class Grade:
    """What became of an answer."""

    correct: bool
    solved_before: bool
    attempts_remaining: int | None


async def grade(session: AsyncSession, platform: Platform, attempt: Attempt) -> Grade:
    """Grade an answer and count a wrong one against the question's cap.

    Raises `question_locked`, `question_attempt_cap_exceeded`. Everything about one team and
    challenge happens one after the other, under a lock that ends with the transaction.
    """
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"{attempt.team_id}|{attempt.challenge.id}"},
    )
    solved = set(
        await session.scalars(
            select(Solve.question_id).where(
                Solve.team_id == attempt.team_id, Solve.challenge_id == attempt.challenge.id
            )
        )
    )
    question = attempt.question
    if missing := [required for required in question.requires if required not in solved]:
        raise Conflict(
            "question_locked",
            f"Answer {', '.join(missing)} first.",
            requires=missing,
        )
    solved_before = question.id in solved
    cap = platform.settings.question_attempt_caps.get(question.mode)
    wrong = await _wrong_attempts(session, attempt) if cap is not None else 0
    if cap is not None and wrong >= cap and not solved_before:
        raise TooMany(
            "question_attempt_cap_exceeded",
            f"Your team was wrong {wrong} times, and {cap} is the most for this question.",
            headers={"Retry-After": "1"},
            mode=question.mode.value,
            wrong_attempts=wrong,
            cap=cap,
        )
    dynamic = ""
    if question.mode == Mode.DYNAMIC and attempt.instance is not None:
        dynamic = derive(platform.secret, attempt.instance.id, question)
    correct = is_correct(question, dynamic, attempt.answer)
    if not correct and cap is not None and not solved_before:
        wrong += 1
        await session.execute(
            insert(QuestionAttempts)
            .values(**attempt.key, wrong=wrong)
            .on_conflict_do_update(
                index_elements=["team_id", "challenge_id", "question_id"],
                set_={"wrong": wrong},
            )
        )
    return Grade(correct, solved_before, None if cap is None else max(0, cap - wrong))


async def _wrong_attempts(session: AsyncSession, attempt: Attempt) -> int:
    wrong = await session.scalar(select(QuestionAttempts.wrong).filter_by(**attempt.key))
    return wrong or 0


async def submit(session: AsyncSession, platform: Platform, attempt: Attempt) -> SubmissionResponse:
    """Grade an answer, record it, and score it the first time it is right."""
    verdict = await grade(session, platform, attempt)
    moment = now()
    started = attempt.instance.requested_at if attempt.instance else moment
    submission = Submission(
        id=new_id(),
        competition_id=attempt.competition_id,
        **attempt.key,
        user_id=attempt.user_id,
        instance_id=attempt.instance.id if attempt.instance else None,
        answer=attempt.answer if isinstance(attempt.answer, str) else json.dumps(attempt.answer),
        correct=verdict.correct,
        solve_time_s=(moment - started).total_seconds() if verdict.correct else 0.0,
        submitted_at=moment,
    )
    session.add(submission)
    await session.flush()
    if not verdict.correct:
        _tell(session, "flag_wrong", attempt, submission)
    elif not verdict.solved_before:
        whole = await _score(session, attempt, submission, moment)
        _tell(session, "flag_correct" if whole else "flag_part_correct", attempt, submission)
    rank = await session.scalar(
        select(ChallengeSolve.rank).where(
            ChallengeSolve.team_id == attempt.team_id,
            ChallengeSolve.challenge_id == attempt.challenge.id,
        )
    )
    return SubmissionResponse(
        id=submission.id,
        correct=verdict.correct,
        solve_time_s=submission.solve_time_s,
        solve_rank=rank or 0,
        question_id=attempt.question.id,
        challenge_fully_solved=rank is not None,
        attempts_remaining=verdict.attempts_remaining,
    )


async def _score(
    session: AsyncSession, attempt: Attempt, submission: Submission, moment: datetime
) -> bool:
    """Record the solve; whether it was the challenge's last question."""
    session.add(
        Solve(
            **attempt.key,
            competition_id=attempt.competition_id,
            user_id=attempt.user_id,
            submission_id=submission.id,
            solved_at=moment,
        )
    )
    await session.flush()
    ids = [question.id for question in attempt.challenge.metadata.questions]
    answered = await session.scalar(
        select(func.count()).where(
            Solve.team_id == attempt.team_id,
            Solve.challenge_id == attempt.challenge.id,
            Solve.question_id.in_(ids),
        )
    )
    if answered != len(ids):
        return False
    # The counter's row lock gives each team its own rank, in the order of the commits.
    rank = await session.scalar(
        update(CompetitionChallenge)
        .where(
            CompetitionChallenge.competition_id == attempt.competition_id,
            CompetitionChallenge.challenge_id == attempt.challenge.id,
        )
        .values(solves=CompetitionChallenge.solves + 1)
        .returning(CompetitionChallenge.solves)
    )
    session.add(
        ChallengeSolve(
            team_id=attempt.team_id,
            challenge_id=attempt.challenge.id,
            competition_id=attempt.competition_id,
            rank=rank,
            solved_at=moment,
        )
    )
    return True


def _tell(session: AsyncSession, name: str, attempt: Attempt, submission: Submission) -> None:
    more: dict[str, Any] = {"solve_time_s": submission.solve_time_s} if submission.correct else {}
    emit(
        session,
        name,
        audience=Audience.TEAM,
        team_id=attempt.team_id,
        team_name=attempt.team_name,
        challenge_id=attempt.challenge.id,
        competition_id=attempt.competition_id,
        instance_id=submission.instance_id or "",
        question_id=attempt.question.id,
        submission_id=submission.id,
        user_id=attempt.user_id,
        **more,
    )
