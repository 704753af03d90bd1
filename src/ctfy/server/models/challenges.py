"""Challenges as players see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ctfy.core.enums import ChallengeCategory as ChallengeCategory
from ctfy.core.target import AttachmentInfo as AttachmentInfo
from ctfy.server.models.base import Request, Response

ChallengeState = Literal["draft", "visible", "hidden"]


class AttachmentList(Response):
    """The files of a challenge or an instance."""

    files: list[AttachmentInfo] = []


class QuestionInput(Response):
    """How a question is asked, for whoever draws a form.

    `text` and `number` are written, `one_of` and `any_of` chosen from the question's `choices`.
    `placeholder` shows what an answer looks like, `note` tells what an answer has to be.
    """

    kind: Literal["text", "number", "one_of", "any_of"] = "text"
    placeholder: str = ""
    note: str = ""


class QuestionPublicInfo(Response):
    """A question without its answer."""

    id: str
    prompt: str
    mode: str | None = None
    choices: list[str] | None = None
    requires: list[str] = []
    input: QuestionInput | None = None


class ChallengeInfo(Response):
    """A challenge; `flag_solves` counts the teams that answered each question."""

    id: str
    name: str
    category: ChallengeCategory = ChallengeCategory.WEB
    difficulty: str = ""
    description: str = ""
    solves_count: int = 0
    launch_count: int = 0
    tags: list[str] = []
    questions: list[QuestionPublicInfo] = []
    flag_solves: dict[str, int] = {}
    attachments: list[AttachmentInfo] = []
    is_qa_only: bool = False
    value: int = 0
    solved: bool = False
    solved_question_ids: list[str] = []
    locked: bool = False
    unlocked_by: list[str] = []
    hints: int = 0
    state: Annotated[ChallengeState, Field(description="To operators, others see the visible")] = (
        "visible"
    )


class HintInfo(Response):
    """A hint; its text once the team took it."""

    id: str
    cost: int
    unlocked: bool
    text: str = ""


class ChallengeFacetCount(Response):
    """How many challenges have a value, and how many of them the caller solved."""

    value: str
    total: int = 0
    solved: int = 0


class ChallengeFacets(Response):
    """What the caller's challenges can be filtered by."""

    total: int = 0
    difficulty: list[ChallengeFacetCount] = []
    category: list[ChallengeFacetCount] = []
    tags: list[ChallengeFacetCount] = []
    status: list[ChallengeFacetCount] = []


ReactionName = Literal[
    "addictive",
    "mindblown",
    "learned",
    "goat_setter",
    "overthought",
    "guessy",
    "brutal",
    "buggy",
    "infra_broken",
]


class MyReactionsResponse(Response):
    """What the caller said of a challenge."""

    reactions: list[ReactionName] = []
    updated_at: datetime | None = None


class FeedbackStats(Response):
    """What everybody said of a challenge."""

    challenge_id: str
    counts: dict[str, int]
    total: int


class ChallengeSolveAttempt(Response):
    """One instance and what came of it. Times in Unix seconds; 0: not yet."""

    instance_id: str
    team_id: str = ""
    team_name: str = ""
    display_name: str = ""
    challenge_id: str = ""
    started_at: float = 0.0
    stopped_at: float = 0.0
    duration_s: float = 0.0
    attempts: int = 0
    solved: bool = False
    solved_flags: list[str] = []
    stop_reason: str = ""


class ChallengeTeamSolveSummary(Response):
    """A team's attempts at one challenge, taken together."""

    team_id: str
    team_name: str = ""
    display_name: str = ""
    solve_count: int = 0
    attempt_count: int = 0
    best_duration_s: float = 0.0
    total_duration_s: float = 0.0
    first_solved_at: float = 0.0
    last_solved_at: float = 0.0


class ChallengeSolveAttemptsResponse(Response):
    """Who tried a challenge, newest first, and the same by team, fastest first."""

    challenge_id: str
    attempts: list[ChallengeSolveAttempt] = []
    per_team: list[ChallengeTeamSolveSummary] = []
    total_attempts: int = 0


class QaChallengeView(Response):
    """A challenge without instances, and how far the caller's team is."""

    id: str
    name: str
    bucket: str
    description: str
    difficulty: str = ""
    tags: list[str] = []
    questions: list[QuestionPublicInfo] = []
    solved_question_ids: list[str] = []
    attempted_wrong_question_ids: list[str] = []


class AdminFeedbackRow(Response):
    """What one person said of a challenge."""

    user_id: str
    user_display_name: str = ""
    user_email: str = ""
    challenge_id: str
    team_id: str
    competition_id: str
    reaction: ReactionName
    created_at: datetime | None = None
    updated_at: datetime | None = None


class QuestionAttemptResetInfo(Response):
    """A team may be wrong again as often as at first."""

    team_id: str
    challenge_id: str
    question_id: str
    reset_at: datetime
    reset_by_user_id: str
    reason: str


class QuestionAttemptResetRequest(Request):
    """Why."""

    reason: Annotated[str, Field(max_length=500)] = ""
