"""Channels to the outside: what they are told, that it arrives, and where they may lead."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest

from ctfy.core.outward import may_connect
from ctfy.sdk import PlatformClient
from ctfy.server.models.notifications import NotificationChannelWithSecret
from tests.conftest import Arena
from tests.processes import wait_for
from tests.refusals import refusal


class Receiver:
    """A server that keeps what it is sent. `answers`: a status for each request, then 200.

    `hangs`: it answers nothing until it is let go. `location`: where it redirects to.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.location = ""
        self.hangs = threading.Event()
        self.hangs.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append((headers, body))
                receiver.hangs.wait()
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.end_headers()
                self.wfile.write(f"Took {self.path}".encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/a-secret-path"

    @property
    def events(self) -> list[dict[str, Any]]:
        """Those of the webhooks that came, without what came again."""
        bodies = {headers["webhook-id"]: json.loads(body) for headers, body in self.requests}
        return [event for body in bodies.values() for event in body["events"]]

    @contextlib.contextmanager
    def serving(self) -> Iterator[Receiver]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.hangs.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().serving() as up:
        yield up


@contextlib.contextmanager
def channel(
    arena: Arena, address: str, *events: str, kind: str = "webhook", **fields: Any
) -> Iterator[NotificationChannelWithSecret]:
    channels = arena.admin.admin.notifications
    made = channels.create(name="Chat", kind=kind, address=address, events=list(events), **fields)
    try:
        yield made
    finally:
        channels.delete(made.id)


def solve(player: PlatformClient, competition_id: str) -> None:
    answer = player.submissions.submit_qa
    answer("field-notes", competition_id, "hello")
    answer("field-notes", competition_id, "MD5", question_id="algorithm")
    both = ["Collision resistance", "Preimage resistance"]
    solved = answer("field-notes", competition_id, both, question_id="properties")
    assert solved.challenge_fully_solved


def latest(arena: Arena, channel_id: str) -> Any:
    return next(c for c in arena.admin.admin.notifications.iterate() if c.id == channel_id)


def test_solves_are_told_as_players_may_see_them_and_signed(
    arena: Arena, receiver: Receiver
) -> None:
    """Not of a hidden team, nor behind a freeze; the first of those that count is first blood."""
    competition = arena.competition("field-notes", access="private_hidden")
    edit = arena.admin.admin.competitions.update
    names = ("Staff", "Ada @everyone", "Late", "Last")
    players = []
    for name in names:
        player = arena.player(name)
        arena.admin.admin.competition_invites.invite(competition.id, user_id=player.me.get().id)
        player.competition(competition.id).register()
        players.append(player)
    team = players[0].competitions.get(competition.id).my_team_id
    arena.admin.admin.teams.update(competition.id, team, standing="hidden")
    with (
        channel(
            arena, receiver.url, "first_blood", "flag_correct", competition_id=competition.id
        ) as mine,
        # Of a competition that only its people may know of, no other channel hears.
        channel(arena, receiver.url, "flag_correct", "announcement_created"),
    ):
        solve(players[0], competition.id)
        solve(players[1], competition.id)
        wait_for("the first", lambda: receiver.events)
        edit(competition.id, freezes_at="2026-01-01T00:00:00Z")
        solve(players[2], competition.id)
        said = arena.admin.admin.announcements.create(title="So far")
        wait_for("what was done so far", lambda: len(receiver.events) == 2)
        arena.admin.admin.announcements.delete(said.id)
        edit(competition.id, freezes_at=None)
        solve(players[3], competition.id)
        wait_for("the last", lambda: len(receiver.events) == 3)
        wait_for("its result", lambda: latest(arena, mine.id).last_said == "200 OK")
    first, so_far, last = receiver.events
    told = [first["event"], so_far["event"], last["event"]]
    assert told == ["first_blood", "announcement_created", "flag_correct"]
    assert first["data"]["team_name"] == "Ada @everyone"
    assert first["data"]["challenge_id"] == "field-notes"
    assert "@everyone" not in first["text"]  # nobody's name calls a whole chat
    assert last["data"]["team_name"] == "Last"
    for headers, body in (receiver.requests[0], receiver.requests[-1]):
        assert abs(time.time() - int(headers["webhook-timestamp"])) < 300
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(mine.secret.removeprefix("whsec_"))
        mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{mac}"


def test_what_did_not_arrive_is_sent_again_as_the_same_message(
    arena: Arena, receiver: Receiver
) -> None:
    competition = arena.competition("field-notes")
    player = arena.registered(competition)
    receiver.answers = [503]
    with channel(arena, receiver.url, "flag_correct", competition_id=competition.id) as mine:
        solve(player, competition.id)
        wait_for("another try", lambda: len(receiver.requests) == 2)
        wait_for("its result", lambda: latest(arena, mine.id).last_ok)
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1


def test_a_receiver_that_hangs_holds_no_other_up(arena: Arena, receiver: Receiver) -> None:
    competition = arena.competition("field-notes")
    one = {"competition_id": competition.id}
    with (
        Receiver().serving() as deaf,
        channel(arena, deaf.url, "flag_correct", **one) as hanging,
        channel(arena, receiver.url, "flag_correct", **one),
    ):
        deaf.hangs.clear()
        for _ in range(3):
            solve(arena.registered(competition), competition.id)
        wait_for("all of them", lambda: len(receiver.events) == 3)
        assert latest(arena, hanging.id).last_sent_at is None
        deaf.hangs.set()
        wait_for("its answer", lambda: latest(arena, hanging.id).last_ok)


def test_a_service_gets_a_message_that_people_read(arena: Arena, receiver: Receiver) -> None:
    address = receiver.url.replace("http://", "json://")
    with channel(arena, address, "announcement_created", kind="service") as mine:
        assert (mine.address, mine.secret) == ("json://… (JSON)", "")
        # Of what is not for everybody it tells nothing.
        inside = arena.competition("notes").id
        announce = arena.admin.admin.announcements.create
        for_some = announce(title="For some", competition_id=inside)
        said = announce(title="Half time", body="Have some tea.")
        wait_for("the message", lambda: receiver.requests)
        for each in (for_some, said):
            arena.admin.admin.announcements.delete(each.id)
        told = json.loads(receiver.requests[0][1])
        assert (told["title"], told["message"]) == ("ctfy", "Half time\nHave some tea.")
        receiver.answers = [500]
        result = arena.admin.admin.notifications.test(mine.id)
        assert not result.ok
        assert "error=500" in result.said
        assert "a-secret-path" not in result.said


@pytest.mark.parametrize("kind", ["webhook", "service"])
def test_no_address_leads_inwards(arena: Arena, receiver: Receiver, kind: str) -> None:
    """Neither an address, nor one that is written oddly, nor a redirect to one."""
    scheme = "http" if kind == "webhook" else "json"
    there = f"{scheme}://127.0.0.1:{receiver.port}/"
    with channel(arena, there, "task_failed", kind=kind) as mine:
        channels = arena.admin.admin.notifications
        assert channels.test(mine.id).ok
        oddly = ("2130706434", "10.0.0.1", "[::1]") if kind == "webhook" else ("127.0.0.2",)
        for host in ("169.254.169.254", *oddly):
            channels.update(mine.id, address=f"{scheme}://{host}:{receiver.port}/")
            result = channels.test(mine.id)
            assert not result.ok
            assert result.said.endswith("is not a public address")
            assert kind == "service" or host.strip("[]") in result.said
        channels.update(mine.id, address=there)
        receiver.answers, receiver.location = [307], f"http://127.0.0.2:{receiver.port}/"
        result = channels.test(mine.id)
        assert not result.ok
        assert "redirect" in result.said or "127.0.0.2 is not a public address" in result.said
        assert (latest(arena, mine.id).last_ok, latest(arena, mine.id).last_said) == result_of(
            result
        )
    assert len(receiver.requests) == 2


def result_of(result: Any) -> tuple[bool, str]:
    return result.ok, result.said


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("64:ff9b::101:101", True),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("::", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("64:ff9b:1::a00:1", False),
        ("::7f00:1", False),
        ("::ffff:0:7f00:1", False),
        ("fec0::1", False),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("localhost", False),
        ("10.1.2.3", True),
    ],
)
def test_public_addresses_and_those_that_are_allowed_can_be_reached(
    address: str, allowed: bool
) -> None:
    assert may_connect(address, ["10.1.0.0/16"]) is allowed


