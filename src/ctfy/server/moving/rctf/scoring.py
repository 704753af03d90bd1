"""What a challenge is worth on rCTF, and who is before whom.

By `server/util/scores.ts` and `server/leaderboard/calculate.js` of
https://github.com/redpwn/rctf.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

_MOST_STEEP, _LEAST_STEEP = -math.atanh(0.7), math.atanh(0.96)


@dataclass(frozen=True)
class Rule:
    """A challenge's points: from `most` without a solve to `least` for the most solved of all."""

    least: int
    most: int
    breaks_ties: bool = True


@dataclass(frozen=True)
class Solve:
    """Who solved what, and when."""

    team: str
    challenge: str
    at: datetime


def value(rule: Rule, solves: int, most_solves: int) -> int:
    """What a challenge is worth, beside one with `most_solves`: a slope of the hyperbolic tangent.

    It is scaled to end at `least` for the challenge that has most solves.
    """
    share = min(solves / max(most_solves, 1), 1.0)
    high, low = _slope(_MOST_STEEP), _slope(_LEAST_STEEP)
    at = _slope((_LEAST_STEEP - _MOST_STEEP) * share + _MOST_STEEP)
    points = rule.least + (rule.most - rule.least) * (at - low) / (high - low)
    return math.floor(max(points, rule.least) + 0.5)


def values(rules: Mapping[str, Rule], solves: Sequence[Solve]) -> dict[str, int]:
    """What each challenge is worth now."""
    counted = Counter(solve.challenge for solve in solves)
    most = max((counted[id_] for id_ in rules), default=0)
    return {id_: value(rule, counted[id_], most) for id_, rule in rules.items()}


def standings(
    teams: Sequence[str], rules: Mapping[str, Rule], solves: Sequence[Solve]
) -> list[tuple[str, int]]:
    """The teams that solved anything, in order: of equals who came to the last solve earlier.

    Challenges can be left out of that. `teams` are in the order that breaks what is equal still.
    """
    worth = values(rules, solves)
    points: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    last_of_ties: dict[str, datetime] = {}
    for solve in solves:
        points[solve.team] += worth[solve.challenge]
        last[solve.team] = max(last.get(solve.team, solve.at), solve.at)
        if rules[solve.challenge].breaks_ties:
            last_of_ties[solve.team] = max(last_of_ties.get(solve.team, solve.at), solve.at)

    def key(team: str) -> tuple[int, bool, datetime]:
        broken = last_of_ties.get(team)
        return (-points[team], broken is None, broken or last[team])

    return [(team, points[team]) for team in sorted((t for t in teams if t in last), key=key)]


def _slope(x: float) -> float:
    return (1 - math.tanh(x)) / 2
