"""`multi_select`: several choices are right, and all of them are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from ctfy.challenge.question import Answer, ChoiceQuestion
from ctfy.server.models.challenges import QuestionInput


class MultiSelect(ChoiceQuestion):
    """Answered by all those of its `choices` that its `answer` lists, and no other."""

    mode = "multi_select"
    wrong_attempts = 10

    answer: list[str] = Field(min_length=1, description="All choices that are right")

    @classmethod
    def claims(cls, fields: Mapping[str, Any]) -> bool:
        """A list of answers."""
        return isinstance(fields.get("answer"), list)

    @property
    def input(self) -> QuestionInput:
        """Any number of choices."""
        return QuestionInput(kind="any_of")

    def is_correct(self, given: Answer, minted: str = "") -> bool:
        """Whether it is the right choices, in any order."""
        return set([given] if isinstance(given, str) else given) == set(self.answer)

    def form(self, given: Answer) -> str:
        """The choices, in whatever order they came."""
        return json.dumps(sorted({given} if isinstance(given, str) else set(given)))


MODE = MultiSelect
