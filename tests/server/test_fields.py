"""What operators ask of people at registration, and what becomes of the answers."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctfy.core.errors import Invalid
from ctfy.sdk import PlatformClient
from ctfy.server.fields import rule
from ctfy.server.models.fields import CustomFieldAdminInfo
from ctfy.server.tables.fields import CustomField
from tests.conftest import PASSWORD, Arena
from tests.refusals import refusal

KINDS = st.sampled_from(["text", "choice", "number", "consent"])
BOUNDS = st.none() | st.integers(-5, 50).map(float)
GIVEN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=60),
    st.sampled_from(["true", "False", " 7 ", "1e9", "-3.50", "S", "nan", "٣", "1_000"]),
)


def field(**values: Any) -> CustomField:
    defaults = {"name": "asked", "label": "Asked", "kind": "text", "required": False}
    return CustomField(**{**defaults, "options": [], "minimum": None, "maximum": None, **values})


@given(kind=KINDS, low=BOUNDS, high=BOUNDS, required=st.booleans(), value=GIVEN, held=st.booleans())
def test_an_answer_is_kept_as_its_field_has_it_or_refused_by_the_fields_name(
    kind: str, low: float | None, high: float | None, required: bool, value: Any, held: bool
) -> None:
    options = ["S", "M"] if kind == "choice" else []
    asked = field(kind=kind, minimum=low, maximum=high, required=required, options=options)
    try:
        rule.check(asked)
    except Invalid:
        return  # no operator has one like this
    before = {"asked"} if held else set()
    refused, kept = None, None
    try:
        kept = rule.changes([asked], {"asked": value}, before, needed="all")["asked"]
    except Invalid as error:
        refused = error
    if refused:
        assert refused.code == "field_invalid" or (refused.code, required) == (
            "fields_missing",
            True,
        )
        assert "asked" in (refused.detail.get("field") or refused.detail["fields"][0]["name"])
        return
    if kept is None:
        assert not required
    else:
        json.dumps(kept, allow_nan=False)  # a value that every reader of JSON has
        match kind:
            case "text":
                assert isinstance(kept, str)
                assert (low or 0) <= len(kept) <= (200 if high is None else high)
                assert "\x00" not in kept
            case "choice":
                assert kept in options
            case "consent":
                assert kept is True
            case "number":
                assert isinstance(kept, int | float)
                assert not isinstance(kept, bool)
                least = -math.inf if low is None else low
                most = math.inf if high is None else high
                assert least <= kept <= most
    # What is kept is kept as it is when it is given again.
    assert rule.answer(asked, kept) == kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "choice"},
        {"kind": "choice", "options": ["S", "S"]},
        {"kind": "text", "options": ["S"]},
        {"kind": "consent", "minimum": 1},
        {"kind": "number", "minimum": 2, "maximum": 1},
        {"kind": "text", "maximum": 100_000},
        {"kind": "date"},
        {"kind": "text", "name": "T-shirt"},
    ],
)
def test_nobody_asks_what_cannot_be_answered(arena: Arena, wrong: dict[str, Any]) -> None:
    body = {"name": "asked", "label": "Asked", **wrong}
    assert refusal(arena.admin.admin.fields.create, **body).code == "validation_error"


@contextmanager
def asked(arena: Arena, name: str, **more: Any) -> Iterator[CustomFieldAdminInfo]:
    """A field of the platform's, which all tests share."""
    fields = arena.admin.admin.fields
    made = fields.create(name, name.capitalize(), **more)
    try:
        yield made
    finally:
        fields.delete(made.id, force=True)


def test_a_required_field_is_asked_of_who_registers_and_of_who_is_here(arena: Arena) -> None:
    nobody = PlatformClient(arena.url)
    here = arena.player("Here")
    assert here.me.get().missing_fields == []
    with (
        asked(arena, "university", required=True, public=True) as university,
        asked(arena, "agree", kind="consent", required=True),
        asked(arena, "age", kind="number", minimum=14),
    ):
        assert [f.name for f in nobody.site.fields()] == ["university", "agree", "age"]
        refused = refusal(arena.player)  # as a client that knows no fields registers
        assert refused.code == "fields_missing"
        assert [f["name"] for f in refused.detail["fields"]] == ["university", "agree"]
        email = f"{uuid.uuid4().hex}@example.org"
        register = nobody.auth.register
        wrong = {"university": "Graz", "agree": True, "age": 9}
        refused = refusal(register, email, PASSWORD, fields=wrong)
        assert (refused.code, refused.detail["field"]) == ("field_invalid", "age")
        before = datetime.now(UTC)
        given_ = {"university": " Graz ", "agree": "true", "age": "19"}
        token = register(email, PASSWORD, "Ada", fields=given_).token
        with PlatformClient(arena.url, token) as ada:
            answers = {f.name: f for f in ada.me.fields()}
            assert {n: f.value for n, f in answers.items()} == {
                "university": "Graz",
                "agree": True,
                "age": 19,
            }
            given_at = answers["agree"].given_at
            assert given_at
            assert given_at >= before
            # Nothing is locked for who was here before; the browser asks them.
            assert here.me.get().missing_fields == ["university", "agree"]
            assert here.competitions.list() is not None
            here.me.answer({"university": "Wien", "agree": True})
            assert here.me.get().missing_fields == []
            # Others see what is public; a consent given again keeps its time.
            me = ada.me.get()
            (shown,) = here.users.get(me.id).fields
            assert (shown.name, shown.value) == ("university", "Graz")
            ada.me.answer({"agree": True, "age": None})
            answers = {f.name: f for f in ada.me.fields()}
            assert (answers["agree"].given_at, answers["age"].value) == (given_at, None)
            assert refusal(ada.me.answer, {"agree": False}).code == "fields_missing"
            # Operators see and change all of it.
            admin = arena.admin.admin.fields
            admin.correct(me.id, {"university": "Linz"})
            assert {f.name: f.value for f in admin.answers(me.id)}["university"] == "Linz"
            exported = json.loads(ada.me.export_account())["field_answers"]
            assert {row["name"]: row["value"] for row in exported}["university"] == "Linz"
            assert {f.name: f.answers for f in admin.list()}["university"] == 2
            assert refusal(admin.delete, university.id).code == "field_has_answers"
            ada.me.delete_account(me.display_name)
        assert {f.name: f.answers for f in admin.list()}["university"] == 1
    assert here.me.fields() == []
    arena.player("Later")


