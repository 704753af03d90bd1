"""Teams: who comes, goes and leads, also when two do it at once."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.server.models.teams import TeamDetail
from tests.conftest import Arena
from tests.playing import start
from tests.processes import wait_for
from tests.refusals import refusal


def team_of(
    arena: Arena, competition_id: str, size: int = 2
) -> tuple[TeamDetail, list[PlatformClient]]:
    """A team and its people, the captain first."""
    captain = arena.player("Cap")
    comp = captain.competition(competition_id)
    comp.register("create", name=f"Team {uuid.uuid4().hex}")
    people = [captain]
    for number in range(size - 1):
        people.append(arena.player(f"Member {number}"))
        code = comp.team.invites.create().code
        people[-1].competition(competition_id).register("join", code=code)
    return captain.teams.get(captain.competitions.get(competition_id).my_team_id), people


def test_a_captain_who_leaves_hands_over_to_the_longest_standing(arena: Arena) -> None:
    competition = arena.competition()
    team, people = team_of(arena, competition.id, 3)
    people[0].competition(competition.id).team.leave()
    left = people[1].teams.get(team.id)
    assert (left.captain_display_name, left.member_count) == ("Member 0", 2)
    assert people[0].competitions.get(competition.id).my_role == ""
    assert refusal(people[0].competition(competition.id).team.leave).code == "team_missing"


def test_the_last_to_leave_dissolves_a_team_that_never_played(arena: Arena) -> None:
    competition = arena.competition()
    team, people = team_of(arena, competition.id, 1)
    people[0].competition(competition.id).team.leave()
    assert refusal(people[0].teams.get, team.id).code == "team_not_found"
    assert people[0].competition(competition.id).register().id != team.id


def test_a_team_that_played_stays_and_its_instances_stop(arena: Arena) -> None:
    competition = arena.competition()
    team, people = team_of(arena, competition.id, 1)
    ready = start(people[0], competition.id)
    people[0].submissions.submit(ready.id, "wrong")
    people[0].competition(competition.id).team.leave()
    assert people[0].teams.get(team.id).member_count == 0
    wait_for("the stop", lambda: stopped(arena, team.id))


def stopped(arena: Arena, team_id: str) -> bool:
    log = arena.admin.activities.list(team_id=team_id, event="instance_stopped")
    return len(log) == 1


def test_ones_own_team_stays_to_be_seen_when_its_competition_is_put_away(arena: Arena) -> None:
    competition = arena.competition()
    player, other = (arena.registered(competition) for _ in range(2))
    team = player.competitions.get(competition.id).my_team_id
    arena.admin.admin.competitions.update(competition.id, status="archived")
    assert player.teams.get(team).id == team
    assert refusal(other.teams.get, team).code == "team_not_found"


def test_two_at_once_join_by_a_code_for_one(arena: Arena) -> None:
    competition = arena.competition()
    _, people = team_of(arena, competition.id, 1)
    code = people[0].competition(competition.id).team.invites.create(max_uses=1).code
    rivals = [arena.player() for _ in range(6)]

    def join(player: PlatformClient) -> str:
        try:
            player.competition(competition.id).register("join", code=code)
        except CtfyApiError as error:
            return error.code
        return "joined"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(join, rivals))
    assert sorted(outcomes) == sorted(["joined", *["invite_not_found"] * 5])


def test_one_person_at_once_joins_one_team_only(arena: Arena, database_url: str) -> None:
    competition = arena.competition()
    captains = [team_of(arena, competition.id, 1)[1][0] for _ in range(4)]
    codes = [c.competition(competition.id).team.invites.create().code for c in captains]
    player = arena.player()

    def join(code: str) -> str:
        try:
            return player.competition(competition.id).register("join", code=code).id
        except CtfyApiError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(join, codes))
    assert outcomes.count("already_on_team") == 3
    used = [c.competition(competition.id).team.invites.list()[0].use_count for c in captains]
    assert sorted(used) == [0, 0, 0, 1]


def test_two_captains_at_once_leave_the_team_with_one(arena: Arena) -> None:
    competition = arena.competition()
    team, people = team_of(arena, competition.id, 3)
    successors = [p.me.get().id for p in people[1:]]

    def hand_over(user_id: str) -> str:
        try:
            return people[0].competition(competition.id).team.hand_over(user_id).captain_user_id
        except CtfyApiError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        outcomes = set(pool.map(hand_over, successors))
    captain = people[0].teams.get(team.id).captain_user_id
    assert outcomes == {captain, "not_captain"}


def test_a_full_team_takes_nobody(arena: Arena) -> None:
    competition = arena.competition(max_team_size=2)
    team, people = team_of(arena, competition.id, 2)
    captain = people[0].competition(competition.id)
    late = arena.player()
    code = captain.team.invites.create().code
    error = refusal(late.competition(competition.id).register, "join", code=code)
    assert (error.status_code, error.code, error.detail["cap"]) == (409, "team_full", 2)
    asked = late.competition(competition.id).request_to_join(team.id)
    assert refusal(captain.team.requests.approve, asked.id).code == "team_full"
    assert people[0].teams.get(team.id).member_count == 2


def test_registration_has_its_window(arena: Arena) -> None:
    early = arena.competition(registration_opens_at=datetime.now(UTC) + timedelta(hours=1))
    late = arena.competition(registration_closes_at=datetime.now(UTC) - timedelta(hours=1))
    player = arena.player()
    for competition in (early, late):
        error = refusal(player.competition(competition.id).register)
        assert (error.status_code, error.code) == (409, "registration_closed")
    over = arena.competition(
        starts_at=datetime.now(UTC) - timedelta(hours=2),
        ends_at=datetime.now(UTC) - timedelta(hours=1),
    )
    assert refusal(player.competition(over.id).register).code == "competition_ended"


def test_a_team_picks_one_of_the_brackets(arena: Arena) -> None:
    competition = arena.competition(brackets=["students", "open"])
    picked = arena.player().competition(competition.id).register(bracket="open")
    defaulted = arena.player().competition(competition.id).register()
    assert (picked.bracket, defaulted.bracket) == ("open", "students")
    error = refusal(arena.player().competition(competition.id).register, bracket="none")
    assert "students, open" in error.detail["message"]
    board = arena.player().competition(competition.id).scoreboard()
    assert sorted(entry.bracket for entry in board) == ["open", "students"]


def test_invites_say_what_is_wrong_with_them(arena: Arena) -> None:
    competition, other = arena.competition(), arena.competition()
    team, people = team_of(arena, competition.id, 2)
    captain, member = (p.competition(competition.id) for p in people)
    email = people[0].me.get().email
    assert refusal(member.team.invites.create).code == "not_captain"
    assert refusal(captain.team.invites.send, email).code == "cannot_invite_self"
    assert refusal(captain.team.invites.send, people[1].me.get().email).code == "already_member"
    assert refusal(captain.team.invites.send, "no@example.org").code == "user_not_found"
    guest = arena.player()
    invite = captain.team.invites.send(guest.me.get().email)
    again = refusal(captain.team.invites.send, guest.me.get().email)
    assert (again.status_code, again.code) == (409, "invite_already_pending")
    assert refusal(arena.player().competition(competition.id).accept_invite, invite.id).code == (
        "invite_not_found"
    )
    assert refusal(guest.competition(other.id).accept_invite, invite.id).code == "invite_not_found"
    assert refusal(captain.team.requests.approve, invite.id).code == "wrong_invite_kind"
    code = captain.team.invites.create()
    wrong = refusal(guest.competition(competition.id).accept_invite, code.id)
    assert (wrong.status_code, wrong.code) == (409, "wrong_invite_kind")
    guest.competition(competition.id).accept_invite(invite.id)
    assert refusal(guest.competition(competition.id).accept_invite, invite.id).code in (
        "already_on_team",
        "invite_not_found",
    )
    assert refusal(captain.team.kick, people[0].me.get().id).code == "cannot_kick_self"
    assert refusal(captain.team.kick, arena.player().me.get().id).code == "not_team_member"
    asker = arena.player()
    asker.competition(competition.id).request_to_join(team.id)
    twice = refusal(asker.competition(competition.id).request_to_join, team.id)
    assert twice.code == "request_already_pending"
    assert refusal(asker.competition(other.id).request_to_join, team.id).code == "team_not_found"


def test_an_invite_ends_when_it_expires(arena: Arena, database_url: str) -> None:
    competition = arena.competition()
    _, people = team_of(arena, competition.id, 1)
    captain = people[0].competition(competition.id)
    code = captain.team.invites.create(ttl_seconds=60)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE team_invites SET expires_at = now() - interval '1 s' WHERE id = %s", [code.id]
        )
    joining = arena.player().competition(competition.id).register
    assert refusal(joining, "join", code=code.code).code == "invite_not_found"
    assert not captain.team.invites.list()[0].active


def test_a_private_competition_takes_the_invited(arena: Arena) -> None:
    listed = arena.competition(access="private_listed")
    hidden = arena.competition(access="private_hidden")
    guest = arena.player()
    email = guest.me.get().email
    assert refusal(guest.competition(listed.id).register).code == "competition_invitation_required"
    assert refusal(guest.competitions.get, hidden.id).code == "competition_not_found"
    for competition in (listed, hidden):
        arena.admin.call(
            "POST", f"/admin/competitions/{competition.id}/invites", json={"email": email}
        )
    assert {i.competition_id for i in guest.me.inbox().competition_invites} == {
        listed.id,
        hidden.id,
    }
    assert guest.competitions.get(hidden.id).can_participate
    assert guest.competition(hidden.id).register().competition_id == hidden.id


def test_an_invite_waits_for_the_account_to_come(arena: Arena) -> None:
    hidden = arena.competition(access="private_hidden")
    email = f"later-{datetime.now(UTC).timestamp()}@example.org"
    arena.admin.call("POST", f"/admin/competitions/{hidden.id}/invites", json={"email": email})
    token = PlatformClient(arena.url).auth.register(email, "a-long-enough-secret").token
    assert PlatformClient(arena.url, token).competitions.get(hidden.id).id == hidden.id


@pytest.mark.parametrize("name", ["Zoë 🦊", "שלום", "日本語チーム", "a" * 80])
def test_names_of_any_script_come_back_as_they_were(arena: Arena, name: str) -> None:
    competition = arena.competition()
    player = arena.player()
    assert player.competition(competition.id).register("create", name=name).name == name
    assert player.competition(competition.id).search_teams(name)[0].name == name
    assert player.competition(competition.id).scoreboard()[0].team_name == name


def test_a_name_or_text_beyond_its_limit_is_told_the_limit(arena: Arena) -> None:
    competition = arena.competition()
    register = arena.player().competition(competition.id).register
    error = refusal(register, "create", name="x" * 10_000)
    assert (error.code, "80" in error.detail["message"]) == ("validation_error", True)
    error = refusal(register, "create", name="ok", description="x" * 10_000)
    assert "2000" in error.detail["message"]
