"""`dynamic`: each instance holds an answer of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctfy.challenge.question import Answer, TextQuestion
from ctfy.server.models.challenges import QuestionInput


class Dynamic(TextQuestion):
    """Answered by what the instance holds: `FLAG{32 hex}`, or bare hex with `format: raw`."""

    mode = "dynamic"
    minted = True

    @classmethod
    def claims(cls, fields: Mapping[str, Any]) -> bool:
        """Nothing that says what is right, and no `choices`."""
        return all(fields.get(key) is None for key in ("answer", "answers", "pattern", "choices"))

    @property
    def input(self) -> QuestionInput:
        """A text of the form that answers have."""
        return QuestionInput(placeholder="FLAG{…}" if self.format == "flag" else "")

    def mint(self, digits: str) -> str:
        """`FLAG{digits}`, or the bare digits."""
        return f"FLAG{{{digits}}}" if self.format == "flag" else digits

    def is_correct(self, given: Answer, minted: str = "") -> bool:
        """Whether it is the instance's own answer."""
        return bool(minted) and self.matches(given, minted)


MODE = Dynamic
