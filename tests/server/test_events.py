from __future__ import annotations

import asyncio
import uuid

import httpx
import psycopg
import pytest
from httpx_sse import EventSource
from hypothesis import given
from hypothesis import strategies as st

from ctfy.sdk import PlatformClient
from ctfy.server.database.connections import Database
from ctfy.server.database.peers import Peers
from ctfy.server.events.relay import KEEP_ALIVE, Position, Relay
from tests.conftest import Arena
from tests.event_stream import following
from tests.playing import start
from tests.processes import wait_for
from tests.refusals import refusal


def test_a_team_is_told_of_its_instance_and_strangers_are_not(arena: Arena) -> None:
    competition = arena.competition()
    player, stranger = arena.registered(competition), arena.registered(competition)
    with following(player) as mine, following(stranger) as theirs:
        ready = start(player, competition.id)
        player.submissions.submit(ready.id, "wrong")
        player.instances.stop(ready.id)
        names = lambda seen: [e["event"] for e in seen if e.get("instance_id") == ready.id]  # noqa: E731
        wait_for("the events", lambda: "instance_stopped" in names(mine))
        assert names(mine) == [
            "instance_started",
            "instance_ready",
            "flag_wrong",
            "instance_stopped",
        ]
        assert names(theirs) == []
        for event in mine:
            if event["event"].startswith(("instance_", "flag_")):
                assert (event["team_name"], event["challenge_id"]) == ("Player", "notes")


