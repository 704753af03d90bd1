"""Answers and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ctfy.server.models.base import Request, Response

AnswerText = Annotated[str, Field(min_length=1, max_length=4096)]
Answer = AnswerText | Annotated[list[AnswerText], Field(min_length=1, max_length=100)]
QuestionId = Annotated[
    str,
    Field(
        max_length=128,
        description="Empty: the one question that is unlocked and not answered yet",
    ),
]
Id = Annotated[str, Field(min_length=1, max_length=128)]


class SubmissionCreate(Request):
    """An answer to one question of an instance; a list for a multiple choice."""

    instance_id: Id
    question_id: QuestionId = ""
    answer: Answer


class QaSubmissionCreate(Request):
    """An answer to one question of a challenge that has no instance.

    `competition_id` may be empty for who plays the challenge in one competition alone.
    """

    challenge_id: Id
    competition_id: Annotated[str, Field(max_length=128)] = ""
    question_id: QuestionId = ""
    answer: Answer


class VerifyAnswerRequest(Request):
    """An answer to be graded without scoring."""

    question_id: QuestionId = ""
    answer: Answer


class SubmissionResponse(Response):
    """The grade. `solve_rank` 1 solved the challenge first.

    It is 0 while the challenge is not fully solved, and after the freeze, when it would tell of
    what others solve.
    """

    id: str
    correct: bool
    solve_time_s: float = 0
    solve_rank: int = 0
    question_id: str | None = None
    challenge_fully_solved: bool = False
    attempts_remaining: int | None = None


class VerifyAnswerResponse(Response):
    """The grade of an answer that does not score."""

    correct: bool
    question_id: str | None = None


class SubmissionState(Response):
    """A submission in the team's history. `overruled`: the organisers graded it by hand."""

    id: str = ""
    team_id: str = ""
    user_id: str = ""
    challenge_id: str = ""
    claimed_flag: str = ""
    correct: bool = False
    flag_id: str = ""
    submitted_at: datetime | None = None
    solve_time_s: float = 0.0
    overruled: bool = False


class SubmissionRuling(Request):
    """Let a submission count as right, or not, whatever its grade was. The log has the reason."""

    correct: bool
    reason: Annotated[str, Field(max_length=500)] = ""


class AdminSubmission(Response):
    """A submission as its competition's administrators see it.

    `correct`: whether it counts as right. `overruled`: by their word, against its grade.
    `reset_id`: the reset of its challenge that took it back.
    """

    id: str
    team_id: str = ""
    team_name: str = ""
    user_id: str = ""
    display_name: str = ""
    challenge_id: str = ""
    question_id: str = ""
    instance_id: str | None = None
    answer: str = ""
    correct: bool = False
    overruled: bool = False
    reset_id: str | None = None
    submitted_at: datetime | None = None
    solve_time_s: float = 0.0


class RegradeRequest(Request):
    """Grade the submissions to a question again; with `dry_run` say only what would change."""

    dry_run: bool = True


class RegradeChange(Response):
    """A submission whose grade changes; `correct`: what it becomes."""

    submission_id: str
    team_id: str = ""
    team_name: str = ""
    user_id: str = ""
    answer: str = ""
    submitted_at: datetime | None = None
    correct: bool = False


class RegradeResult(Response):
    """What grading again changes, or would change.

    `ruled`: how many stay as the administrators ruled; `unknown`: and because no instance tells
    what was right. `completed`: teams that have the challenge with it, since the question that they
    had left is gone. `changes` has the first thousand.
    """

    dry_run: bool
    checked: int = 0
    became_right: int = 0
    became_wrong: int = 0
    ruled: int = 0
    unknown: int = 0
    completed: int = 0
    changes: list[RegradeChange] = []


class ChallengeResetRequest(Request):
    """Begin a challenge anew; with `dry_run` say only what would be taken back.

    `reason`: why; the competition's players read it, and the log keeps it.
    """

    dry_run: bool = True
    reason: Annotated[str, Field(max_length=500)] = ""


class ChallengeResetCounts(Response):
    """What teams did with a challenge.

    `teams`: how many have anything of it. `solves`: how many solved it whole. `answers`: questions
    answered. `attempts`: wrong answers that count against a cap. `hints`: taken. `submissions`:
    right and wrong; they stay on record.
    """

    teams: int = 0
    solves: int = 0
    answers: int = 0
    attempts: int = 0
    hints: int = 0
    submissions: int = 0


class ChallengeResetInfo(ChallengeResetCounts):
    """A reset of a challenge, and what it took back. No `id`: nothing was done."""

    id: str = ""
    challenge_id: str
    dry_run: bool = False
    reason: str = ""
    reset_by: str = ""
    reset_at: datetime | None = None
    undone_at: datetime | None = None
