"""Announcements to everybody, to a competition, to one of its brackets, and to one team."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ctfy.sdk import PlatformClient
from tests.conftest import Arena
from tests.event_stream import following
from tests.processes import wait_for
from tests.refusals import refusal


def titles(player: PlatformClient) -> set[str]:
    return {each.title for each in player.me.inbox().announcements}


@pytest.fixture(autouse=True)
def no_others(arena: Arena) -> None:
    """What other tests announced to everybody would be here, too."""
    announcements = arena.admin.admin.announcements
    for each in announcements.list(limit=1000):
        announcements.delete(each.id)


def told(events: list[dict[str, Any]]) -> set[str]:
    return {event["title"] for event in events if event["event"] == "announcement_created"}


def test_an_announcement_reaches_those_whom_it_is_for_and_nobody_else(arena: Arena) -> None:
    """In their inbox, on their stream, and among what they have not read."""
    competition = arena.competition("notes", brackets=["open", "students"])
    cid = competition.id
    one, pupil, other = (arena.registered(competition, name) for name in ("One", "Pupil", "Other"))
    elsewhere = arena.registered(arena.competition("notes"), "Elsewhere")
    team = {p: p.competitions.get(cid).my_team_id for p in (one, pupil, other)}
    move = arena.admin.admin.teams.update
    with (
        following(one) as heard_one,
        following(pupil) as heard_pupil,
        following(other) as heard_other,
        following(elsewhere) as heard_elsewhere,
    ):
        move(cid, team[pupil], bracket="students")  # while the stream is open
        announce = arena.admin.admin.announcements.create
        made = [
            announce(title="To the team", team_id=team[one]),
            announce(title="To students", competition_id=cid, bracket="students"),
            announce(title="To all of it", competition_id=cid),
            announce(title="To everybody"),
        ]
        both = {"To all of it", "To everybody"}
        for player, heard, expected in (
            (one, heard_one, {"To the team", *both}),
            (pupil, heard_pupil, {"To students", *both}),
            (other, heard_other, both),
            (elsewhere, heard_elsewhere, {"To everybody"}),
        ):
            wait_for("the last one", lambda heard=heard: "To everybody" in told(heard))
            assert told(heard) == expected
            assert titles(player) == expected
            assert player.me.inbox().unread_announcement_count == len(expected)
    read = elsewhere.me.read_announcement
    for each in made[:3]:
        assert refusal(read, each.id).code == "announcement_not_found"
    one.me.read_announcement(made[0].id)
    assert one.me.inbox().unread_announcement_count == 2
    pupil.me.read_all_announcements()
    assert pupil.me.inbox().unread_announcement_count == 0
    move(cid, team[other], bracket="students")
    assert "To students" in titles(other)
    seen = {each.title: each for each in arena.admin.admin.announcements.list()}
    assert seen["To the team"].team_name == "One"
    assert seen["To the team"].competition_title == competition.title
    assert seen["To students"].bracket == "students"
    assert seen["To everybody"].competition_id == ""
    for each in made:
        arena.admin.admin.announcements.delete(each.id)
    assert titles(one) == set()


def test_a_token_finds_what_is_for_the_competitions_that_it_reaches(arena: Arena) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    said = arena.admin.admin.announcements.create(title="To us", competition_id=competition.id)
    for access, ids, expected in (
        ("selected", [competition.id], {"To us"}),
        ("none", [], set()),
    ):
        made = player.auth.mint_token(
            access,
            competition_access=access,
            competition_ids=ids,
            permissions={"profile": "read"},
        )
        assert titles(PlatformClient(arena.url, made.token)) == expected
    arena.admin.admin.announcements.delete(said.id)


def test_whom_it_is_for_hears_of_an_announcement_when_its_time_comes(arena: Arena) -> None:
    player = arena.player()
    soon = datetime.now(UTC) + timedelta(seconds=3)
    with following(player) as heard:
        said = arena.admin.admin.announcements.create(title="Lunch", starts_at=soon)
        assert titles(player) == set()
        wait_for("its time", lambda: "Lunch" in told(heard))
        assert titles(player) == {"Lunch"}
        arena.admin.admin.announcements.update(said.id, body="Soup")
        arena.admin.admin.announcements.delete(said.id)
        wait_for("its end", lambda: heard[-1]["event"] == "announcement_deleted")
    assert [e["event"] for e in heard if e.get("title") == "Lunch"] == [
        "announcement_created",
        "announcement_updated",
        "announcement_deleted",
    ]


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("competition_id", {"competition_id": "x"}),
        ("competition_id", {"bracket": "open"}),
        ("bracket", {"competition_id": "its", "bracket": "juniors"}),
        ("bracket", {"team_id": "its", "bracket": "open"}),
        ("team_id", {"team_id": "x"}),
        ("team_id", {"team_id": "its", "competition_id": "x"}),
    ],
)
def test_an_audience_that_there_is_not_is_refused(
    arena: Arena, field: str, wanted: dict[str, str]
) -> None:
    competition = arena.competition("notes", brackets=["open"])
    player = arena.registered(competition)
    its = {
        "competition_id": competition.id,
        "team_id": player.competitions.get(competition.id).my_team_id,
    }
    given = {name: its[name] if value == "its" else value for name, value in wanted.items()}
    refused = refusal(arena.admin.admin.announcements.create, title="x", **given)
    assert refused.code == "validation_error"
    assert refused.detail["issues"][0]["loc"] == ["body", field]
