"""Achievements: earned by rule, told to whom they concern, secret ones to nobody else."""

from __future__ import annotations

import base64

import pytest

from ctfy.sdk import PlatformClient
from ctfy.server.achievements.catalogue import ACHIEVEMENTS
from tests.conftest import Arena
from tests.event_stream import following
from tests.playing import flag, start
from tests.processes import wait_for
from tests.refusals import refusal

PROMISED = [
    "welcome_aboard",
    "first_blood_team",
    "fastest_man",
    "night_owl",
    "early_bird",
    "weekend_warrior",
    "flash_solver",
    "decathlete",
    "centurion",
    "completionist",
    "unicorn",
    "lucky_guesser",
    "sisyphus",
    "kamikaze",
    "rapid_fire",
    "bug_hunter",
    "linked_github",
    "linked_google",
    "star_gazer",
    "secret_handshake",
    "base64_cowboy",
    "ambassador",
]
SECRET = {"secret_handshake", "base64_cowboy", "ambassador"}


def earned(client: PlatformClient, team_id: str) -> set[str]:
    return {a.achievement_id for a in client.teams.achievements(team_id)}


def wait_for_all(client: PlatformClient, team_id: str, *wanted: str) -> None:
    wait_for(f"{wanted}", lambda: set(wanted) <= earned(client, team_id))


def test_the_catalogue_is_the_one_that_clients_know() -> None:
    assert sorted(ACHIEVEMENTS) == sorted(PROMISED)
    assert {a.id for a in ACHIEVEMENTS.values() if a.secret} == SECRET
    assert {a.tier for a in ACHIEVEMENTS.values()} == {"bronze", "silver", "gold", "secret"}


def test_a_first_quick_solve_of_everything_earns_its_honours(arena: Arena, secret: bytes) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    team = player.competitions.get(competition.id).my_team_id
    wait_for_all(player, team, "welcome_aboard")
    ready = start(player, competition.id)
    player.submissions.submit(ready.id, flag(secret, ready.id))
    wait_for_all(player, team, "first_blood_team", "flash_solver", "completionist")
    assert "unicorn" not in earned(player, team)
    player.challenges.add_reaction("notes", "learned")
    path = f"/challenges/notes/feedback/buggy?competition_id={competition.id}"
    player.call("PUT", path)
    wait_for_all(player, team, "bug_hunter")
    entry = next(a for a in player.achievements.catalog() if a.id == "first_blood_team")
    assert entry.earned_by_count >= 1
    assert entry.rarity != "unearned"


def test_wrong_answers_have_their_own(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    team = player.competitions.get(competition.id).my_team_id
    for guess in ("SHA-1", "SHA-256", "BLAKE2b"):
        player.submissions.submit_qa("field-notes", competition.id, guess, question_id="algorithm")
    wait_for_all(player, team, "kamikaze")
    other = arena.registered(competition)
    other.submissions.submit_qa("field-notes", competition.id, "MD5", question_id="algorithm")
    wait_for_all(other, other.competitions.get(competition.id).my_team_id, "lucky_guesser")


def test_progress_is_that_of_the_best_team(arena: Arena) -> None:
    player = arena.player()
    for _ in range(2):
        competition = arena.competition()
        player.competition(competition.id).register()
        player.submissions.submit_qa("field-notes", competition.id, "MD5", question_id="algorithm")
    counted = {a.id: a.progress for a in player.achievements.catalog() if a.progress is not None}
    assert {id_: (p.current, p.target) for id_, p in counted.items()} == {
        "centurion": (1, 100),
        "decathlete": (0, 10),
    }


def test_a_secret_one_is_told_to_its_team_alone(arena: Arena) -> None:
    competition = arena.competition()
    player, stranger = arena.registered(competition), arena.registered(competition)
    team = player.competitions.get(competition.id).my_team_id
    ready = start(player, competition.id)
    with following(player) as mine, following(stranger) as theirs:
        wrapped = base64.b64encode(b"FLAG{" + b"0" * 32 + b"}").decode()
        player.submissions.submit(ready.id, wrapped)
        wait_for("the news", lambda: "base64_cowboy" in [e.get("achievement_id") for e in mine])
        arena.player().competition(competition.id).register()
        wait_for("anything", lambda: "team_registered" in [e["event"] for e in theirs])
        assert "cowboy" not in str(theirs).lower()
    seen = stranger.teams.achievements(team)
    hidden = next(a for a in seen if a.secret)
    assert (hidden.achievement_id, hidden.name, hidden.context) == (
        "secret",
        "Secret achievement",
        {},
    )
    for text in (
        str(seen),
        str(stranger.achievements.catalog()),
        str(stranger.achievements.recent_unlocks(limit=10_000)),
        str(stranger.me.achievements()),
        str(stranger.activities.list(limit=10_000)),
    ):
        assert "cowboy" not in text.lower()
    assert "base64_cowboy" in earned(player, team)
    assert "base64_cowboy" in {a.id for a in player.achievements.catalog()}


def test_an_easter_egg_is_found_once_and_only_where_there_is_one(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    assert refusal(player.achievements.claim_easter_egg, "nope").code == "easter_egg_not_found"
    assert not player.achievements.claim_easter_egg("konami").already_unlocked
    assert player.achievements.claim_easter_egg("konami").already_unlocked
    assert refusal(arena.player().achievements.claim_easter_egg, "konami").code == "team_missing"


@pytest.mark.parametrize("times", [1, 2])
def test_an_operator_grants_and_takes_back(arena: Arena, times: int) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    team = player.competitions.get(competition.id).my_team_id
    path = f"/admin/teams/{team}/achievements/ambassador"
    for _ in range(times):
        arena.admin.call("POST", path)
    assert "ambassador" in earned(player, team)
    arena.admin.call("DELETE", path)
    assert "ambassador" not in earned(player, team)
    assert refusal(arena.admin.call, "DELETE", path).code == "achievement_not_found"
