"""Scoring is a function of who solved what when; nothing else changes a total."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.challenge.metadata import Metadata, Value
from ctfy.challenge.modes.dynamic import Dynamic
from ctfy.server.standings.board import Board, BoardTeam, Offer, QuestionSolve, Rules
from ctfy.server.standings.scoring import Score, decisive, order, ranked, share, value_after

values = st.builds(
    lambda a, b, decay: Value(initial=max(a, b), minimum=min(a, b), decay=decay),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(1, 100),
)


@given(values, st.integers(0, 500))
def test_a_value_never_rises_and_never_leaves_its_bounds(value: Value, solves: int) -> None:
    now, later = value_after(value, solves), value_after(value, solves + 1)
    assert value.minimum <= later <= now <= value.initial


@given(values)
def test_the_first_solver_is_paid_in_full_and_the_last_the_minimum(value: Value) -> None:
    assert value_after(value, 0) == value_after(value, 1) == value.initial
    assert value_after(value, value.decay + 1) == value.minimum


def test_a_value_falls_by_its_step_and_never_below_the_minimum() -> None:
    value = Value(initial=500, minimum=100, step=150)
    assert [value_after(value, solves) for solves in range(6)] == [500, 500, 350, 200, 100, 100]


@given(st.integers(0, 10_000), st.integers(1, 20))
def test_the_shares_of_a_challenge_add_up_to_its_value(value: int, questions: int) -> None:
    gains = [
        share(value, n, questions) - share(value, n - 1, questions) for n in range(1, questions + 1)
    ]
    assert sum(gains) == value
    assert all(gain >= 0 for gain in gains)


last_solves = st.sampled_from([1.0, 2.0, 3.0])
scores = st.builds(Score, st.integers(0, 3), st.integers(0, 5), st.integers(-50, 300), last_solves)
teams_scored = st.dictionaries(st.integers(0, 50), scores)
rankings = st.sampled_from(["solved", "points"])


@given(teams_scored, rankings, st.randoms())
def test_ranks_do_not_depend_on_the_order_of_arrival(
    teams: dict[int, Score], rank_by: str, dice: random.Random
) -> None:
    one = list(teams.items())
    other = one.copy()
    dice.shuffle(other)
    assert ranked(one, rank_by) == ranked(other, rank_by)  # type: ignore[arg-type]


@given(teams_scored, rankings)
def test_a_rank_is_one_more_than_how_many_are_better(teams: dict[int, Score], rank_by: str) -> None:
    keys = {name: order(score, rank_by) for name, score in teams.items()}  # type: ignore[arg-type]
    for rank, name, _ in ranked(teams.items(), rank_by):  # type: ignore[arg-type]
        assert rank == 1 + sum(1 for key in keys.values() if key < keys[name])


FIELDS: dict[str, Any] = {"name": "n", "description": "d", "difficulty": "easy", "tags": ["t"]}
CHALLENGES = {
    "plain": Metadata(name="p", description="d", difficulty="easy", tags=["t"], value=100),
    "falling": Metadata(
        name="f",
        description="d",
        difficulty="hard",
        tags=["t"],
        value=Value(initial=500, minimum=100, decay=4),
        questions=[Dynamic(id=q, prompt="?") for q in ("a", "b", "c")],
    ),
}
CATALOGUE = Catalogue([Challenge(id_, "", Path(), meta) for id_, meta in CHALLENGES.items()])
RULES = Rules("points", 50, dict.fromkeys(CHALLENGES, Offer()))
TEAMS = ["t1", "t2", "t3", "t4", "t5"]
Answer = tuple[str, str, str]
answers = st.lists(
    st.tuples(
        st.sampled_from(TEAMS),
        st.sampled_from([(c, q.id) for c, m in CHALLENGES.items() for q in m.questions]),
    ).map(lambda pair: (pair[0], *pair[1])),
    max_size=30,
)


def board(told: list[Answer], moments: dict[Answer, float]) -> Board:
    """A board that is told of answers, in any order and any number of times."""
    made = Board("c", CATALOGUE, RULES)
    for place, team in enumerate(TEAMS):
        made.add_team(BoardTeam(team, team, "", float(place)))
    ranks = whole_ranks(moments)
    for answer in told:
        team, challenge, question = answer
        made.add_solve(team, challenge, question, QuestionSolve(moments[answer], "u", 1.0))
        if (team, challenge) in ranks:
            made.add_challenge_solve(team, challenge, ranks[team, challenge][1])
    return made


def whole_ranks(moments: dict[Answer, float]) -> dict[tuple[str, str], tuple[int, float]]:
    """Who solved which challenge whole: as the how manieth, and when."""
    last: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for (team, challenge, _), at in moments.items():
        last[team, challenge].append(at)
    done = sorted(
        (max(ats), team, challenge)
        for (team, challenge), ats in last.items()
        if len(ats) == len(CHALLENGES[challenge].questions)
    )
    places: defaultdict[str, int] = defaultdict(int)
    ranks = {}
    for at, team, challenge in done:
        places[challenge] += 1
        ranks[team, challenge] = (places[challenge], at)
    return ranks


@given(answers, st.randoms())
def test_order_and_replays_never_change_a_total(told: list[Answer], dice: random.Random) -> None:
    moments = {answer: float(place) for place, answer in enumerate(dict.fromkeys(told), 1)}
    replayed = told + told
    dice.shuffle(replayed)
    assert sorted(board(told, moments).scores()) == sorted(board(replayed, moments).scores())


@given(answers)
def test_totals_are_what_the_rules_say(told: list[Answer]) -> None:
    moments = {answer: float(place) for place, answer in enumerate(dict.fromkeys(told), 1)}
    ranks = whole_ranks(moments)
    for (_, team), score in board(told, moments).scores():
        mine = [a for a in moments if a[0] == team]
        points = 0
        for challenge, meta in CHALLENGES.items():
            value = value_after(meta.value, sum(1 for _, c in ranks if c == challenge))
            count = sum(1 for a in mine if a[1] == challenge)
            points += share(value, count, len(meta.questions))
            if (team, challenge) in ranks and ranks[team, challenge][0] == 1:
                points += RULES.first_blood_bonus
        assert score == Score(
            sum(1 for t, _ in ranks if t == team),
            len(mine),
            points,
            max((moments[a] for a in mine), default=float("inf")),
            max((moments[a] for a in mine), default=0.0),
        )


@given(st.integers(0, 50), st.integers(0, 8), st.integers(1, 8))
def test_points_are_reached_with_the_answer_that_brought_the_last_of_them(
    value: int, answered: int, questions: int
) -> None:
    answered = min(answered, questions)
    needed = decisive(value, answered, questions)
    assert share(value, needed, questions) == share(value, answered, questions)
    assert needed == 0 or share(value, needed - 1, questions) < share(value, needed, questions)


def test_a_solve_worth_nothing_does_not_lose_a_tie() -> None:
    free = Challenge("free", "", Path(), Metadata(**FIELDS, value=0))
    paid = Challenge("paid", "", Path(), Metadata(**FIELDS, value=100))
    rules = Rules("points", 0, dict.fromkeys(("free", "paid"), Offer()))
    made = Board("c", Catalogue([free, paid]), rules)
    for place, (team, at) in enumerate({"early": 1.0, "late": 2.0}.items()):
        made.add_team(BoardTeam(team, team, "", float(place)))
        made.add_solve(team, "paid", "flag", QuestionSolve(at, "u", 1.0))
        made.add_challenge_solve(team, "paid", at)
    made.add_solve("early", "free", "flag", QuestionSolve(9.0, "u", 1.0))
    made.add_challenge_solve("early", "free", 9.0)
    assert [(rank, name[1]) for rank, name, _ in ranked(made.scores(), "points")] == [
        (1, "early"),
        (2, "late"),
    ]


@given(answers, st.sets(st.sampled_from(list(CHALLENGES))), st.sampled_from(["rules", "folder"]))
def test_a_challenge_that_is_gone_counts_for_nothing(
    told: list[Answer], gone: set[str], how: str
) -> None:
    """Points are a function of the challenges that are there, whatever was solved before."""
    moments = {answer: float(place) for place, answer in enumerate(dict.fromkeys(told), 1)}
    before = board(told, moments)
    left = [c for c in CATALOGUE.challenges.values() if c.id not in gone]
    if how == "folder":
        before._catalogue = Catalogue(left)
    else:
        before.rules = Rules("points", 50, {c.id: Offer() for c in left})
    without = [answer for answer in told if answer[1] not in gone]
    never = board(without, moments)
    assert before.scores() == never.scores()
