"""`single_select`: one of several choices is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from ctfy.challenge.question import Answer, ChoiceQuestion
from ctfy.server.models.challenges import QuestionInput


class SingleSelect(ChoiceQuestion):
    """Answered by the one of its `choices` that is its `answer`."""

    mode = "single_select"
    wrong_attempts = 3

    answer: str = Field(description="The choice that is right")

    @classmethod
    def claims(cls, fields: Mapping[str, Any]) -> bool:
        """`choices`, and no list of answers."""
        return fields.get("choices") is not None and not isinstance(fields.get("answer"), list)

    @property
    def input(self) -> QuestionInput:
        """One choice."""
        return QuestionInput(kind="one_of")

    def is_correct(self, given: Answer, minted: str = "") -> bool:
        """Whether it is the right choice."""
        return self.matches(given, self.answer)


MODE = SingleSelect