def test_an_invited_person_is_told_and_strangers_are_not(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    captain = arena.registered(competition, "Inviter")
    friend, stranger = arena.player("Friend"), arena.player("Stranger")
    name = "competition_invite_changed"
    limited = friend.auth.mint_token("elsewhere", competition_access="none")
    outside = PlatformClient(arena.url, limited.token, max_retries=0)
    with following(friend) as mine, following(stranger) as theirs, following(outside) as token:
        captain.competition(competition.id).team.invites.send(friend.me.get().email)
        (told,) = wait_for("the invite", lambda: [e for e in mine if e["event"] == name])
        assert (told["team_name"], told["kind"], told["status"]) == ("Inviter", "direct", "pending")
        assert not [e for e in theirs + token if e["event"] == name]
    assert [e.event for e in friend.activities.list()].count(name) == 1
    assert name not in [e.event for e in stranger.activities.list()]


def test_a_pardon_reaches_the_team_and_makes_its_answers_anew(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    player, stranger = arena.registered(competition), arena.registered(competition)
    guess = lambda text: player.submissions.submit_qa(  # noqa: E731
        "field-notes", competition.id, text, question_id="algorithm"
    )
    guesses = ("SHA-1", "SHA-256", "BLAKE2b")
    assert [guess(text).attempts_remaining for text in guesses] == [2, 1, 0]
    assert refusal(guess, "SHA-1").code == "question_attempt_cap_exceeded"

    def is_made_anew() -> bool:
        """Whether the player's list of challenges is made for this request: then it has an id."""
        answer = httpx.get(
            f"{arena.url}/api/v1/competitions/{competition.id}/challenges",
            headers={"Authorization": f"Bearer {player.token}"},
        )
        assert answer.status_code == 200
        return "x-request-id" in answer.headers

    team_id = player.competition(competition.id).detail().my_team_id
    wait_for("a cached list", lambda: not is_made_anew())
    of = lambda seen: [e for e in seen if e["event"] == "question_attempt_reset"]  # noqa: E731
    with following(player) as mine, following(stranger) as theirs:
        arena.admin.admin.challenges.reset_question_attempts(
            team_id, "field-notes", "algorithm", reason="unclear"
        )
        assert is_made_anew()
        (told,) = wait_for("the event", lambda: of(mine))
        assert (told["team_id"], told["question_id"], told["reason"]) == (
            team_id,
            "algorithm",
            "unclear",
        )
        assert guess("SHA-1").attempts_remaining == 2
        assert of(theirs) == []


def test_what_concerns_one_person_reaches_that_person(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    player, other = arena.registered(competition), arena.registered(competition)
    with following(player) as mine, following(arena.admin) as admins, following(other) as theirs:
        player.challenges.add_reaction("field-notes", "learned")
        of = lambda seen: [e for e in seen if e["event"] == "reaction_added"]  # noqa: E731
        wait_for("the event", lambda: of(mine) and of(admins))
        assert of(mine)[0]["user_id"] == player.me.get().id
        assert of(theirs) == []


def test_a_private_competition_moves_for_its_people_alone(arena: Arena) -> None:
    competition = arena.competition("field-notes", access="private_hidden")
    mark = uuid.uuid4().hex[:8]
    people = [arena.player(mark), arena.player("Other")]
    for person in people:
        invites = arena.admin.admin.competition_invites
        invites.invite(competition.id, email=person.me.get().email)
    one, other = people
    other.competition(competition.id).register()
    stranger = arena.player("Stranger")
    wanted = {"team_registered", "scoreboard_updated"}
    of = lambda seen: {e["event"] for e in seen if e.get("competition_id") == competition.id}  # noqa: E731
    with following(other) as theirs, following(stranger) as strange:
        one.competition(competition.id).register()
        assert one.submissions.submit_qa("field-notes", competition.id, "hello").correct
        wait_for("the events", lambda: wanted <= of(theirs))
        assert not of(strange)
        assert "flag_correct" not in of(theirs)
    shown = lambda person: {e.team_name for e in person.activities.list(event="team_registered")}  # noqa: E731
    assert mark in shown(other)
    assert mark not in shown(stranger)


def test_the_log_calls_people_competitions_and_challenges_by_name(arena: Arena) -> None:
    competition = arena.competition("field-notes", title="The cup of names")
    captain = arena.registered(competition, "Captain")
    member = arena.player("Member")
    invite = captain.competition(competition.id).team.invites.send(member.me.get().email)
    member.competition(competition.id).accept_invite(invite.id)
    assert captain.submissions.submit_qa("field-notes", competition.id, "hello").correct
    captain.competition(competition.id).team.kick(member.me.get().id)
    team = captain.competitions.get(competition.id).my_team_id
    for read in (captain.activities.list, arena.admin.admin.observability.activities):
        log = {a.event: a for a in read(team_id=team, limit=100)}
        kicked, answered = log["team_member_kicked"], log["flag_part_correct"]
        assert (kicked.actor_name, kicked.detail.target_user_name) == ("Captain", "Member")
        assert kicked.detail.competition_title == "The cup of names"
        assert answered.challenge_name == arena.admin.challenges.get("field-notes").name


def test_admins_are_told_of_nodes_and_players_are_not(arena: Arena) -> None:
    player = arena.player()
    competition = arena.competition(access="private_hidden")
    with following(arena.admin) as admins, following(player) as players:
        made = arena.competition(status="draft")
        public = arena.competition()
        of = lambda seen: {e.get("competition_id") for e in seen}  # noqa: E731
        wait_for("the events", lambda: public.id in of(players) and public.id in of(admins))
        assert made.id in of(admins)
        assert made.id not in of(players)
        assert competition.id not in of(players)


def test_a_reader_resumes_where_it_left(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    with following(player) as seen:
        ready = start(player, competition.id)
        wait_for("ready", lambda: any(e["event"] == "instance_ready" for e in seen))
        first = next(e["id"] for e in seen if e["event"] == "instance_started")
    stream = player.events()
    stream._last_id = first
    with stream:
        event = next(e for e in stream if e["event"].startswith("instance_"))
    assert (event["event"], event["data"]["instance_id"]) == ("instance_ready", ready.id)


def test_the_token_may_come_in_the_query_here_and_only_here(arena: Arena) -> None:
    token = arena.player().token
    with httpx.stream("GET", f"{arena.url}/api/v1/events", params={"token": token}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
    assert httpx.get(f"{arena.url}/api/v1/me", params={"token": token}).status_code == 401
    assert httpx.get(f"{arena.url}/api/v1/events").status_code == 401


@pytest.mark.parametrize("last", ["x", "1", "-1-2", "99999999999999999999-1", "1-2-3"])
def test_an_unknown_position_is_refused(arena: Arena, last: str) -> None:
    token = arena.player().token
    answer = httpx.get(
        f"{arena.url}/api/v1/events",
        headers={"Authorization": f"Bearer {token}", "Last-Event-ID": last},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")


def test_an_event_that_commits_late_is_not_skipped(arena: Arena, database_url: str) -> None:
    """A lower id that commits after a higher one still reaches every reader."""
    marks = [uuid.uuid4().hex, uuid.uuid4().hex]
    insert = (
        "INSERT INTO events (name, audience, payload, created_at) VALUES ('competition_updated', "
        "'everybody', jsonb_build_object('competition_id', %s::text), now())"
    )
    with following(arena.player()) as seen:
        with psycopg.connect(database_url) as slow, psycopg.connect(database_url) as quick:
            slow.execute(insert, [marks[0]])
            quick.execute(insert, [marks[1]])
            quick.commit()
            slow.commit()
        of = lambda: [e["competition_id"] for e in seen if e.get("competition_id") in marks]  # noqa: E731
        wait_for("both", lambda: len(of()) == 2)
        assert of() == marks


def test_transactions_are_numbers(database_url: str) -> None:
    """The tenth comes after the ninth, as text it does not."""
    insert = (
        "INSERT INTO events (name, audience, payload, created_at, xact) "
        "VALUES ('competition_updated', 'platform', '{}', now(), %s::text::xid8)"
    )

    async def read() -> list[int]:
        database = Database(database_url)
        events, _ = await Relay(database, Peers()).read(Position())
        await database.close()
        return [event.position.xact for event in events][:4]

    with psycopg.connect(database_url, autocommit=True) as connection:
        for xact in ("11", "9", "10", "8"):
            connection.execute(insert, [xact])
        try:
            assert asyncio.run(read()) == [8, 9, 10, 11]
        finally:
            connection.execute("DELETE FROM events WHERE xact < '12'::xid8")


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**63 - 1))
def test_a_position_is_read_back_as_written(xact: int, id_: int) -> None:
    assert Position.parse(str(Position(xact, id_))) == Position(xact, id_)


def test_the_stream_needs_a_valid_token(arena: Arena) -> None:
    nobody = PlatformClient(arena.url, "pf_nobody", max_retries=0)
    with nobody.events() as stream:
        assert refusal(next, iter(stream)).status_code == 401


def test_a_sign_of_life_is_no_event_to_any_reader() -> None:
    frame = b'id: 1-1\nevent: meta_stats\ndata: {"team_id": ""}\n\n'
    body = frame + KEEP_ALIVE + KEEP_ALIVE + frame
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    assert [e.event for e in EventSource(response).iter_sse()] == ["meta_stats", "meta_stats"]
