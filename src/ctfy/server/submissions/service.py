"""Submitting: graded once, scored once, whoever answers and however often."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.question import Question
from ctfy.server.access.caller import Caller
from ctfy.server.access.scopes import Scope
from ctfy.server.competitions.service import audience_of, get_competition, require_running
from ctfy.server.competitions.tables import Competition
from ctfy.server.database.base import new_id, now
from ctfy.server.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from ctfy.server.instances.answers import derive, digest, looks_dynamic
from ctfy.server.instances.service import get_challenge, require_unlocked
from ctfy.server.instances.tables import Instance
from ctfy.server.models.accounts import ScopeLevel
from ctfy.server.models.submissions import SubmissionCreate, SubmissionResponse
from ctfy.server.platform import Platform
from ctfy.server.submissions.writer import Recorded
from ctfy.server.teams.service import require_team
from ctfy.server.teams.tables import Team, TeamMember


@dataclass(frozen=True, slots=True)
class Ground:
    """Where an answer is given: the team, its competition, and the instance if there is one."""

    competition: Competition
    team_id: str
    team_name: str
    challenge_id: str
    instance_id: str | None
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer on its way to be graded: who gives it, where, to which question."""

    ground: Ground
    user_id: str
    challenge: Challenge
    question: Question
    answer: str | list[str]


# Built once, and of columns: every submission that is not remembered runs it.
_GROUND = (
    select(
        Instance.team_id,
        Instance.challenge_id,
        Instance.competition_id,
        Instance.requested_at,
        Team.name.label("team_name"),
    )
    .join(
        TeamMember,
        (TeamMember.team_id == Instance.team_id) & (TeamMember.user_id == bindparam("user_id")),
    )
    .join(Team, Team.id == Instance.team_id)
    .where(Instance.id == bindparam("instance_id"))
)


async def on_instance(
    platform: Platform,
    caller: Caller,
    instance_id: str,
    question_id: str,
    answer: str | list[str],
    competition_id: str = "",
) -> Attempt:
    """An answer to a question of an instance of the caller's team.

    Raises `instance_not_found`, `competition_ended`, `unknown_question_id`.
    """
    # No transaction stays open: the writer, which comes next, may have to wait for its turn.
    key = ("ground", caller.token_id, instance_id)
    ground: Ground | None = platform.memory.get(key)
    if ground is None:
        ground = await _look_up(platform, caller, instance_id, key)
    if competition_id not in ("", ground.competition.id):
        raise _no_instance()
    _require_open(ground.competition)
    challenge = get_challenge(platform.catalogue, ground.challenge_id)
    return Attempt(ground, caller.user_id, challenge, _question(challenge, question_id), answer)


async def _look_up(platform: Platform, caller: Caller, instance_id: str, key: Hashable) -> Ground:
    memory = platform.memory
    values = {"user_id": caller.user_id, "instance_id": instance_id}
    while True:
        before = memory.changes
        rows = await platform.database.read(_GROUND, values)
        if not rows or not caller.sees_competition(rows[0].competition_id):
            raise _no_instance()
        row = rows[0]
        competition = await get_competition(platform, row.competition_id)
        stamp = (*caller.stamp, *memory.stamp(f"competition:{row.competition_id}"))
        if memory.changes == before:  # or the stamp would hide a change from in between
            break
    ground = Ground(
        competition, row.team_id, row.team_name, row.challenge_id, instance_id, row.requested_at
    )
    memory.keep(key, ground, stamp)
    return ground


def _no_instance() -> NotFound:
    return NotFound("instance_not_found", "Your teams have no such instance.")


def _require_open(competition: Competition) -> None:
    if competition.status != "published":
        raise Conflict("competition_ended", "This competition is not open any more.")
    require_running(competition)