def test_a_competition_asks_whoever_comes_to_it_by_whatever_way(arena: Arena) -> None:
    competition = arena.competition("notes")
    cid, fields = competition.id, arena.admin.admin.fields
    fields.create(
        "shirt", "T-shirt", kind="choice", options=["S", "M"], required=True, competition_id=cid
    )
    fields.create("motto", "Motto", public=True, competition_id=cid)
    taken = refusal(fields.create, "motto", "Motto", competition_id=cid)
    assert taken.code == "field_name_taken"
    captain, member, friend = (arena.player(name) for name in ("Captain", "Member", "Friend"))
    register = captain.competition(cid).register
    assert refusal(register).code == "fields_missing"
    wrong = refusal(register, fields={"shirt": "XL"})
    assert (wrong.code, wrong.detail["field"]) == ("field_invalid", "shirt")
    assert refusal(register, fields={"shirt": "S", "hat": "M"}).detail["field"] == "hat"
    answers = {"shirt": "S", "motto": "=1+1"}
    team = register("create", name=f"Shirts {cid[:8]}", fields=answers)
    (shown,) = captain.teams.get(team.id).members[0].fields
    assert (shown.name, shown.value) == ("motto", "=1+1")
    code = captain.competition(cid).team.invites.create().code
    join = member.competition(cid).register
    assert refusal(join, "join", code=code).code == "fields_missing"
    join("join", code=code, fields={"shirt": "M"})
    # Answers can be given ahead, and count then.
    asks = friend.competition(cid)
    assert refusal(asks.request_to_join, team.id).code == "fields_missing"
    asks.answer({"shirt": "M"})
    invite = asks.request_to_join(team.id)
    captain.competition(cid).team.requests.approve(invite.id)
    assert refusal(asks.answer, {"shirt": ""}).code == "fields_missing"
    # Whoever runs it sees all, in the list and in the file.
    people = {p.display_name: p for p in fields.people(cid)}
    assert people["Captain"].fields == {"shirt": "S", "motto": "=1+1"}
    fields.correct(people["Friend"].user_id, {"shirt": "S"}, competition_id=cid)
    stranger = arena.player("Stranger").me.get().id
    nobody = refusal(fields.correct, stranger, {"shirt": "S"}, competition_id=cid)
    assert nobody.code == "user_not_found"
    with httpx.Client(headers={"Authorization": f"Bearer {arena.admin.token}"}) as http:
        path = f"{arena.url}/api/v1/admin/competitions/{cid}/tables/people/csv"
        head, *rows = http.get(path).text.splitlines()
    assert "answers.shirt,answers.motto" in head
    assert sum(",S," in row for row in rows) == 2
    assert any(",'=1+1" in row for row in rows)
    # A copy asks the same of others.
    copy = arena.admin.admin.competitions.clone(cid, title="Again")
    assert [(f.name, f.answers) for f in fields.list(copy.id)] == [("shirt", 0), ("motto", 0)]
    arena.admin.admin.competitions.update(cid, status="archived")
    refused = refusal(captain.competition(cid).answer, {"motto": "late"})
    assert refused.code in ("competition_archived", "competition_not_found")
    fields.correct(people["Captain"].user_id, {"motto": "late"}, competition_id=cid)


def test_fields_and_answers_go_along_with_a_competition(arena: Arena) -> None:
    competition = arena.competition("notes")
    cid, admin = competition.id, arena.admin.admin
    admin.fields.create("agree", "I agree", kind="consent", required=True, competition_id=cid)
    player = arena.player("Moved")
    player.competition(cid).register(fields={"agree": True})
    before = (admin.fields.list(cid), player.competition(cid).fields())
    file = admin.competitions.export(cid)
    admin.competitions.delete(cid, force=True)
    admin.competitions.import_(file)
    assert (admin.fields.list(cid), player.competition(cid).fields()) == before
