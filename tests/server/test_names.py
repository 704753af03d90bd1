"""Names of teams and people: any script, and never two that look the same."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctfy.sdk import CtfyApiError
from ctfy.server.access.lookalikes import keys
from ctfy.server.models.names import clean, visible
from tests.conftest import Arena
from tests.hostile_names import UNSEEN
from tests.refusals import refusal

SAME = {
    "other capitals": "ALPHA",
    "spaces around": "  alpha  ",
    "full width": "Ａｌｐｈａ",
    "a Cyrillic letter": "\u0410lpha",
    "two Cyrillic letters": "\u0430lph\u0430",
    "a mathematical letter": "𝐀lpha",
    "a capital I for an l": "AIpha",
    "a digit for an l": "A1pha",
    "spaces within": "Al pha",
}
HONEST = (
    "Zoë & the Ωmegas",
    "日本語チーム",
    "ทีมไทย",
    "टीम भारत",
    "فريق النسور",
    "שלום עולם",
    "Đội Việt Nam",
    "Команда А",
    "می\u200cخواهم",  # Persian spells with a zero width non-joiner
    "क्\u200dष",
    "👩\u200d🚀 Crew",
    "❤\ufe0f Team",
    "O'Brien-Łódź #1 (2.0)",
    "İstanbul",
    "ÅÄÖ",
    "한국",
)


@pytest.mark.parametrize("how", SAME)
def test_a_name_that_looks_like_another_teams_is_taken(arena: Arena, how: str) -> None:
    competition = arena.competition()
    arena.player().competition(competition.id).register("create", name="Alpha")
    error = refusal(arena.player().competition(competition.id).register, "create", name=SAME[how])
    assert (error.status_code, error.code) == (409, "team_name_taken")
    other = arena.player().competition(competition.id)
    other.register("create", name="Beta")
    assert refusal(other.team.rename, name=SAME[how]).code == "team_name_taken"
    elsewhere = arena.competition()
    arena.player().competition(elsewhere.id).register("create", name=SAME[how])


@pytest.mark.parametrize("what", UNSEEN)
def test_what_cannot_be_seen_is_refused_in_every_name(arena: Arena, what: str) -> None:
    competition = arena.competition()
    player = arena.player("Before")
    comp = player.competition(competition.id)
    for refused in (
        refusal(comp.register, "create", name=UNSEEN[what]),
        refusal(player.me.update_profile, display_name=UNSEEN[what]),
        refusal(arena.player, UNSEEN[what]),
    ):
        assert (refused.status_code, refused.code) == (422, "validation_error")
        assert "name" in str(refused.detail)
    assert player.me.get().display_name == "Before"


@pytest.mark.parametrize("name", HONEST)
def test_names_of_every_script_are_taken_as_they_are(arena: Arena, name: str) -> None:
    composed = unicodedata.normalize("NFC", name)
    assert arena.player(name).me.get().display_name == composed
    competition = arena.competition()
    assert arena.player().competition(competition.id).register("create", name=name).name == composed


def test_honest_names_differ_from_one_another() -> None:
    for form in ("folded", "shape"):
        assert len({getattr(keys(name), form) for name in HONEST}) == len(HONEST)


@pytest.mark.parametrize(
    ("one", "other"),
    [("modern", "modem"), ("ix", "i\u0307x"), ('a"b', "a''b"), ("ⅿ", "rn")],
)
def test_what_takes_two_letters_to_look_alike_is_the_same(one: str, other: str) -> None:
    assert keys(one).folded == keys(other).folded


def test_who_plays_alone_is_numbered_beside_a_name_in_other_capitals(arena: Arena) -> None:
    competition = arena.competition()
    arena.player().competition(competition.id).register("create", name="ivan")
    assert arena.player("Ivan").competition(competition.id).register().name == "Ivan 2"


def test_people_of_one_name_who_play_alone_are_numbered(arena: Arena) -> None:
    competition = arena.competition()
    with ThreadPoolExecutor(3) as pool:
        players = list(pool.map(arena.player, ["Alex"] * 6))
    names = [p.competition(competition.id).register().name for p in players]
    assert names == ["Alex", *(f"Alex {number}" for number in range(2, 7))]


def test_of_two_teams_that_take_a_name_at_once_one_has_it(arena: Arena) -> None:
    competition = arena.competition()
    players = [arena.player() for _ in range(4)]

    def register(place: int) -> str:
        name = ("Alpha", "ALPHA", "\u0410lpha", "alpha ")[place]
        try:
            return players[place].competition(competition.id).register("create", name=name).name
        except CtfyApiError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(register, range(4)))
    assert outcomes.count("team_name_taken") == 3


def test_the_name_of_a_team_that_everybody_left_is_free(arena: Arena) -> None:
    competition = arena.competition("two-time")
    first = arena.player().competition(competition.id)
    first.register("create", name="Alpha")
    first.team.leave()
    assert arena.player().competition(competition.id).register("create", name="alpha").name


@given(st.text(max_size=40))
def test_a_name_is_clean_once_it_was_cleaned(text: str) -> None:
    name = visible(text)
    assert clean(name) == name
    assert visible(name) == name
    try:
        accepted = clean(text)
    except ValueError:
        return
    assert clean(accepted) == accepted == visible(text)


@given(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20))
def test_capitals_spaces_and_forms_never_make_another_name(name: str) -> None:
    for other in (name.upper(), f" {name} ", unicodedata.normalize("NFKD", name)):
        if keys(other).folded != keys(name).folded:
            assert keys(other).shape == keys(name).shape
