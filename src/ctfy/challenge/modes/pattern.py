"""`pattern`: a text that fits a regular expression as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from unicodedata import normalize

import re2
from pydantic import Field, model_validator

from ctfy.challenge.question import Answer, TextQuestion, clean, single, wrong_value

# Texts of three lengths that have nothing in common: what all of one length fit is no answer.
_ANYTHING = (
    ("k", "7", "~"),
    ("brown ox", "40271853", "~^<_>`|+"),
    ("The quick brown fox jumps over lazy dogs", "4" * 40, "~^<_>`|+" * 5),
)


class Pattern(TextQuestion):
    """Answered by any text that its `pattern` describes from beginning to end.

    The pattern is RE2's: it has no backtracking, so that no answer takes long to grade.
    """

    mode = "pattern"
    wrong_attempts = 10

    pattern: str = Field(
        min_length=1,
        max_length=1000,
        description="A regular expression (RE2) that describes a right answer as a whole",
    )

    @classmethod
    def claims(cls, fields: Mapping[str, Any]) -> bool:
        """A `pattern`."""
        return fields.get("pattern") is not None

    @model_validator(mode="after")
    def _can_be_right_and_wrong(self) -> Pattern:
        try:
            fits = self._compiled().fullmatch
        except re2.error as error:
            raise wrong_value(
                f"`pattern` is none: {_words(error)}",
                "correct it; RE2 has no look-around and no back-references",
            ) from None
        if not self.keep_space and self.pattern != clean(self.pattern):
            plain = normalize("NFC", self.pattern)
            if plain != clean(self.pattern):
                raise wrong_value(
                    "`pattern` has space around it or an unseen character, which no answer keeps",
                    "remove it, or add `keep_space: true`",
                )
        if fits(""):
            raise wrong_value("`pattern` fits an empty answer", "describe at least one character")
        if any(all(fits(text) for text in texts) for texts in _ANYTHING):
            raise wrong_value("`pattern` fits whatever one writes", "describe what is right alone")
        return self

    def is_correct(self, given: Answer, minted: str = "") -> bool:
        """Whether the pattern describes all of it."""
        text = single(given)
        if text is None:
            return False
        text = normalize("NFC", text) if self.keep_space else clean(text)
        return self._compiled().fullmatch(text) is not None

    def _compiled(self) -> Any:
        return _compile(normalize("NFC", self.pattern), self.ignore_case)


@lru_cache(1024)
def _compile(pattern: str, ignore_case: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    return re2.compile(pattern, options)


def _words(error: Exception) -> str:
    """What RE2 says; it says so in bytes."""
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


MODE = Pattern
