"""Question modes: each found by its file, chosen by its fields or its name, graded by its rule."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ctfy.challenge.audit import audit
from ctfy.challenge.modes import modes
from ctfy.challenge.question import clean
from tests.challenge.questions import question
from tests.processes import ROOT

text = st.text(min_size=1, max_size=40)
answers = text.filter(clean)
unseen = st.text("\u200b\u200c\u200d\u2060\ufeff\u00ad \n", max_size=5)
choices = st.lists(text, min_size=2, max_size=8, unique=True)


FOLDER = ROOT / "src" / "ctfy" / "challenge" / "modes"


@pytest.mark.parametrize("name", [path.stem for path in FOLDER.glob("[a-z]*.py")])
def test_a_file_is_a_mode_of_its_name(name: str) -> None:
    assert modes()[name].__module__ == f"ctfy.challenge.modes.{name}"


@given(answers, text)
def test_a_text_is_right_when_it_is_the_answer_but_for_space_around(
    answer: str, given_: str
) -> None:
    asked = question(answer=answer)
    assert asked.is_correct(f"  {answer}\n")
    assert asked.is_correct([answer])
    assert not asked.is_correct([answer, answer])
    assert asked.is_correct(given_) == (clean(given_) == clean(answer))


@given(answers, unseen, unseen, st.sampled_from(["NFC", "NFD"]), st.booleans())
def test_how_a_text_is_composed_and_what_is_not_seen_do_not_count(
    answer: str, before: str, after: str, form: Any, ignore_case: bool
) -> None:
    asked = question(answer=answer, ignore_case=ignore_case)
    assert asked.is_correct(before + unicodedata.normalize(form, answer) + after)


@given(answers, st.booleans(), st.booleans())
def test_what_is_compared_is_compared_the_same_again(
    answer: str, ignore_case: bool, keep_space: bool
) -> None:
    asked = question(answer=answer, ignore_case=ignore_case, keep_space=keep_space)
    assert asked.form(asked.normalised(answer)) == asked.form(answer)  # type: ignore[attr-defined]


@given(st.lists(answers, min_size=1, max_size=5), answers)
def test_any_of_several_answers_is_right(several: list[str], given_: str) -> None:
    asked = question(answers=several)
    assert asked.mode == "static"
    assert all(asked.is_correct(one) for one in several)
    assert asked.is_correct(given_) == any(question(answer=a).is_correct(given_) for a in several)


@given(answers, answers)
def test_answers_of_one_form_are_right_together_or_wrong(one: str, other: str) -> None:
    for asked in (question(answer=one), question(answer=one, ignore_case=True)):
        if asked.form(one) == asked.form(other):
            assert asked.is_correct(other)


def test_a_pattern_describes_the_whole_answer() -> None:
    asked = question(pattern="(the )?light-?house|caf\u00e9")
    assert asked.mode == "pattern"
    right = ("lighthouse", " the light-house\u200b\n", "cafe\u0301", ["lighthouse"])
    assert all(asked.is_correct(text) for text in right)
    wrong = ("lighthouses", "a lighthouse", "Lighthouse", "", ["lighthouse", "lighthouse"])
    assert not any(asked.is_correct(text) for text in wrong)
    assert question(pattern="lighthouse", ignore_case=True).is_correct("LightHouse")
    assert question(pattern=" a ", keep_space=True).is_correct(" a ")


@given(st.text("abcx", max_size=30))
def test_a_pattern_is_right_as_its_language_says(text: str) -> None:
    rest = text.removeprefix("x")
    assert question(pattern="x[ab]+c?").is_correct(text) == (
        text.startswith("x")
        and len(rest.removesuffix("c")) > 0
        and set(rest.removesuffix("c")) <= {"a", "b"}
    )


def test_no_answer_takes_a_pattern_long() -> None:
    assert not question(pattern="x(a+)+(a|aa)+y").is_correct("x" + "a" * 4000)


def test_attempts_are_the_questions_own() -> None:
    of_modes = {"static": 10}
    assert question(answer="a").cap(of_modes) == 10
    assert question(answer="a", attempts=2).cap(of_modes) == 2
    assert (question().cap(of_modes), question(attempts=3).cap(of_modes)) == (None, 3)


METADATA = """\
name: Coast
description: Look out.
difficulty: easy
tags: [geography]
questions:
  - id: tower
    prompt: What warns the ships?
    {written}
"""


@pytest.mark.parametrize(
    ("written", "line", "words", "fix"),
    [
        ("pattern: '(light'", 6, "`pattern` is none: missing )", "correct it"),
        ("pattern: 'a(?=b)'", 6, "`pattern` is none: invalid perl operator", "no look-around"),
        ("pattern: ''", 8, "at least 1 character", "change the value"),
        ("pattern: '(house)?'", 6, "fits an empty answer", "at least one character"),
        ("pattern: '.+'", 6, "fits whatever one writes", "what is right alone"),
        ("pattern: '(?s).{8}'", 6, "fits whatever one writes", "what is right alone"),
        ("pattern: 'house '", 6, "has space around it", "add `keep_space: true`"),
        ("pattern: house\n    answer: house", 6, "`answer` and `pattern`", "keep one of"),
        ("answer: 4\n    answers: [four]", 6, "`answer` and `answers`", "keep one of"),
        ("answer: '\u200b '", 8, "an empty answer", "write what is right"),
        ("answers: [house, ' ']", 8, "an empty answer", "write what is right"),
        ("answers: []", 8, "at least 1 item", "change the value"),
        ("mode: static", 6, "either an `answer` or `answers`", "write one"),
        ("answer: house\n    attempts: 0", 9, "greater than or equal to 1", "at least 1"),
    ],
)
def test_the_audit_refuses_what_cannot_be_answered(
    tmp_path: Path, written: str, line: int, words: str, fix: str
) -> None:
    (tmp_path / "metadata.yaml").write_text(METADATA.format(written=written), encoding="utf-8")
    (found,) = [f for f in audit(tmp_path) if f.is_error]
    assert (found.line, found.rule) == (line, "metadata.value")
    assert words in found.problem
    assert fix in found.fix


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