async def on_qa(
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
    async with platform.database.transaction() as session:
        row = await require_team(session, caller, competition_id)
        if challenge_id not in row.challenge_ids:
            raise Forbidden(
                "challenge_out_of_competition", "This challenge is not part of that competition."
            )
        _require_open(row.Competition)
        await require_unlocked(session, row.team_id, challenge, row.challenge_ids)
    ground = Ground(row.Competition, row.team_id, row.team_name, challenge_id, None, None)
    return Attempt(ground, caller.user_id, challenge, _question(challenge, question_id), answer)


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
    recorded: Recorded
    attempts_remaining: int | None


def check_may_submit(caller: Caller) -> None:
    """Raise 403 when the caller's token does not reach as far as submitting."""
    caller.check_scope(Scope.SUBMISSIONS, ScopeLevel.WRITE)


async def answer(
    platform: Platform, caller: Caller, body: SubmissionCreate, competition_id: str = ""
) -> SubmissionResponse:
    """What the caller answers to a question of an instance, recorded and graded."""
    await platform.rate_limits.hit("submit", caller.user_id)
    attempt = await on_instance(
        platform, caller, body.instance_id, body.question_id, body.answer, competition_id
    )
    return await submit(platform, attempt)


async def verify(platform: Platform, attempt: Attempt) -> Grade:
    """Grade an answer and record no submission. A wrong one counts against the question's cap."""
    return await _grade(platform, attempt, _fields(platform, attempt, scores=False))


async def submit(platform: Platform, attempt: Attempt) -> SubmissionResponse:
    """Grade an answer, record it, and score it the first time it is right.

    Raises `answer_malformed`, `question_locked`, `question_attempt_cap_exceeded`.
    """
    fields = _fields(platform, attempt, scores=True)
    grade = await _grade(platform, attempt, fields)
    return SubmissionResponse(
        id=fields["id"],
        correct=grade.correct,
        solve_time_s=fields["solve_time_s"],
        solve_rank=grade.recorded.rank,
        question_id=attempt.question.id,
        challenge_fully_solved=grade.recorded.rank > 0,
        attempts_remaining=grade.attempts_remaining,
    )


def _fields(platform: Platform, attempt: Attempt, *, scores: bool) -> dict[str, Any]:
    """What the database needs to know of an attempt. Raises `answer_malformed`."""
    ground, question, moment = attempt.ground, attempt.question, now()
    if refusal := question.refusal(attempt.answer):
        raise Invalid("answer_malformed", refusal)
    minted = question.minted and ground.instance_id is not None
    expected = derive(platform.secret, ground.instance_id or "", question) if minted else ""
    correct = question.is_correct(attempt.answer, expected)
    started = ground.started_at or moment
    text = attempt.answer if isinstance(attempt.answer, str) else json.dumps(attempt.answer)
    fields: dict[str, Any] = {
        "id": new_id(),
        "competition_id": ground.competition.id,
        "team_id": ground.team_id,
        "user_id": attempt.user_id,
        "challenge_id": attempt.challenge.id,
        "question_id": question.id,
        "instance_id": ground.instance_id,
        "answer": text,
        "correct": correct,
        "scores": scores,
        "audience": audience_of(ground.competition),
        "solve_time_s": (moment - started).total_seconds() if correct else 0.0,
        "submitted_at": moment.isoformat(),
        "cap": platform.settings.question_attempt_caps.get(question.mode),
        "requires": question.requires,
        "questions": [q.id for q in attempt.challenge.metadata.questions],
        "digest": digest(platform.secret, text) if minted and looks_dynamic(text) else None,
    }
    fields["payload"] = {
        "team_id": ground.team_id,
        "team_name": ground.team_name,
        "challenge_id": attempt.challenge.id,
        "competition_id": ground.competition.id,
        "instance_id": ground.instance_id or "",
        "question_id": question.id,
        "submission_id": fields["id"],
        "user_id": attempt.user_id,
        "submitted_at_ts": moment.timestamp(),
        "solve_time_s": fields["solve_time_s"],
        **({"wrapped": True} if not correct and _is_wrapped(text) else {}),
    }
    return fields


def _is_wrapped(text: str) -> bool:
    """Whether somebody forgot to decode a flag: Base64 of `FLAG{` begins like this."""
    return text.strip().startswith("RkxBR3")


async def _grade(platform: Platform, attempt: Attempt, fields: dict[str, Any]) -> Grade:
    recorded = await platform.writer.record(fields)
    cap = fields["cap"]
    if recorded.verdict == "locked":
        raise Conflict(
            "question_locked",
            f"Answer {', '.join(recorded.missing)} first.",
            requires=recorded.missing,
        )
    if recorded.verdict == "capped":
        raise TooMany(
            "question_attempt_cap_exceeded",
            f"Your team was wrong {recorded.wrong} times, and {cap} is the most for this question.",
            headers={"Retry-After": "1"},
            mode=attempt.question.mode,
            wrong_attempts=recorded.wrong,
            cap=cap,
        )
    remaining = None if cap is None else max(0, cap - recorded.wrong)
    return Grade(fields["correct"], recorded, remaining)
