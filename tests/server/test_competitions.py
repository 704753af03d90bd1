from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Arena
from tests.refusals import refusal

HOUR = timedelta(hours=1)


def test_the_phase_follows_the_clock(arena: Arena) -> None:
    now = datetime.now(UTC)
    made = {
        "running": arena.competition(),
        "upcoming": arena.competition(starts_at=now + HOUR),
        "past": arena.competition(starts_at=now - 2 * HOUR, ends_at=now - HOUR),
    }
    player = arena.player()
    for phase, competition in made.items():
        listed = {c.id: c.phase for c in player.competitions.list(phase=phase, limit=1000)}
        assert listed[competition.id] == phase
        assert set(listed.values()) == {phase}


def test_players_do_not_see_drafts_archives_and_hidden_ones(arena: Arena) -> None:
    player = arena.player()
    hidden = [
        arena.competition(status="draft"),
        arena.competition(status="archived"),
        arena.competition(access="private_hidden"),
    ]
    listed = {c.id for c in player.competitions.list(limit=1000)}
    for competition in hidden:
        assert competition.id not in listed
        assert refusal(player.competitions.get, competition.id).code == "competition_not_found"
        assert arena.admin.competitions.get(competition.id).id == competition.id


def test_an_invitation_is_needed_for_a_listed_private_one(arena: Arena) -> None:
    competition = arena.competition(access="private_listed")
    player = arena.player()
    assert not player.competitions.get(competition.id).can_participate
    register = player.competition(competition.id).register
    assert refusal(register).code == "competition_invitation_required"


def test_challenges_keep_the_curators_order_and_are_closed_before_the_start(arena: Arena) -> None:
    order = ["two-time", "field-notes", "notes"]
    running = arena.competition(*order)
    upcoming = arena.competition(*order, starts_at=datetime.now(UTC) + HOUR)
    player = arena.player()
    assert [c.id for c in player.competition(running.id).challenges()] == order
    assert player.competitions.get(running.id).challenge_ids == order
    assert player.competition(upcoming.id).challenges() == []
    assert player.competitions.get(upcoming.id).challenges == []


def test_challenges_are_filtered(arena: Arena) -> None:
    entered = arena.player().competition(arena.competition().id)
    assert [c.id for c in entered.challenges(difficulty="medium")] == ["relay-station"]
    assert [c.id for c in entered.challenges(tag="bits")] == []
    assert "two-time" in [c.id for c in entered.challenges(tag="crypto")]
    assert [c.id for c in entered.challenges(q="POCKET")] == ["notes"]
    assert len(entered.challenges(limit=1, offset=1)) == 1


def test_no_answer_is_in_what_players_see(arena: Arena) -> None:
    challenges = arena.player().competition(arena.competition().id).challenges()
    assert "marlowe" not in str([c.model_dump() for c in challenges])


def test_registering_solo_makes_a_captain(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.player("Grace")
    team = player.competition(competition.id).register(mode="solo")
    assert (team.name, team.member_count, team.members[0].is_captain) == ("Grace", 1, True)
    seen = player.competitions.get(competition.id)
    assert (seen.my_team_id, seen.my_role, seen.is_registered) == (team.id, "captain", True)
    assert player.me.get().competition_teams[0].team_id == team.id


def test_registering_twice_is_refused(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    assert refusal(player.competition(competition.id).register).code == "already_on_team"


def test_a_team_needs_a_name_and_a_competition_that_is_not_over(arena: Arena) -> None:
    now = datetime.now(UTC)
    player = arena.player()
    running = player.competition(arena.competition().id)
    assert refusal(running.register, mode="create", name="  ").code == "team_name_required"
    over = arena.competition(starts_at=now - 2 * HOUR, ends_at=now - HOUR)
    assert refusal(player.competition(over.id).register).code == "competition_ended"
    assert refusal(player.competition("nowhere").register).code == "competition_not_found"


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"challenge_ids": ["nowhere"]},
        {"challenge_ids": ["notes", "notes"]},
        {"starts_at": datetime.now(UTC), "ends_at": datetime.now(UTC) - HOUR},
        {"starts_at": datetime.now()},
        {"access": "secret"},
    ],
)
def test_a_competition_that_makes_no_sense_is_not_made(
    arena: Arena, fields: dict[str, object]
) -> None:
    error = refusal(arena.admin.admin.competitions.create, **{"title": "Odd", **fields})
    assert (error.status_code, error.code) == (422, "validation_error")


def test_players_create_no_competitions(arena: Arena) -> None:
    assert refusal(arena.player().admin.competitions.create, title="Mine").code == "forbidden"


def test_the_scoreboard_is_seen_by_whoever_sees_the_competition(arena: Arena) -> None:
    player = arena.player()
    for fields in ({"status": "draft"}, {"access": "private_hidden"}):
        hidden = arena.competition(**fields)
        assert refusal(player.competition(hidden.id).scoreboard).code == "competition_not_found"
        assert arena.admin.competition(hidden.id).scoreboard() == []
    assert player.competition(arena.competition().id).scoreboard() == []
    assert refusal(player.competition("nowhere").scoreboard).code == "competition_not_found"
