"""`static`: a text that the author wrote, or one of several, the same for everybody."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from ctfy.challenge.question import Answer, TextQuestion, clean, one_of, wrong_value
from ctfy.server.models.submissions import AnswerText


class Static(TextQuestion):
    """Answered by its `answer`, or any of its `answers`. What no other mode claims is static."""

    mode = "static"
    wrong_attempts = 10

    model_config = ConfigDict(json_schema_extra=one_of(answer="string", answers="array"))

    answer: AnswerText | None = Field(None, description="The text that is right")
    answers: Annotated[list[AnswerText], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="Texts any of which is right"
    )

    @field_validator("answer", "answers")
    @classmethod
    def _can_be_given(
        cls, written: str | list[str] | None, info: ValidationInfo
    ) -> str | list[str] | None:
        texts = [written] if isinstance(written, str) else written or []
        for text in texts:
            if not (text if info.data.get("keep_space") else clean(text)):
                raise wrong_value("an empty answer cannot be given", "write what is right")
        return written

    @model_validator(mode="after")
    def _one_way(self) -> Static:
        if (self.answer is None) == (self.answers is None):
            raise wrong_value(
                "a static question has either an `answer` or `answers`",
                "write one: `answer: a text`, or `answers: [one, another]`",
            )
        return self

    def is_correct(self, given: Answer, minted: str = "") -> bool:
        """Whether it is a text of the author's."""
        return self.matches_any(given, self.answers or [self.answer or ""])


MODE = Static
