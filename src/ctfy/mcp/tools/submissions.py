"""Tools about answers: giving them, and those given."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctfy.mcp.calls import Call, client, fetch_page
from ctfy.mcp.outputs import Graded, Listing, Verified, listing, over
from ctfy.mcp.tools.arguments import (
    Answer,
    ChallengeId,
    CompetitionId,
    InstanceId,
    InstanceQuestionId,
    Limit,
    Offset,
    QuestionId,
)
from ctfy.sdk import CtfyApiError
from ctfy.sdk.aio import AsyncPlatformClient
from ctfy.server.models.submissions import SubmissionResponse, SubmissionState


async def verify_answer(
    call: Call, instance_id: InstanceId, answer: Answer, question_id: InstanceQuestionId = ""
) -> Verified:
    """Whether an answer is right, without scoring. A wrong one uses up an attempt, too."""
    async with client(call) as c:
        graded = await c.submissions.verify(instance_id, answer, question_id=question_id)
        note = "" if graded.correct else await _over(c, instance_id)
    return Verified(result=graded.correct, question_id=graded.question_id or "", note=note)


async def submit_answer(
    call: Call, instance_id: InstanceId, answer: Answer, question_id: InstanceQuestionId = ""
) -> Graded:
    """Answer a question of an instance; it scores when it is right."""
    async with client(call) as c:
        graded = await c.submissions.submit(instance_id, answer, question_id=question_id)
        note = "" if graded.correct else await _over(c, instance_id)
    return Graded(**dict(graded), note=note)


async def submit_qa_answer(
    call: Call,
    challenge_id: ChallengeId,
    competition_id: CompetitionId,
    answer: Answer,
    question_id: QuestionId = "",
) -> SubmissionResponse:
    """Answer a challenge that has no instance (`is_qa_only`)."""
    async with client(call) as c:
        return await c.submissions.submit_qa(
            challenge_id, competition_id, answer, question_id=question_id
        )


async def list_submissions(
    call: Call,
    challenge_id: Annotated[str, Field(description="one challenge's id")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> Listing[SubmissionState]:
    """Your team's answers, newest first."""
    where = {"challenge_id": challenge_id, "offset": offset, "limit": limit}
    async with client(call) as c:
        page = await fetch_page(c, SubmissionState, "/submissions", **where)
    return listing(page.items, page.total, offset)


async def _over(c: AsyncPlatformClient, instance_id: str) -> str:
    """What an agent has to know whose wrong answer may be another instance's; else empty."""
    try:
        found = await c.instances.status(instance_id)
    except CtfyApiError:  # the token need not reach instances
        return ""
    return over(found.status, found.stop_reason)
