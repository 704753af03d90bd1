"""An answer that names no question is for the one that is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctfy.challenge.modes.static import Static
from ctfy.challenge.question import Question
from ctfy.core.errors import CtfyError
from ctfy.sdk import PlatformClient
from ctfy.server.submissions.asked import OF_INSTANCES, named, the_open_one
from tests.conftest import ADMIN_EMAIL, Arena, lone_server, sign_in
from tests.playing import start
from tests.refusals import refusal


@st.composite
def questions(draw: st.DrawFn) -> list[Question]:
    """Questions in an order in which each requires only earlier ones, as authors must write."""
    ids = draw(st.lists(st.sampled_from(["flag", "answer", *"abcdef"]), min_size=1, unique=True))
    requires = [draw(st.sets(st.sampled_from(ids[:n]))) if n else set() for n in range(len(ids))]
    return [
        Static(id=id_, prompt="?", answer="x", requires=sorted(before))
        for id_, before in zip(ids, requires, strict=True)
    ]


def asked(call: Callable[[], Question | None]) -> tuple[str, list[str]]:
    """The question that an answer is for, or the code of the refusal with what it names."""
    try:
        found = call()
    except CtfyError as error:
        detail = error.detail if isinstance(error.detail, dict) else {}
        return error.code, detail.get("open") or detail.get("known") or []
    return "" if found is None else found.id, []


@given(questions(), st.sets(st.sampled_from(["flag", "answer", *"abcdef", "gone"])))
def test_left_out_is_the_one_open_question_or_a_refusal_that_names_all(
    known: list[Question], solved: set[str]
) -> None:
    is_open = [q.id for q in known if q.id not in solved and set(q.requires) <= solved]
    expected = {0: ("all_answered", []), 1: (*is_open, [])}
    several = ("question_id_required", is_open)
    assert asked(lambda: the_open_one(known, solved)) == expected.get(len(is_open), several)
    assert is_open or {q.id for q in known} <= solved


@given(questions(), st.sampled_from(["", "flag", "answer", "a", "nope"]))
def test_a_name_is_only_ever_of_its_question(known: list[Question], question_id: str) -> None:
    ids = [q.id for q in known]
    left_out = ("", []) if question_id in ("", OF_INSTANCES) else ("unknown_question_id", ids)
    expected = (question_id, []) if question_id in ids else left_out
    assert asked(lambda: named(known, question_id, OF_INSTANCES)) == expected


def send(
    player: PlatformClient, path: str, key: str = "", **body: object
) -> tuple[int, dict[str, Any]]:
    """What the API itself says to a request, with an idempotency key if there is one."""
    headers = {"Authorization": f"Bearer {player.token}"}
    if key:
        headers["Idempotency-Key"] = key
    answer = httpx.post(f"{player.base_url}{path}", json=body, headers=headers)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("left_out", [{}, {"question_id": ""}])
def test_every_way_to_answer_takes_no_question(arena: Arena, left_out: dict[str, str]) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    ready = start(player, competition.id)
    ways: dict[str, dict[str, str]] = {
        "/submissions": {"instance_id": ready.id},
        f"/submissions?competition_id={competition.id}": {"instance_id": ready.id},
        f"/instances/{ready.id}/verify-answer": {},
    }
    for path, body in ways.items():
        status, graded = send(player, path, answer="x", **body, **left_out)
        assert (status, graded["question_id"]) == (200, "flag")


def test_several_open_questions_are_named(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    player = arena.registered(competition)
    where = {"challenge_id": "field-notes", "competition_id": competition.id}
    status, refused = send(player, "/qa/submissions", answer="x", **where)
    assert (status, refused["code"]) == (422, "question_id_required")
    assert refused["detail"]["open"] == ["answer", "algorithm", "properties"]
    # What clients always sent is a name, where a question has it.
    assert player.submissions.submit_qa("field-notes", competition.id, "x").question_id == "answer"


def test_the_last_open_question_needs_no_name_and_then_none_is_left(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    player = arena.registered(competition)
    where = {"challenge_id": "field-notes", "competition_id": competition.id}
    chosen = ["Preimage resistance", "Collision resistance"]
    for id_, right in (("answer", "hello"), ("properties", chosen)):
        assert send(player, "/qa/submissions", answer=right, question_id=id_, **where)[1]["correct"]
    status, graded = send(player, "/qa/submissions", answer="MD5", **where)
    assert (status, graded["question_id"], graded["correct"]) == (200, "algorithm", True)
    status, refused = send(player, "/qa/submissions", answer="MD5", **where)
    assert (status, refused["code"]) == (409, "all_answered")


def test_an_answer_sent_again_is_for_the_same_question_not_the_next(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    player = arena.registered(competition)
    where = {"challenge_id": "field-notes", "competition_id": competition.id}
    chosen = ["Preimage resistance", "Collision resistance"]
    for id_, right in (("answer", "hello"), ("properties", chosen)):
        send(player, "/qa/submissions", answer=right, question_id=id_, **where)
    first = send(player, "/qa/submissions", key="once", answer="MD5", **where)
    assert first[1]["correct"]
    assert send(player, "/qa/submissions", key="once", answer="MD5", **where) == first
    assert len(player.submissions.list()) == 3


def test_the_first_open_question_of_several_needs_no_name(arena: Arena) -> None:
    competition = arena.competition("relay-station")
    player = arena.registered(competition)
    ready = start(player, competition.id, "relay-station")
    assert player.submissions.verify(ready.id, "x", question_id="").question_id == "passphrase"
    # `flag` and what nobody sends by itself are names, as ever.
    assert refusal(player.submissions.submit, ready.id, "x").code == "question_locked"
    unknown = refusal(player.submissions.submit, ready.id, "x", question_id="answer")
    assert unknown.code == "unknown_question_id"


def test_a_client_that_always_sends_a_name_reaches_the_only_question(tmp_path: Path) -> None:
    folder = tmp_path / "challenges" / "vault"
    folder.mkdir(parents=True)
    (folder / "metadata.yaml").write_text(
        "name: Vault\ndescription: d\ndifficulty: easy\ntags: [t]\n"
        "questions: [{id: secret, prompt: What is it?, answer: hello}]\n"
    )
    where = {"CTFY_CHALLENGES_DIR": str(folder.parent)}
    with lone_server(tmp_path, **where) as url, sign_in(url, ADMIN_EMAIL) as admin:
        lone = Arena(url, admin)
        competition = lone.competition("vault")
        player = lone.registered(competition)
        graded = player.submissions.submit_qa("vault", competition.id, "hello")
    assert (graded.question_id, graded.correct) == ("secret", True)
