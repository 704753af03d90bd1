"""What a question is, whatever its mode. Each mode is a subclass in a file of `modes/`."""

from __future__ import annotations

import abc
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal
from unicodedata import normalize

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ctfy.server.models.challenges import QuestionInput

Answer = str | list[str]
# What takes no place on the page, and comes along when a text is copied: joiners, marks of
# direction, the soft hyphen, the byte order mark.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


class Question(BaseModel, abc.ABC):
    """One question of a challenge. A subclass is a mode: its fields are those of metadata.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: ClassVar[str]
    """The mode's name, on the wire and as `mode:` in metadata.yaml."""
    wrong_attempts: ClassVar[int | None] = None
    """How often a team may be wrong, unless the platform's settings say otherwise. None: no cap."""
    minted: ClassVar[bool] = False
    """Whether each instance holds an answer of its own."""

    id: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        max_length=128,
        description="Its name: a-z, 0-9 and _. A minted answer is the file `/answers/<id>`.",
    )
    prompt: str = Field(min_length=1, description="What players are asked")
    requires: list[str] = Field([], description="Earlier questions to be answered first")
    attempts: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = Field(
        None, description="How often a team may be wrong on this one, whatever holds for its mode"
    )

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

    def form(self, given: Answer) -> str:
        """What is the same for answers that are one: a wrong one costs an attempt only once."""
        return json.dumps([given] if isinstance(given, str) else given)

    def cap(self, of_modes: Mapping[str, int | None]) -> int | None:
        """How often a team may be wrong: its own `attempts`, else as its mode; None: no cap."""
        return of_modes.get(self.mode) if self.attempts is None else self.attempts

    def mint(self, digits: str) -> str:
        """An instance's own answer, made of 32 hexadecimal digits that nobody can guess."""
        raise NotImplementedError(f"answers of the mode {self.mode} are not minted")


def single(given: Answer) -> str | None:
    """The one text of an answer, also of a list of one; None where there are several."""
    texts = [given] if isinstance(given, str) else given
    return texts[0] if len(texts) == 1 else None


def one_of(**types: str) -> dict[str, Any]:
    """For a model's JSON schema: that exactly one of these fields is there, with their types."""
    ways = [{"required": [name], "properties": {name: {"type": types[name]}}} for name in types]
    return {"oneOf": ways}


def wrong_value(problem: str, fix: str) -> PydanticCustomError:
    """A mistake of the author's, for a validator to raise: what is wrong, and what to do."""
    return PydanticCustomError("question", "{problem}", {"problem": problem, "fix": fix})


def clean(text: str) -> str:
    """A text as it looks: composed (NFC), without space around it and without what is unseen."""
    return normalize("NFC", _UNSEEN.sub("", text)).strip()


class TextQuestion(Question):
    """A question whose answers are compared as texts, each in its composed form (NFC).

    Space around a text and characters that are not seen do not count unless `keep_space`; case
    does unless `ignore_case`. `format` is how a minted answer is written.
    """

    format: Literal["flag", "raw"] = Field(
        "flag", description="How a minted answer is written: `FLAG{32 hex}`, or bare hex"
    )
    ignore_case: bool = Field(False, description="Whether small and capital letters are the same")
    keep_space: bool = Field(
        False, description="Whether space around an answer and unseen characters count"
    )

    def matches(self, given: Answer, expected: str) -> bool:
        """Whether two texts are the same, in a time that does not tell how far they are."""
        return self.matches_any(given, [expected])

    def matches_any(self, given: Answer, expected: Iterable[str]) -> bool:
        """Whether a text is one of several, in a time that does not tell which or how far."""
        text = single(given)
        if text is None:
            return False
        ours = self.normalised(text).encode()
        right = False
        for one in expected:  # all of them, also behind the one that is right
            right |= hmac.compare_digest(ours, self.normalised(one).encode())
        return right

    def form(self, given: Answer) -> str:
        """Each text as it is compared."""
        texts = [given] if isinstance(given, str) else given
        return json.dumps([self.normalised(text) for text in texts])

    def normalised(self, text: str) -> str:
        """A text as it is compared; the same for all that count as the same."""
        text = normalize("NFC", text) if self.keep_space else clean(text)
        if self.ignore_case:
            # Folding is defined on what is decomposed, and can leave what is not composed.
            text = normalize("NFC", normalize("NFD", text).casefold())
        return text


class ChoiceQuestion(TextQuestion):
    """A question with `choices`, whose `answer` is one of them, or several."""

    choices: list[str] = Field(min_length=2, description="What players choose from")
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
