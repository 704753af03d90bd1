"""`/submissions`, `/qa` and `verify-answer`."""

from __future__ import annotations

from sqlalchemy import and_, select

from ctfy.core.enums import ScopeLevel
from ctfy.server.access.caller import Caller, may
from ctfy.server.access.idempotency import IdempotencyKey, Router
from ctfy.server.access.scopes import Scope
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.models.base import Page
from ctfy.server.models.submissions import (
    QaSubmissionCreate,
    SubmissionCreate,
    SubmissionResponse,
    SubmissionState,
    VerifyAnswerRequest,
    VerifyAnswerResponse,
)
from ctfy.server.submissions.service import TheSubmissions
from ctfy.server.tables.submissions import Submission
from ctfy.server.tables.teams import TeamMember

router = Router(tags=["submissions"])

_READ = may(Scope.SUBMISSIONS, ScopeLevel.READ)
_WRITE = may(Scope.SUBMISSIONS, ScopeLevel.WRITE)


@router.post("/submissions")
async def submit(
    body: SubmissionCreate,
    submissions: TheSubmissions,
    key: IdempotencyKey = "",
    caller: Caller = _WRITE,
    competition_id: str = "",
) -> SubmissionResponse:
    """Answer a question of an instance."""
    return await submissions.submit_on_instance(caller, body, competition_id, key)


@router.get("/submissions")
async def list_submissions(
    session: Session,
    paging: Paged,
    caller: Caller = _READ,
    challenge_id: str = "",
    competition_id: str = "",
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
    query = query.where(caller.reaches(Submission.competition_id))
    return await paging.fetch(session, query, lambda row: _state(row.Submission))


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
    submissions: TheSubmissions,
    caller: Caller = _WRITE,
    competition_id: str = "",
) -> VerifyAnswerResponse:
    """Grade an answer without scoring it. A wrong one counts against the question's cap."""
    correct, question_id = await submissions.verify(
        caller, instance_id, body.question_id, body.answer, competition_id
    )
    return VerifyAnswerResponse(correct=correct, question_id=question_id)


@router.post("/qa/submissions")
async def submit_qa(
    body: QaSubmissionCreate,
    submissions: TheSubmissions,
    key: IdempotencyKey = "",
    caller: Caller = _WRITE,
    competition_id: str = "",
) -> SubmissionResponse:
    """Answer a question of a challenge that has no instance."""
    return await submissions.submit_without_instance(
        caller,
        body.challenge_id,
        body.competition_id or competition_id,
        body.question_id,
        body.answer,
        key,
    )
