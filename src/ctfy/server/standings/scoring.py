"""Scoring: pure functions of who solved what, and when."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeVar

from ctfy.challenge.metadata import Value

RankBy = Literal["solved", "points"]


def value_after(value: int | Value, solves: int) -> int:
    """What a challenge is worth to everybody who solved it, once `solves` teams have.

    The first solver is paid in full. With `decay` a value falls along a parabola from `initial` at
    one solve to `minimum` at `decay` solves more, the curve that CTFd made usual; with `step` by so
    much with each solve more, which it calls linear.
    """
    if isinstance(value, int):
        return value
    more = max(solves - 1, 0)
    if value.step is not None:
        return max(value.minimum, value.initial - value.step * more)
    decay = value.decay or 1
    steps = min(more, decay)
    fallen = (value.initial - value.minimum) * steps * steps / (decay * decay)
    return max(value.minimum, math.ceil(value.initial - fallen))


def share(value: int, answered: int, questions: int) -> int:
    """The part of a challenge's value that some of its questions are worth; all of them: all."""
    return value * min(answered, questions) // max(questions, 1)


def decisive(value: int, answered: int, questions: int) -> int:
    """How many of some answers it took to come to the points that they are worth; 0: to none."""
    points = share(value, answered, questions)
    return -(-points * questions // value) if points else 0


class Score(NamedTuple):
    """What a team is ranked by.

    `reached_at`: when it had come to that score, Unix seconds; never: infinity. An answer worth
    nothing is none of that, but is the `last_solve_at`; 0: never.
    """

    solved: int
    flags: int
    points: int
    reached_at: float
    last_solve_at: float = 0.0


def order(score: Score, rank_by: RankBy) -> tuple[float, ...]:
    """The sort key: the best first; of equal teams the one that came to it earlier."""
    if rank_by == "points":
        return (-score.points, score.reached_at)
    return (-score.solved, -score.flags, score.reached_at)


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
