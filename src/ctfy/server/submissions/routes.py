"""`/submissions`, `/qa` and `verify-answer`."""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import and_, bindparam, select

from ctfy.core.enums import ScopeLevel
from ctfy.server.access.caller import Caller, may
from ctfy.server.access.idempotency import IdempotencyKey, Router
from ctfy.server.access.scopes import Scope
from ctfy.server.access.view import ME, Sight, View
from ctfy.server.database.paging import Listing, Paged
from ctfy.server.kernel import TheDatabase
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
    database: TheDatabase,
    paging: Paged,
    caller: Caller = _READ,
    challenge_id: str = "",
    competition_id: str = "",
) -> Page[SubmissionState]:
    """What the caller's teams answered, newest first."""
    view = View(caller)
    narrowed = {"challenge_id": challenge_id, "competition_id": competition_id}
    given = {name: value for name, value in narrowed.items() if value}
    listing = _own(view.sight, frozenset(given))
    return await paging.read(database, listing, _state, **view.values, **given)


@functools.cache
def _own(sight: Sight, narrowed: frozenset[str]) -> Listing:
    """What the caller's teams answered; `narrowed`: to which columns' values."""
    query = (
        select(*Submission.__table__.columns)
        .join(TeamMember, and_(TeamMember.team_id == Submission.team_id, TeamMember.user_id == ME))
        .where(sight.reaches(Submission.competition_id))
        .order_by(Submission.submitted_at.desc(), Submission.id)
    )
    for name in sorted(narrowed):
        query = query.where(getattr(Submission, name) == bindparam(name))
    return Listing(query)


def _state(submission: Any) -> SubmissionState:
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
        overruled=submission.overruled,
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