def test_addresses_and_secrets_are_written_readably_nowhere(
    arena: Arena, receiver: Receiver, database_url: str
) -> None:
    channels = arena.admin.admin.notifications
    with channel(arena, receiver.url, "node_unhealthy") as mine:
        assert mine.secret.startswith("whsec_")
        receiver.answers = [404]
        assert channels.test(mine.id).said == "404 Not Found Took /…"
        channels.update(mine.id, address=f"{receiver.url}/another", enabled=False)
        renewed = channels.renew_secret(mine.id).secret
        assert renewed != mine.secret
        seen = repr(channels.list()) + repr(arena.admin.admin.observability.activities(limit=20))
        assert f"http://127.0.0.1:{receiver.port}/…" in seen
        with psycopg.connect(database_url) as connection:
            row = connection.execute(
                "SELECT c::text, (SELECT string_agg(e::text, '') FROM events e) "
                "FROM notification_channels c WHERE id = %s",
                [mine.id],
            ).fetchone()
        for secret in ("a-secret-path", mine.secret, renewed):
            assert secret not in seen + str(row)
            assert secret.encode().hex() not in str(row)


def test_an_address_that_its_kind_cannot_use_is_refused(arena: Arena) -> None:
    create = arena.admin.admin.notifications.create
    for kind, address in (
        ("webhook", "ftp://example.org"),
        ("webhook", "discord://a/b"),
        ("service", "nothing://x"),
        ("service", "syslog://"),
        ("service", "https://example.org/x"),
    ):
        refused = refusal(create, name="x", kind=kind, address=address, events=["task_failed"])
        assert (refused.status_code, refused.code) == (422, "validation_error")
