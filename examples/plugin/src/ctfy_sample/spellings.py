"""A question mode: a text that can be written in several ways."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctfy.challenge.question import Answer, TextQuestion
from ctfy.server.models.challenges import QuestionInput


class Spellings(TextQuestion):
    """Answered by any of its `answers`: `mode: spellings`, `answers: [colour, color]`."""

    mode = "spellings"
    wrong_attempts = 5

    answers: Annotated[list[str], Field(min_length=1)]

    @property
    def input(self) -> QuestionInput:
        return QuestionInput(note="Any usual spelling counts.")

    def is_correct(self, given: Answer, minted: str = "") -> bool:
        return any(self.matches(given, answer) for answer in self.answers)
