"""Tools about answers: giving them, and those given."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctfy.mcp.calls import Call, client
from ctfy.mcp.tools.arguments import Answer, ChallengeId, CompetitionId, InstanceId, Limit, Offset
from ctfy.server.models.submissions import SubmissionResponse, SubmissionState


async def verify_answer(
    call: Call,
    instance_id: InstanceId,
    answer: Answer,
    question_id: Annotated[str, Field(description="As get_instance names it")] = "flag",
) -> bool:
    """Whether an answer is right, without scoring."""
    async with client(call) as c:
        graded = await c.submissions.verify(instance_id, answer, question_id=question_id)
    return graded.correct


async def submit_answer(
    call: Call,
    instance_id: InstanceId,
    answer: Answer,
    question_id: Annotated[str, Field(description="As get_instance names it")] = "flag",
) -> SubmissionResponse:
    """Answer a question of an instance; it scores when it is right."""
    async with client(call) as c:
        return await c.submissions.submit(instance_id, answer, question_id=question_id)


async def submit_qa_answer(
    call: Call,
    challenge_id: ChallengeId,
    competition_id: CompetitionId,
    answer: Answer,
    question_id: Annotated[str, Field(description="As get_challenge names it")] = "answer",
) -> SubmissionResponse:
    """Answer a challenge that has no instance (`is_qa_only`)."""
    async with client(call) as c:
        return await c.submissions.submit_qa(
            challenge_id, competition_id, answer, question_id=question_id
        )


async def list_submissions(
    call: Call,
    challenge_id: Annotated[str, Field(description="Only to this challenge")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> list[SubmissionState]:
    """Your team's answers, newest first."""
    async with client(call) as c:
        return await c.submissions.list(challenge_id, offset, limit)
