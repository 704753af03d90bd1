"""A competition's own administrators: what they may not learn, and not publish."""

from __future__ import annotations

from pathlib import Path

import httpx

from ctfy.sdk import PlatformClient
from tests.conftest import ADMIN_EMAIL, Arena, lone_server, sign_in
from tests.openapi import gets
from tests.playing import start
from tests.processes import PATIENCE_S
from tests.refusals import refusal


def running_it(arena: Arena, *challenges: str) -> tuple[str, PlatformClient]:
    """A private competition, and its administrator."""
    competition = arena.competition(*challenges, access="private_listed")
    host = arena.player("Host")
    arena.admin.admin.competition_admins.grant(competition.id, user_id=host.me.get().id)
    return competition.id, host


def test_no_route_tells_them_or_players_anybodys_address(arena: Arena) -> None:
    competition_id, host = running_it(arena, "notes")
    guest, other = arena.player("Guest"), arena.player("Other")
    people = [guest.me.get(), other.me.get()]
    for person in people:
        host.admin.competition_invites.invite(competition_id, user_id=person.id)
        arena.admin.admin.competition_admins.grant(competition_id, user_id=person.id)
    team = guest.competition(competition_id).register(mode="create", name="Guests")
    guest.submissions.submit(start(guest, competition_id).id, "wrong")
    guest.challenges.add_reaction("notes", "learned")
    known = {"competition_id": competition_id, "team_id": team.id, "challenge_id": "notes"}
    for caller, strangers in ((host, people), (other, people[:1])):
        headers = {"Authorization": f"Bearer {caller.token}"}
        with httpx.Client(base_url=arena.url, headers=headers, timeout=PATIENCE_S) as client:
            for path in gets(client, user_id=people[0].id, **known):
                told = client.get(path).text
                assert not [p.email for p in strangers if p.email and p.email in told], path


def test_they_read_the_addresses_that_they_invited(arena: Arena) -> None:
    competition_id, host = running_it(arena, "notes")
    guest = arena.player("Guest").me.get()
    invited = host.admin.competition_invites.invite(competition_id, email=guest.email)
    assert (invited.user_id, invited.email) == (guest.id, guest.email)
    host.admin.competition_invites.invite(competition_id, email="nobody.yet@example.org")
    listed = {i.email for i in host.admin.competition_invites.list(competition_id)}
    assert listed == {guest.email, "nobody.yet@example.org"}


def test_they_publish_no_challenge_that_they_do_not_see(tmp_path: Path) -> None:
    with lone_server(tmp_path) as url, sign_in(url, ADMIN_EMAIL) as admin:
        competition_id, host = running_it(Arena(url, admin), "notes", "two-time")
        update = host.admin.competitions.update

        def refused(challenge_id: str) -> str:
            error = refusal(update, competition_id, challenge_ids=["notes", challenge_id])
            assert error.status_code == 422
            return str(error.detail["message"]).replace(challenge_id, "this")

        assert refused("relay-station") == refused("there-is-none")
        admin.admin.competitions.update(competition_id, challenge_ids=["notes", "relay-station"])
        changed = update(competition_id, challenge_ids=["relay-station", "notes"])
        assert changed.challenge_ids == ["relay-station", "notes"]


def test_they_put_back_what_they_took_out(arena: Arena) -> None:
    competition_id, host = running_it(arena, "notes", "relay-station")
    update = host.admin.competitions.update
    update(competition_id, challenge_ids=["notes"])
    back = update(competition_id, challenge_ids=["notes", "relay-station"])
    assert back.challenge_ids == ["notes", "relay-station"]


def test_they_add_what_a_competition_shows_that_they_see(arena: Arena) -> None:
    arena.competition("field-notes")
    competition_id, host = running_it(arena, "notes")
    added = host.admin.competitions.update(competition_id, challenge_ids=["notes", "field-notes"])
    assert added.challenge_ids == ["notes", "field-notes"]
