"""What nobody may know yet, or any more: asked of every route that the API's document names."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.server.models.competitions import CompetitionInfo
from tests.conftest import Arena
from tests.event_stream import following
from tests.playing import flag, start
from tests.processes import wait_for
from tests.refusals import refusal
from tests.server.every_get import answers, differences


@dataclass
class Frozen:
    """A competition behind its freeze, somebody who plays it, and what the routes ask about."""

    competition: CompetitionInfo
    solver: PlatformClient
    instance_id: str
    known: dict[str, str]
    award_id: str  # given before the freeze


Standing = dict[str, object]


@pytest.fixture
def frozen(arena: Arena, request: pytest.FixtureRequest) -> Iterator[Frozen]:
    """Frozen now; or as a test says, closed to some in another way."""
    closed: Standing = getattr(request, "param", None) or {"freezes_at": datetime.now(UTC)}
    competition = arena.competition(starts_at=datetime.now(UTC) - timedelta(hours=1))
    solver = arena.registered(competition, "Solver")
    solver.me.update_visibility({"last_active_at": False})  # told by every request, not by solves
    ready = start(solver, competition.id)
    wait_for("the award for coming", lambda: solver.me.achievements().unlocked)
    team_id = solver.competitions.get(competition.id).my_team_id
    awards = arena.admin.admin.awards
    early = awards.give(competition.id, team_id, points=5, reason="a bug report")
    arena.admin.admin.competitions.update(competition.id, **closed)
    known = {
        "competition_id": competition.id,
        "team_id": team_id,
        "user_id": solver.me.get().id,
        "challenge_id": "notes",
        "instance_id": ready.id,
        "q": "",
    }
    yield Frozen(competition, solver, ready.id, known, early.id)
    solver.instances.stop(ready.id)


HIDDEN: Standing = {"scoreboard_visibility": "hidden"}
OF_PLAYERS: Standing = {"scoreboard_visibility": "players"}


@pytest.mark.parametrize(
    ("frozen", "who"),
    [
        *((None, who) for who in ("visitor", "player", "rival", "limited token")),
        *((HIDDEN, who) for who in ("visitor", "player", "rival", "limited token")),
        *((OF_PLAYERS, who) for who in ("visitor", "player")),
    ],
    indirect=["frozen"],
)
def test_no_route_tells_of_a_solve_whoever_may_not_know_of_it(
    arena: Arena, frozen: Frozen, secret: bytes, who: str
) -> None:
    reader = {
        "visitor": lambda: PlatformClient(arena.url),
        "player": arena.player,
        "rival": lambda: arena.registered(frozen.competition, "Rival"),
        "limited token": lambda: limited(arena.registered(frozen.competition), frozen.competition),
    }[who]()
    token = token_of(reader)
    if who in ("rival", "limited token"):
        wait_for("the award for coming", lambda: reader.me.achievements().unlocked)
    time.sleep(2)  # the board of all competitions is drawn once a second: let it know who came
    before = answers(arena.url, token, frozen.known)
    with following(reader) if token else nullcontext([]) as told:
        frozen.solver.submissions.submit(frozen.instance_id, "wrong")
        grade = frozen.solver.submissions.submit(
            frozen.instance_id, flag(secret, frozen.instance_id)
        )
        visibility = arena.admin.competitions.get(frozen.competition.id).scoreboard_visibility
        rank = int(visibility == "players")  # those who take part know of it
        assert (grade.correct, grade.challenge_fully_solved, grade.solve_rank) == (True, True, rank)
        wait_for("awards", lambda: len(frozen.solver.me.achievements().unlocked) > 1)
        awards = arena.admin.admin.awards
        late = {"points": -70, "reason": "behind the freeze"}
        awards.give(frozen.competition.id, frozen.known["team_id"], **late)
        awards.revoke(frozen.competition.id, frozen.award_id)
        wait_for(
            "the operators' board",
            lambda: arena.admin.competition(frozen.competition.id).scoreboard()[0].solved == 1,
        )
        after = answers(arena.url, token, frozen.known)
    assert len(before) > 60
    assert differences(before, after) == []
    assert [event for event in told if event.get("team_id") == frozen.known["team_id"]] == []
    assert [event for event in told if event["event"] == "scoreboard_updated"] == []


def limited(player: PlatformClient, competition: CompetitionInfo) -> PlatformClient:
    """The same person with a token that reaches into one competition alone."""
    minted = player.auth.mint_token(
        "limited", competition_access="selected", competition_ids=[competition.id]
    )
    return PlatformClient(player.base_url.removesuffix("/api/v1"), minted.token, max_retries=0)


def token_of(client: PlatformClient) -> str:
    """What a client signs in with; empty: nothing."""
    return client.token


@pytest.mark.parametrize(
    ("visibility", "seen"),
    [("public", "everybody"), ("players", "those who take part"), ("hidden", "operators")],
)
def test_the_standings_are_shown_to_whom_the_competition_says(
    arena: Arena, visibility: str, seen: str
) -> None:
    competition = arena.competition("field-notes", scoreboard_visibility=visibility)
    player = arena.registered(competition, "Ada")

    def read(client: PlatformClient) -> str:
        try:
            entries = client.competition(competition.id).scoreboard()
        except CtfyApiError as refused:
            return str(refused)
        return ", ".join(entry.team_name for entry in entries)

    to_whom = "those who take part in it" if visibility == "players" else "whoever runs it"
    refusal = f"The standings of this competition are shown to {to_whom}. [403 scoreboard_hidden]"
    assert read(arena.admin) == "Ada"
    assert read(player) == (refusal if seen == "operators" else "Ada")
    assert read(arena.player()) == ("Ada" if seen == "everybody" else refusal)
    wall = httpx.get(f"{arena.url}/api/v1/walls/{competition.id}").json()
    assert [e["team_name"] for e in wall["entries"]] == (["Ada"] if seen == "everybody" else [])


def test_a_team_knows_its_own_points_and_no_rank_where_the_standings_are_hidden(
    arena: Arena, secret: bytes
) -> None:
    competition = arena.competition("notes", rank_by="points", scoreboard_visibility="hidden")
    arena.admin.admin.competitions.set_challenge(
        competition.id, "notes", value={"initial": 500, "minimum": 100, "decay": 1}
    )
    teams = [arena.registered(competition, name) for name in ("First", "Second")]
    for team in teams:
        ready = start(team, competition.id)
        grade = team.submissions.submit(ready.id, flag(secret, ready.id))
        assert (grade.correct, grade.solve_rank) == (True, 0)
        team.instances.stop(ready.id)
    for team in teams:
        own = team.competitions.get(competition.id)
        # What the challenge is worth by now would tell how many others solved it.
        assert (own.my_rank, own.my_points, own.my_solves) == (-1, 500, 1)
        assert [c.value for c in own.challenges] == [500]
    assert [e.points for e in arena.admin.competition(competition.id).scoreboard()] == [100, 100]


def test_the_team_itself_sees_what_it_solved_behind_the_freeze(
    arena: Arena, frozen: Frozen, secret: bytes
) -> None:
    solver = frozen.solver
    with following(solver) as told:
        solver.submissions.submit(frozen.instance_id, flag(secret, frozen.instance_id))
        wait_for("awards", lambda: "achievement_unlocked" in [e["event"] for e in told])
    assert next(e for e in told if e["event"] == "flag_correct")["solve_rank"] == 0
    assert solver.teams.get(frozen.known["team_id"]).solves == 1
    assert [solve.best_rank for solve in solver.me.solves()] == [0]
    assert solver.competition(frozen.competition.id).challenges(q="pocket")[0].solved
    arena.admin.admin.awards.revoke(frozen.competition.id, frozen.award_id)
    assert solver.teams.awards(frozen.known["team_id"]) == []


@pytest.mark.parametrize("who", ["visitor", "player", "registered"])
def test_no_route_names_a_challenge_before_its_competition_starts(arena: Arena, who: str) -> None:
    competition = arena.competition("two-time", starts_at=datetime.now(UTC) + timedelta(hours=1))
    assert_nobody_names_it(arena, competition, who)
    assert arena.admin.competitions.get(competition.id).challenge_ids == ["two-time"]


@pytest.mark.parametrize("state", ["draft", "hidden"])
@pytest.mark.parametrize("who", ["visitor", "player", "registered"])
def test_no_route_names_a_challenge_that_is_not_shown(arena: Arena, who: str, state: str) -> None:
    competition = arena.competition("notes", "two-time")
    arena.admin.admin.competitions.set_challenge(competition.id, "two-time", state=state)
    assert_nobody_names_it(arena, competition, who)
    seen = {c.id: c.state for c in arena.admin.competition(competition.id).challenges()}
    assert seen == {"notes": "visible", "two-time": state}


def assert_nobody_names_it(arena: Arena, competition: CompetitionInfo, who: str) -> None:
    """No GET of the API names the challenge `two-time` to a reader or to a visitor."""
    # No other competition that a test left running may name it.
    editing = arena.admin.admin.competitions
    for page in itertools.count():
        others = editing.list(offset=200 * page, limit=200)
        for other in others:
            if "two-time" in other.challenge_ids and other.id != competition.id:
                left = [id_ for id_ in other.challenge_ids if id_ != "two-time"] or ["notes"]
                editing.update(other.id, challenge_ids=left)
        if len(others) < 200:
            break
    reader = {
        "visitor": lambda: PlatformClient(arena.url),
        "player": arena.player,
        "registered": lambda: arena.registered(competition, "Early"),
    }[who]()
    captain = arena.registered(competition, "Captain")
    known = {
        "competition_id": competition.id,
        "team_id": captain.competitions.get(competition.id).my_team_id,
        "user_id": captain.me.get().id,
    }
    name = arena.admin.challenges.get("two-time").name

    def leaks() -> list[str]:
        told = answers(arena.url, token_of(reader), known)
        assert len(told) > 30
        return [p for p, answer in told.items() if "two-time" in str(answer) or name in str(answer)]

    # Of all competitions together the numbers are a second old.
    wait_for("the end", lambda: not leaks())


def test_a_public_competition_that_was_hidden_is_named_nowhere(arena: Arena) -> None:
    competition = arena.competition(title="Open for a while")
    player = arena.registered(competition, "Insider")
    stranger = arena.player()
    player.competition(competition.id).team.invites.send(stranger.me.get().email)
    known = {
        "competition_id": competition.id,
        "team_id": player.competitions.get(competition.id).my_team_id,
    }
    seen = answers(arena.url, token_of(stranger), known)
    assert sum(competition.id in str(answer) for answer in seen.values()) > 5
    arena.admin.admin.competitions.update(competition.id, access="private_hidden")
    for token in (token_of(stranger), ""):
        # The standings of all competitions are drawn up once a second.
        wait_for(
            "the end",
            lambda token=token: not naming(competition, answers(arena.url, token, known)),
        )
    with following(stranger, last_event_id="0-0") as old:
        marker = arena.registered(arena.competition(), "Marker")
        wait_for("news", lambda: any(e.get("team_name") == "Marker" for e in old))
    assert marker
    assert [event for event in old if named(competition, str(event))] == []


def naming(competition: CompetitionInfo, told: dict[str, Any]) -> list[str]:
    """The paths whose answers name a competition."""
    return [path for path, answer in told.items() if named(competition, str(answer))]


def named(competition: CompetitionInfo, text: str) -> bool:
    return competition.id in text or competition.title in text


def test_whoever_guesses_what_an_upcoming_competition_has_is_told_nothing(arena: Arena) -> None:
    start_at = datetime.now(UTC) + timedelta(hours=1)
    competition = arena.competition("notes", "field-notes", starts_at=start_at)
    player = arena.registered(competition)
    told = {
        refusal(player.instances.start, each, competition_id=competition.id).code
        for each in ("notes", "relay-station")
    }
    told |= {
        refusal(player.submissions.submit_qa, each, competition.id, "x").code
        for each in ("field-notes", "last-page")
    }
    assert len(told) == 1
