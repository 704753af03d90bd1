from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ctfy.challenge.audit import audit
from ctfy.challenge.modes.numeric import Numeric
from tests.challenge.questions import question

numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)


@given(numbers, numbers, st.integers(0, 10**6))
def test_a_number_is_right_within_the_tolerance(
    answer: Decimal, given_: Decimal, tolerance: int
) -> None:
    asked = Numeric(id="q", prompt="?", answer=str(answer), tolerance=str(tolerance))
    near = -tolerance <= answer - given_ <= tolerance
    assert asked.is_correct(str(given_)) == near
    assert asked.is_correct(f" {answer:f}\n")
    assert not asked.refusal(str(given_))


@given(st.integers(-(10**300), 10**300))
def test_without_a_tolerance_every_digit_counts(answer: int) -> None:
    asked = question(answer=answer)
    assert asked.mode == "numeric"
    assert asked.is_correct(f"{answer}.0")
    assert not asked.is_correct(str(answer + 1))
    assert not asked.is_correct(f"{answer}.{'0' * 300}1")


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    asked = question(answer=1.5, tolerance=0.5)
    if asked.refusal(text):
        assert not asked.is_correct(text)


@pytest.mark.parametrize(
    "text", ["3.14", "+3.14", "314e-2", "0.314E1", "3.140", "003.14", "3.15", "3.13", "\u22123.14"]
)
def test_a_number_can_be_written_in_several_ways(text: str) -> None:
    sign = -1 if text.startswith("\u2212") else 1
    assert question(answer=sign * 3.14, tolerance=0.01).is_correct(text)


@pytest.mark.parametrize(
    "text",
    [
        "3,14",
        "3 14",
        "3_14",
        "nan",
        "inf",
        "-Infinity",
        "1e",
        "0x3",
        "pi",
        "",
        "1e9999",
        "٣",
        "9" * 401,
    ],
)
def test_what_is_no_number_is_refused_and_wrong(text: str) -> None:
    asked = question(answer=3.14, tolerance=0.01)
    assert asked.refusal(text) == "This is no number: write a number as 42, -0.5 or 1e3."
    assert not asked.is_correct(text)
    assert asked.refusal(["3.14", "3.14"])


def test_the_bounds_are_decimal_and_not_binary() -> None:
    asked = question(answer=0.1, tolerance=0.2)
    assert asked.is_correct("0.3")
    assert not asked.is_correct("0.30000000000000004")


def test_a_text_in_quotes_stays_a_text() -> None:
    assert question(answer="3.14").mode == "static"
    assert question(answer="3.14", tolerance=0).mode == "numeric"
    assert question(answer="1e3", mode="numeric").is_correct("1000")


@pytest.mark.parametrize(
    "fields",
    [
        {"answer": float("nan")},
        {"answer": float("inf")},
        {"answer": 1, "tolerance": -1},
        {"answer": "many", "tolerance": 1},
        {"answer": 1, "ignore_case": True},
    ],
)
def test_what_the_author_cannot_mean_is_a_mistake(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        question(**fields)


def test_players_are_told_what_to_write() -> None:
    asked = question(answer=3.14, tolerance=0.01).input
    assert (asked.kind, asked.note) == (
        "number",
        "A number, as 42, -0.5 or 1e3, right within 0.01.",
    )


METADATA = """\
name: Circle
description: Round.
difficulty: easy
tags: [geometry]
questions:
  - id: ratio
    prompt: How long is the way round, in diameters?
    answer: {answer}
    tolerance: {tolerance}
"""


@pytest.mark.parametrize(
    ("answer", "tolerance", "found"),
    [
        ("3.14", "0.01", []),
        ("3,14", "0.01", [(8, "metadata.value")]),
        ("3.14", "-1", [(9, "metadata.value")]),
        ("0314", "1", [(8, "metadata.number")]),
        ("12:30", "1", [(8, "metadata.number")]),
    ],
)
def test_the_audit_names_the_line(
    tmp_path: Path, answer: str, tolerance: str, found: list[tuple[int, str]]
) -> None:
    (tmp_path / "metadata.yaml").write_text(METADATA.format(answer=answer, tolerance=tolerance))
    errors = [f for f in audit(tmp_path) if f.is_error]
    assert [(f.line, f.rule) for f in errors] == found
