"""The events of challenges."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event, OnBoard, Topic


class HintUnlocked(Event, to=Audience.TEAM, stale=(Topic.COMPETITION,), board=OnBoard.RELOAD):
    """A team took a hint for `cost` points."""

    competition_id: str
    hint_id: str
    cost: int


class QuestionAttemptReset(Event, to=Audience.TEAM, stale=(Topic.ATTEMPTS,)):
    """An operator forgave a team its wrong answers to a question."""

    competition_id: str
    question_id: str
    reason: str


class ReactionAdded(Event, to=Audience.PERSON):
    """Somebody said something of a challenge."""

    user_id: str
    reaction: str


class ChallengesRescanned(Event, to=Audience.PLATFORM):
    """Challenges have changed: every process looks again."""


class ChallengeVersionSet(Event, to=Audience.ADMINS):
    """Another version of a challenge is the current one; `version` 0: it was removed."""

    version: int
    origin: str
