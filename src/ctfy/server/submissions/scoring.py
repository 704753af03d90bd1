"""What an answer is worth: the whole rule, as a pure function of where the team stands.

A question scores once per team, whoever answers and however often. It is locked until everything
that it requires is answered. A wrong answer counts against the question's cap, if it has one, and
the same again does not; at the cap nothing more is graded, and what was solved before stays solved.
A challenge is solved with the last of its questions, once, and ranks the team by the order of
arrival.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

# Of a question; a cap above it lets the later ones count each time. What is remembered is read with
# every answer.
_MOST_REMEMBERED = 100


class Verdict(StrEnum):
    """What became of an attempt."""

    GRADED = "graded"
    WITHDRAWN = "withdrawn"  # the challenge was taken out of the competition
    LOCKED = "locked"
    CAPPED = "capped"
    REPEATED = "repeated"  # the same request once more: it was recorded the first time


@dataclass(slots=True)
class Progress:
    """Where a team stands with a challenge: what it solved, and how often it was wrong.

    `given`: the forms of its wrong answers, by question. `offered`: whether the challenge is part
    of the competition now. `whole`: whether it has the challenge. It keeps it when a question is
    added later, so that no solve of it is ranked twice.
    """

    solved: set[str] = field(default_factory=set)
    wrong: dict[str, int] = field(default_factory=dict)
    given: dict[str, set[str]] = field(default_factory=dict)
    offered: bool = True
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Graded:
    """An answer with its grade. `requires`, `questions`: ids of the challenge's questions.

    `scores`: whether it is submitted; one that is only verified counts against the cap alone.
    `form`: the same for wrong answers that are one.
    """

    question_id: str
    correct: bool
    scores: bool
    cap: int | None
    form: str
    requires: list[str]
    questions: list[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt changes. `wrong`: the team's wrong answers so far, where there is a cap.

    `remembers`: whether its form is to be known again.
    """

    verdict: Verdict
    missing: list[str] = field(default_factory=list)
    wrong: int = 0
    solved_before: bool = False
    counts_as_wrong: bool = False
    remembers: bool = False
    solves_question: bool = False
    solves_challenge: bool = False

    @property
    def is_recorded(self) -> bool:
        """Whether there is anything to write down."""
        return self.verdict == Verdict.GRADED


def judge(attempt: Graded, progress: Progress) -> Outcome:
    """What an attempt brings a team, whose progress it moves on."""
    if not progress.offered:
        return Outcome(Verdict.WITHDRAWN)
    question_id = attempt.question_id
    solved_before = question_id in progress.solved
    if missing := [required for required in attempt.requires if required not in progress.solved]:
        return Outcome(Verdict.LOCKED, missing=missing, solved_before=solved_before)
    wrong = progress.wrong.get(question_id, 0) if attempt.cap is not None else 0
    counts_as_wrong = remembers = False
    if attempt.cap is not None and not solved_before:
        if wrong >= attempt.cap:
            return Outcome(Verdict.CAPPED, wrong=wrong)
        given = progress.given.setdefault(question_id, set())
        if not attempt.correct and attempt.form not in given:
            counts_as_wrong = True
            if remembers := len(given) < _MOST_REMEMBERED:
                given.add(attempt.form)
            wrong = progress.wrong[question_id] = wrong + 1
    solves = attempt.scores and attempt.correct and not solved_before
    if solves:
        progress.solved.add(question_id)
    completes = solves and not progress.whole and progress.solved.issuperset(attempt.questions)
    progress.whole = progress.whole or completes
    return Outcome(
        Verdict.GRADED,
        wrong=wrong,
        solved_before=solved_before,
        counts_as_wrong=counts_as_wrong,
        remembers=remembers,
        solves_question=solves,
        solves_challenge=completes,
    )
