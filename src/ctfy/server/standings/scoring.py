"""Scoring: pure functions of who solved what, and when."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeVar

from ctfy.challenge.metadata import Value

RankBy = Literal["solved", "points"]


def value_after(value: int | Value, solves: int) -> int:
    """What a challenge is worth to everybody who solved it, once `solves` teams have.

    The first solver is paid in full: a decaying value falls along a parabola from `initial` at one
    solve to `minimum` at `decay` solves more, the curve that CTFd made usual.
    """
    if isinstance(value, int):
        return value
    steps = min(max(solves - 1, 0), value.decay)
    fallen = (value.initial - value.minimum) * steps * steps / (value.decay * value.decay)
    return max(value.minimum, math.ceil(value.initial - fallen))


def share(value: int, answered: int, questions: int) -> int:
    """The part of a challenge's value that some of its questions are worth; all of them: all."""
    return value * min(answered, questions) // max(questions, 1)


class Score(NamedTuple):
    """What a team is ranked by. `last_solve_at` in Unix seconds; never: infinity."""

    solved: int
    flags: int
    points: int
    last_solve_at: float


def order(score: Score, rank_by: RankBy) -> tuple[float, ...]:
    """The sort key: the best first; equal teams by whose last solve was earlier."""
    if rank_by == "points":
        return (-score.points, score.last_solve_at)
    return (-score.solved, -score.flags, score.last_solve_at)


Name = TypeVar("Name")


def ranked(scores: Iterable[tuple[Name, Score]], rank_by: RankBy) -> list[tuple[int, Name, Score]]:
    """Ranks from 1, in order. Teams equal in everything share a rank, and the next is skipped.

    Names break the order of equals, never their rank, so the input's order does not matter.
    """
    keyed = sorted((order(score, rank_by), name, score) for name, score in scores)
    result: list[tuple[int, Name, Score]] = []
    rank, before = 0, None
    for place, (key, name, score) in enumerate(keyed, 1):
        if key != before:
            rank, before = place, key
        result.append((rank, name, score))
    return result
