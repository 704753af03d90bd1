"""What a limited token does not reach is in no answer of the API, whatever its route."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import httpx
import pytest

from ctfy.sdk import PlatformClient
from tests.conftest import Arena
from tests.openapi import gets
from tests.playing import start
from tests.processes import PATIENCE_S


@dataclass
class Cup:
    """A hidden competition in which somebody plays, and all that could name it."""

    known: dict[str, str]
    names: set[str] = field(default_factory=set)

    @property
    def markers(self) -> set[str]:
        return self.names | {
            v for k, v in self.known.items() if k not in ("user_id", "challenge_id")
        }


def mark(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:12]}"


def hidden_cup(arena: Arena, player: PlatformClient) -> Cup:
    """One that the player plays in, administers, and has invites, requests and awards in."""
    title, team_name, guest_name = mark("cup"), mark("team"), mark("guest")
    admin, me = arena.admin.admin, player.me.get()
    cup = arena.competition("notes", title=title, access="private_hidden")
    invite = admin.competition_invites.invite
    invite(cup.id, user_id=me.id)
    team = player.competition(cup.id).register(mode="create", name=team_name)
    instance = start(player, cup.id)
    player.submissions.submit(instance.id, "wrong")
    player.challenges.add_reaction("notes", "learned")
    admin.achievements.grant(team.id, "star_gazer")
    admin.competition_admins.grant(cup.id, user_id=me.id)
    guest = arena.player(guest_name)
    invite(cup.id, user_id=guest.me.get().id)
    guest.competition(cup.id).request_to_join(team.id)
    known = {
        "competition_id": cup.id,
        "team_id": team.id,
        "instance_id": instance.id,
        "challenge_id": "notes",
        "user_id": me.id,
    }
    return Cup(known, {title, team_name, guest_name})


@dataclass
class World:
    inside: Cup
    outside: Cup
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def world(arena: Arena) -> World:
    """Somebody with two hidden competitions, an invitation to a third, and limited tokens."""
    player = arena.player("Reacher")
    inside = hidden_cup(arena, player)
    outside = hidden_cup(arena, player)
    third = arena.competition("notes", title=mark("third"), access="private_hidden")
    arena.admin.admin.competition_invites.invite(third.id, user_id=player.me.get().id)
    outside.names |= {third.id, third.title}

    def of(cup: Cup) -> str:
        ids = [cup.known["competition_id"]]
        mint = player.auth.mint_token
        return mint("one", competition_access="selected", competition_ids=ids).token

    of(outside)
    none = player.auth.mint_token("none", competition_access="none")
    tokens = {"one": of(inside), "none": none.token, "session": player.token}
    return World(inside, outside, tokens)


def answers(arena: Arena, token: str, *cups: Cup) -> dict[str, str]:
    """What every GET answers, asked about each of the competitions, and what in it names none."""
    found = {}
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=arena.url, headers=headers, timeout=PATIENCE_S) as client:
        for cup in cups:
            for path in gets(client, **cup.known):
                for query in ({}, {"competition_id": cup.known["competition_id"]}):
                    answer = client.get(path, params=query)
                    asked = str(answer.request.url)
                    text = answer.text
                    # A refusal may repeat what was asked.
                    for value in cup.known.values():
                        if value in asked and answer.status_code >= 400:
                            text = text.replace(value, "")
                    found[asked] = text
    return found


def naming(found: dict[str, str], markers: set[str]) -> dict[str, set[str]]:
    told = {asked: {m for m in markers if m in text} for asked, text in found.items()}
    return {asked: names for asked, names in told.items() if names}


def test_a_session_is_answered_with_all_of_it(arena: Arena, world: World) -> None:
    """The markers are where one would look for them: else the tests below would show nothing."""
    cups = (world.inside, world.outside)
    for cup in cups:
        told = naming(answers(arena, world.tokens["session"], cup), cup.markers)
        assert len(told) > 15
        assert set.union(*told.values()) == cup.markers


def test_a_token_of_one_competition_names_no_other(arena: Arena, world: World) -> None:
    found = answers(arena, world.tokens["one"], world.inside, world.outside)
    assert naming(found, world.inside.markers)
    assert naming(found, world.outside.markers) == {}


def test_a_token_of_no_competition_names_none_that_is_hidden(arena: Arena, world: World) -> None:
    found = answers(arena, world.tokens["none"], world.inside, world.outside)
    assert naming(found, world.inside.markers | world.outside.markers) == {}
