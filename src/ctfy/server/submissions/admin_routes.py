"""A competition's submissions: all of them, correcting their grades, and taking them back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from ctfy.server.access.caller import ItsAdmin
from ctfy.server.access.idempotency import Router
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCatalogue, TheDatabase, TheSecret
from ctfy.server.models.base import Page
from ctfy.server.models.submissions import (
    AdminSubmission,
    ChallengeResetInfo,
    ChallengeResetRequest,
    RegradeRequest,
    RegradeResult,
    SubmissionRuling,
)
from ctfy.server.submissions import resetting, rulings

router = Router(prefix="/admin/competitions/{competition_id}", tags=["submissions"])

_Id = Annotated[str, Query(max_length=128)]


@router.get("/submissions")
async def list_all_submissions(
    competition_id: str,
    database: TheDatabase,
    paging: Paged,
    _: ItsAdmin,
    team_id: _Id = "",
    user_id: _Id = "",
    challenge_id: _Id = "",
    question_id: _Id = "",
    correct: bool | None = None,
) -> Page[AdminSubmission]:
    """What everybody answered, right and wrong, newest first."""
    names = ("team_id", "user_id", "challenge_id", "question_id")
    ids = zip(names, (team_id, user_id, challenge_id, question_id), strict=True)
    given = {name: id_ for name, id_ in ids if id_}
    by = given | ({} if correct is None else {"correct": correct})
    return await paging.read(
        database,
        rulings.of_competition(frozenset(by)),
        rulings.submission_info,
        competition_id=competition_id,
        **by,
    )


@router.patch("/submissions/{submission_id}")
async def rule_submission(
    competition_id: str,
    submission_id: str,
    body: SubmissionRuling,
    catalogue: TheCatalogue,
    session: Session,
    caller: ItsAdmin,
) -> AdminSubmission:
    """Strike a right answer, or accept a wrong one; the other way round to undo it."""
    return await rulings.rule(session, catalogue, caller, competition_id, submission_id, body)


@router.post("/challenges/{challenge_id}/questions/{question_id}/regrade")
async def regrade_question(
    competition_id: str,
    challenge_id: str,
    question_id: str,
    body: RegradeRequest,
    catalogue: TheCatalogue,
    secret: TheSecret,
    session: Session,
    caller: ItsAdmin,
) -> RegradeResult:
    """Grade all submissions to a question with the answer that it has now; first as a dry run."""
    return await rulings.regrade(
        session,
        catalogue,
        secret,
        caller,
        competition_id,
        challenge_id,
        question_id,
        dry_run=body.dry_run,
    )


@router.post("/challenges/{challenge_id}/reset")
async def reset_challenge(
    competition_id: str,
    challenge_id: str,
    body: ChallengeResetRequest,
    catalogue: TheCatalogue,
    session: Session,
    caller: ItsAdmin,
) -> ChallengeResetInfo:
    """Take back all solves, attempts and hints of a challenge; first as a dry run."""
    return await resetting.reset(session, catalogue, caller, competition_id, challenge_id, body)


@router.get("/challenge-resets")
async def list_challenge_resets(
    competition_id: str, database: TheDatabase, paging: Paged, _: ItsAdmin
) -> Page[ChallengeResetInfo]:
    """The resets of its challenges, newest first."""
    return await paging.read(
        database, resetting.RESETS, resetting.reset_info, competition_id=competition_id
    )


@router.post("/challenge-resets/{reset_id}/undo")
async def undo_challenge_reset(
    competition_id: str,
    reset_id: str,
    catalogue: TheCatalogue,
    session: Session,
    caller: ItsAdmin,
) -> ChallengeResetInfo:
    """Give back what a reset took."""
    return await resetting.undo(session, catalogue, caller, competition_id, reset_id)
