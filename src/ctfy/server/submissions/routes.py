"""`/submissions`, `/qa` and `verify-answer`."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import and_, select

from ctfy.server.access.caller import Caller, may
from ctfy.server.access.scopes import Scope
from ctfy.server.database.engine import Session
from ctfy.server.models.accounts import ScopeLevel
from ctfy.server.models.base import Page
from ctfy.server.models.submissions import (
    QaSubmissionCreate,
    SubmissionCreate,
    SubmissionResponse,
    SubmissionState,
    VerifyAnswerRequest,
    VerifyAnswerResponse,
)
from ctfy.server.pages import Limit, Offset, fetch_page
from ctfy.server.platform import ThePlatform
from ctfy.server.submissions import service
from ctfy.server.tables.submissions import Submission
from ctfy.server.tables.teams import TeamMember

router = APIRouter(tags=["submissions"])

_READ = may(Scope.SUBMISSIONS, ScopeLevel.READ)
_WRITE = may(Scope.SUBMISSIONS, ScopeLevel.WRITE)


@router.post("/submissions")
async def submit(
    body: SubmissionCreate,
    platform: ThePlatform,
    caller: Caller = _WRITE,
    competition_id: str = "",
) -> SubmissionResponse:
    """Answer a question of an instance."""
    return await service.answer(platform, caller, body, competition_id)


@router.get("/submissions")
async def list_submissions(
    session: Session,
    caller: Caller = _READ,
    challenge_id: str = "",
    competition_id: str = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page[SubmissionState]:
    """What the caller's teams answered, newest first."""
    query = (
        select(Submission)
        .join(
            TeamMember,
            and_(TeamMember.team_id == Submission.team_id, TeamMember.user_id == caller.user_id),
        )
        .order_by(Submission.submitted_at.desc(), Submission.id)
    )
    if challenge_id:
        query = query.where(Submission.challenge_id == challenge_id)
    if competition_id:
        query = query.where(Submission.competition_id == competition_id)
    if caller.token_kind != "user" and caller.competition_access != "all":
        query = query.where(Submission.competition_id.in_(caller.competition_ids))
    rows, total = await fetch_page(session, query, limit, offset)
    items = [_state(row.Submission) for row in rows]
    return Page(items=items, total=total, limit=limit, offset=offset)


def _state(submission: Submission) -> SubmissionState:
    return SubmissionState(
        id=submission.id,
        team_id=submission.team_id,
        user_id=submission.user_id,
        challenge_id=submission.challenge_id,
        claimed_flag=submission.answer,
        correct=submission.correct,
        flag_id=submission.question_id,
        submitted_at=submission.submitted_at,
        solve_time_s=submission.solve_time_s,
    )


@router.post("/instances/{instance_id}/verify-answer")
async def verify_answer(
    instance_id: str,
    body: VerifyAnswerRequest,
    platform: ThePlatform,
    caller: Caller = _WRITE,
    competition_id: str = "",
) -> VerifyAnswerResponse:
    """Grade an answer without scoring it. A wrong one counts against the question's cap."""
    await platform.rate_limits.hit("submit", caller.user_id)
    attempt = await service.on_instance(
        platform, caller, instance_id, body.question_id, body.answer, competition_id
    )
    grade = await service.verify(platform, attempt)
    return VerifyAnswerResponse(correct=grade.correct, question_id=attempt.question.id)


@router.post("/qa/submissions")
async def submit_qa(
    body: QaSubmissionCreate,
    platform: ThePlatform,
    caller: Caller = _WRITE,
    competition_id: str = "",
) -> SubmissionResponse:
    """Answer a question of a challenge that has no instance."""
    await platform.rate_limits.hit("submit", caller.user_id)
    attempt = await service.on_qa(
        platform,
        caller,
        body.challenge_id,
        body.competition_id or competition_id,
        body.question_id,
        body.answer,
    )
    return await service.submit(platform, attempt)
