"""The events of submissions."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event, OnBoard, Topic


class FlagEvent(Event):
    """An answer was graded. Times in seconds; `submitted_at_ts` is Unix time.

    `practice`: it came after the end, and counts nowhere.
    """

    competition_id: str
    instance_id: str
    question_id: str
    submission_id: str
    user_id: str
    submitted_at_ts: float
    solve_time_s: float
    attempts_remaining: int | None = None
    practice: bool | None = None


class FlagWrong(FlagEvent, to=Audience.TEAM, stale=(Topic.ATTEMPTS,), board=OnBoard.ATTEMPT):
    """It was wrong. `wrapped`: it looks like a flag that nobody decoded."""

    wrapped: bool | None = None


class FlagPartCorrect(FlagEvent, to=Audience.TEAM, stale=(Topic.ATTEMPTS,), board=OnBoard.ANSWER):
    """It was right, and the challenge has other questions left."""


class SubmissionRuled(Event, to=Audience.TEAM, stale=(Topic.ATTEMPTS,), board=OnBoard.RELOAD):
    """A submission counts as right now, or as right no longer.

    `action`: accepted or struck by who runs the competition, or regraded with a changed answer.
    """

    competition_id: str
    question_id: str
    submission_id: str
    user_id: str
    correct: bool
    action: str
    reason: str | None = None


class ChallengeCompleted(Event, to=Audience.TEAM, stale=(Topic.ATTEMPTS,), board=OnBoard.RELOAD):
    """A challenge is solved whole, since the question that was left of it is gone."""

    competition_id: str


class FlagCorrect(FlagEvent, to=Audience.TEAM, stale=(Topic.ATTEMPTS,), board=OnBoard.SOLVE):
    """It was right and solved the challenge, as the `solve_rank`-th team of the competition.

    The rank is 0 behind a freeze: it would tell of what others solved.
    """

    solve_rank: int


class ChallengeReset(
    Event,
    to=Audience.COMPETITION,
    stale=(Topic.ATTEMPTS, Topic.COMPETITION),
    board=OnBoard.RELOAD,
):
    """A challenge begins anew: solves, attempts and hints of it are taken back.

    `action`: reset, or undone, which gives them back.
    """

    competition_id: str
    action: str
    reason: str
