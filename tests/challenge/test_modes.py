"""Question modes: each found by its file, chosen by its fields or its name, graded by its rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ctfy.challenge.modes import modes
from tests.challenge.questions import question
from tests.processes import ROOT

text = st.text(min_size=1, max_size=40)
choices = st.lists(text, min_size=2, max_size=8, unique=True)


FOLDER = ROOT / "src" / "ctfy" / "challenge" / "modes"


@pytest.mark.parametrize("name", [path.stem for path in FOLDER.glob("[a-z]*.py")])
def test_a_file_is_a_mode_of_its_name(name: str) -> None:
    assert modes()[name].__module__ == f"ctfy.challenge.modes.{name}"


@given(text, text)
def test_a_text_is_right_when_it_is_the_answer_but_for_space_around(
    answer: str, given_: str
) -> None:
    asked = question(answer=answer)
    assert asked.is_correct(f"  {answer}\n")
    assert asked.is_correct([answer])
    assert not asked.is_correct([answer, answer])
    assert asked.is_correct(given_) == (given_.strip() == answer.strip())


def test_case_and_space_count_as_the_author_says() -> None:
    assert not question(answer="Ab").is_correct("aB")
    assert question(answer="Ab", ignore_case=True).is_correct(" aB ")
    assert not question(answer="Ab", keep_space=True).is_correct("Ab ")


@given(choices, st.data())
def test_a_multiple_choice_compares_as_sets(options: list[str], data: st.DataObject) -> None:
    right = data.draw(st.lists(st.sampled_from(options), min_size=1, unique=True))
    chosen = data.draw(st.lists(st.sampled_from(options), min_size=1))
    asked = question(choices=options, answer=right)
    assert asked.is_correct(data.draw(st.permutations(right)))
    assert asked.is_correct(chosen) == (set(chosen) == set(right))


def test_a_minted_answer_is_right_on_its_own_instance_alone() -> None:
    asked = question()
    assert asked.mint("ab" * 16) == "FLAG{" + "ab" * 16 + "}"
    assert asked.is_correct("FLAG{a}", "FLAG{a}")
    assert not asked.is_correct("FLAG{a}", "FLAG{b}")
    assert not asked.is_correct("", "")


def test_a_question_can_name_its_mode() -> None:
    assert question(mode="static", answer="12").mode == "static"
    with pytest.raises(ValidationError, match="there is no mode 'riddle'; use one of"):
        question(mode="riddle", answer="12")
    with pytest.raises(ValidationError, match="there is no mode"):
        question(mode=["static"], answer="12")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"answer": ["a", "b"]}, ("questions", 0, "choices")),
        ({"choices": ["a", "b"]}, ("questions", 0, "answer")),
        ({"answer": {"a": 1}}, ("questions", 0, "answer")),
        ({"choices": ["a", "b"], "answer": []}, ("questions", 0, "answer")),
        ({"choices": ["a", "a"], "answer": "a"}, ("questions", 0)),
        ({"answer": "x", "colour": "blue"}, ("questions", 0, "colour")),
        ({"answer": True}, ("questions", 0, "answer")),
    ],
)
def test_a_mistake_is_found_in_its_field(
    fields: dict[str, Any], where: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as refused:
        question(**fields)
    assert [error["loc"] for error in refused.value.errors()] == [where]


def test_how_a_question_is_asked_comes_from_its_mode() -> None:
    kinds = {
        "text": question(answer="x"),
        "one_of": question(choices=["x", "y"], answer="x"),
        "any_of": question(choices=["x", "y"], answer=["x"]),
    }
    assert {kind: asked.input.kind for kind, asked in kinds.items()} == {k: k for k in kinds}
    assert question().input.placeholder == "FLAG{…}"
    assert kinds["any_of"].options == ["x", "y"]
    assert kinds["text"].options is None
