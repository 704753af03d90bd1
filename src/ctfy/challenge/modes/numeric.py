"""`numeric`: a number, right within a tolerance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from ctfy.challenge.question import Answer, Question, single
from ctfy.server.models.challenges import QuestionInput

_DIGITS = r"[0-9]{1,400}"
_NUMBER = re.compile(
    rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?[0-9]{{1,3}})?"
)


def number(text: str) -> Fraction:
    """The exact value of a decimal number, as 42, -0.5 or 1e3. Raises ValueError.

    Space around it and a typographic minus are taken. A comma is not, since it means one thing here
    and another there; nor are infinities.
    """
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    if not _NUMBER.fullmatch(plain):
        raise ValueError("write a number as 42, -0.5 or 1e3")
    return Fraction(plain)


def _checked(text: str) -> str:
    number(text)
    return text


def _not_negative(text: str) -> str:
    if number(text) < 0:
        raise ValueError("a tolerance is no less than 0")
    return text


# As the author wrote it, so that no digit is lost.
_WRITTEN = WithJsonSchema({"type": ["number", "string"]})
Number = Annotated[str, BeforeValidator(str), AfterValidator(_checked), _WRITTEN]
Tolerance = Annotated[str, BeforeValidator(str), AfterValidator(_not_negative), _WRITTEN]


class Numeric(Question):
    """Answered by a number that is no further than `tolerance` from `answer`; 0 means exactly."""

    mode = "numeric"
    wrong_attempts = 10

    answer: Number = Field(description="The number that is right, as 42, -0.5 or 1e3")
    tolerance: Tolerance = Field("0", description="How far from it a right answer may be")

    @classmethod
    def claims(cls, fields: Mapping[str, Any]) -> bool:
        """An `answer` that is a number without quotes, or has a `tolerance`; no `choices`."""
        answer = fields.get("answer")
        if answer is None or fields.get("choices") is not None:
            return False
        is_number = isinstance(answer, (int, float)) and not isinstance(answer, bool)
        return is_number or "tolerance" in fields

    @property
    def input(self) -> QuestionInput:
        """A number."""
        within = f", right within {self.tolerance}" if number(self.tolerance) else ""
        return QuestionInput(kind="number", note=f"A number, as 42, -0.5 or 1e3{within}.")

    def is_correct(self, given: Answer, minted: str = "") -> bool:
        """Whether it is near enough; what is no number is not."""
        if self.refusal(given):
            return False
        distance = abs(number(single(given) or "") - number(self.answer))
        return distance <= number(self.tolerance)

    def refusal(self, given: Answer) -> str:
        """What is no number is refused, so that a slip of the pen costs no attempt."""
        try:
            number(single(given) or "")
        except ValueError as error:
            return f"This is no number: {error}."
        return ""

    def form(self, given: Answer) -> str:
        """The number, however it is written."""
        return str(number(single(given) or ""))


MODE = Numeric
