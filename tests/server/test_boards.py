"""A board that follows the events is the one that the database holds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctfy.challenge.catalogue import Catalogue
from ctfy.sdk import PlatformClient
from tests.conftest import ADMIN_EMAIL, PASSWORD, lone_server_and_database, sign_in
from tests.server.played_boards import (
    AUDIENCES,
    CHALLENGES,
    AllIsCompared,
    Answers,
    EndIsSet,
    Enters,
    FreezeIsSet,
    Game,
    IsEdited,
    IsGiven,
    IsReinstated,
    IsSuspended,
    IsTurned,
    Joins,
    Kicks,
    Leaves,
    PracticeIsAccepted,
    Renames,
    Replica,
    ReplicaHears,
    ReplicaRecords,
    ReplicaShows,
    Stands,
    Step,
    TakesHint,
)

PLAIN = ("plain", "only")
FALLING = ("falling", "first"), ("falling", "second")

# Every step as often as it is to be chosen. The first is what the others become when a failure is
# made small.
STEPS: list[Step] = [
    *[AllIsCompared()] * 6,
    *[ReplicaShows(audience) for audience in AUDIENCES] * 2,
    *[ReplicaHears(most) for most in (1, 2, 3)] * 2,
    *[ReplicaRecords()] * 3,
    *[Answers(person, question) for person in (0, 1, 2) for question in (PLAIN, *FALLING)] * 3,
    *[Answers(person, question, "wrong") for person in (0, 2) for question in (PLAIN, FALLING[0])],
    *[TakesHint(person, challenge_id) for person in (0, 2) for challenge_id in CHALLENGES],
    *[Leaves(person) for person in (0, 1, 2)],
    *[Enters(person) for person in (0, 1, 2, 3)],
    *[Joins(person, captain) for person, captain in ((1, 0), (2, 0), (1, 2), (3, 1), (3, 2))],
    *[Kicks(captain, person) for captain, person in ((0, 1), (2, 1), (1, 0))],
    *[Renames(0, name) for name in ("One", "Two")],
    *[IsSuspended(person) for person in (1, 2)],
    *[IsReinstated(person) for person in (1, 2)] * 2,
    *[IsGiven(person, points) for person, points in ((0, 50), (2, -30), (0, 0), (2, 0))],
    *[Stands(0, standing) for standing in ("hidden", "disqualified", "ranked", "ranked")],
    *[IsTurned(place) for place in (0, 1, 2)] * 2,
    *[FreezeIsSet(minutes) for minutes in (None, -60, 0, 60)],
    *[EndIsSet(minutes) for minutes in (None, 0, 0, 60, -60)],
    *[IsEdited({"rank_by": rank_by}) for rank_by in ("points", "solved")],
    *[IsEdited({"first_blood_bonus": bonus}) for bonus in (0, 40)],
    *[IsEdited({"challenge_ids": ids}) for ids in (["falling", "plain"], ["plain"])],
]


def player(url: str, number: int) -> PlatformClient:
    """Somebody with a token that outlives a suspension."""
    session = PlatformClient(url).auth.register(f"{number}@example.org", PASSWORD, f"P{number}")
    token = PlatformClient(url, session.token).auth.mint_token("play").token
    return PlatformClient(url, token, max_retries=0)


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Game]:
    """A platform without a node, its people, and a replica on the same database."""
    folder = tmp_path_factory.mktemp("boards")
    challenges = folder / "challenges"
    for name, text in CHALLENGES.items():
        (challenges / name).mkdir(parents=True)
        (challenges / name / "metadata.yaml").write_text(text)
    started = lone_server_and_database(folder, CTFY_CHALLENGES_DIR=str(challenges))
    with started as (url, database), contextlib.ExitStack() as stack:
        admin = stack.enter_context(sign_in(url, ADMIN_EMAIL))
        clients = [stack.enter_context(player(url, number)) for number in range(4)]
        replica = Replica(database, Catalogue.load(challenges))
        stack.callback(replica.close)
        yield Game(admin, clients, [client.me.get().id for client in clients], replica)


@pytest.fixture
def game(everybody: Game) -> Iterator[Game]:
    everybody.begin()
    yield everybody
    everybody.end()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(STEPS), min_size=12, max_size=36))
def test_a_board_that_followed_is_the_one_in_the_database(
    everybody: Game, steps: list[Step]
) -> None:
    everybody.begin()
    try:
        everybody.play(*steps, AllIsCompared())
    finally:
        everybody.end()


# What teams do, and what becomes of them, that moves no board once the competition is over.
PRACTISED: list[Step] = [
    *[Answers(person, question) for person in (0, 1, 2) for question in (PLAIN, *FALLING)] * 2,
    *[Answers(person, question, "wrong") for person in (0, 2) for question in (PLAIN, FALLING[0])],
    *[TakesHint(person, challenge_id) for person in (0, 2) for challenge_id in CHALLENGES],
    *[ReplicaShows(audience) for audience in AUDIENCES],
    ReplicaHears(1),
    ReplicaRecords(),
    AllIsCompared(),
]
# What has everything computed anew.
_ACCEPTED = [Answers(2, PLAIN, "wrong"), PracticeIsAccepted()]
_LEFT_OUT = [Stands(0, "disqualified"), Answers(1, PLAIN), AllIsCompared(), Stands(0, "ranked")]


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.sampled_from(STEPS), min_size=6, max_size=16),
    st.lists(st.sampled_from(PRACTISED), min_size=6, max_size=16),
    st.sampled_from([_ACCEPTED, _LEFT_OUT]),
)
def test_nothing_that_is_done_for_practice_moves_a_board(
    everybody: Game, played: list[Step], practised: list[Step], recomputed: list[Step]
) -> None:
    everybody.begin()
    try:
        everybody.play(*played, FreezeIsSet(None), Stands(0, "ranked"), EndIsSet(0))
        everybody.play(AllIsCompared())
        before = everybody.drawn()
        everybody.play(*practised, *recomputed, *practised, AllIsCompared())
        assert everybody.drawn() == before
    finally:
        everybody.end()


def test_a_right_answer_given_again_counts_as_often_as_it_was_told(game: Game) -> None:
    game.play(ReplicaShows("operators"), Answers(0, PLAIN), Answers(0, PLAIN), AllIsCompared())


def test_a_team_is_hidden_once_the_last_who_may_play_has_left(game: Game) -> None:
    game.play(IsSuspended(1), AllIsCompared(), Leaves(0), AllIsCompared())


def test_a_hidden_team_is_shown_once_somebody_joins_who_may_play(game: Game) -> None:
    code = game.competition(0).team.invites.create().code
    game.play(IsSuspended(1), Leaves(0), AllIsCompared())
    game.competition(3).register("join", code=code)
    game.play(AllIsCompared())


def test_points_an_unranked_team_and_a_ruling_reach_a_board_that_follows(game: Game) -> None:
    solved = [Answers(person, question) for person in (0, 2) for question in (PLAIN, *FALLING)]
    game.play(ReplicaShows("operators"), *solved, IsGiven(0, 50), AllIsCompared())
    game.play(Stands(0, "hidden"), AllIsCompared(), IsTurned(0), IsTurned(3), AllIsCompared())
    game.play(Stands(0, "ranked"), IsTurned(3), IsGiven(0), AllIsCompared())
    assert [e.points for e in game.competition(2).scoreboard()] == [600, 350]


def test_an_answer_counts_once_whether_it_is_recorded_or_relayed_first(game: Game) -> None:
    game.play(ReplicaShows("operators"), Answers(0, PLAIN), ReplicaRecords(), AllIsCompared())
    game.play(Answers(2, PLAIN), ReplicaHears(9), ReplicaRecords(), AllIsCompared())
