"""What a question is, whatever its mode. Each mode is a subclass in a file of `modes/`."""

from __future__ import annotations

import abc
import hmac
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ctfy.server.models.challenges import QuestionInput

Answer = str | list[str]


class Question(BaseModel, abc.ABC):
    """One question of a challenge. A subclass is a mode: its fields are those of metadata.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: ClassVar[str]
    """The mode's name, on the wire and as `mode:` in metadata.yaml."""
    wrong_attempts: ClassVar[int | None] = None
    """How often a team may be wrong, unless the platform's settings say otherwise. None: no cap."""
    minted: ClassVar[bool] = False
    """Whether each instance holds an answer of its own."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=128)]
    prompt: Annotated[str, Field(min_length=1)]
    requires: list[str] = []

    @classmethod
    def claims(cls, fields: Mapping[str, Any]) -> bool:
        """Whether a question with these fields and no `mode:` is of this mode."""
        return False

    @property
    def options(self) -> list[str] | None:
        """What players choose from; None where they write their answer."""
        return None

    @property
    def input(self) -> QuestionInput:
        """How players are asked."""
        return QuestionInput()

    @abc.abstractmethod
    def is_correct(self, given: Answer, minted: str = "") -> bool:
        """Whether an answer is right. `minted` is the instance's own answer, where it has one."""

    def refusal(self, given: Answer) -> str:
        """Why this cannot be an answer at all, which costs no attempt; empty when it can."""
        return ""

    def mint(self, digits: str) -> str:
        """An instance's own answer, made of 32 hexadecimal digits that nobody can guess."""
        raise NotImplementedError(f"answers of the mode {self.mode} are not minted")


def single(given: Answer) -> str | None:
    """The one text of an answer, also of a list of one; None where there are several."""
    texts = [given] if isinstance(given, str) else given
    return texts[0] if len(texts) == 1 else None


class TextQuestion(Question):
    """A question whose answers are compared as texts.

    Space around a text does not count unless `keep_space`; case does unless `ignore_case`.
    `format` is how a minted answer is written.
    """

    format: Literal["flag", "raw"] = "flag"
    ignore_case: bool = False
    keep_space: bool = False

    def matches(self, given: Answer, expected: str) -> bool:
        """Whether two texts are the same, in a time that does not tell how far they are."""
        text = single(given)
        return text is not None and hmac.compare_digest(
            self._normalised(text).encode(), self._normalised(expected).encode()
        )

    def _normalised(self, text: str) -> str:
        if not self.keep_space:
            text = text.strip()
        return text.casefold() if self.ignore_case else text


class ChoiceQuestion(TextQuestion):
    """A question with `choices`, whose `answer` is one of them, or several."""

    choices: Annotated[list[str], Field(min_length=2)]
    answer: Any

    @property
    def options(self) -> list[str]:
        """The choices."""
        return self.choices

    @model_validator(mode="after")
    def _answer_is_offered(self) -> ChoiceQuestion:
        if len(set(self.choices)) != len(self.choices):
            raise ValueError("`choices` repeat one another")
        right = [self.answer] if isinstance(self.answer, str) else self.answer
        if wrong := [answer for answer in right if answer not in self.choices]:
            raise ValueError(f"`answer` must come from `choices`; these do not: {wrong}")
        return self
