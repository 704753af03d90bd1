"""`static`: one text that the author wrote, the same for everybody."""

from __future__ import annotations

from ctfy.challenge.question import Answer, TextQuestion


class Static(TextQuestion):
    """Answered by its `answer`. What no other mode claims is static."""

    mode = "static"
    wrong_attempts = 10

    answer: str

    def is_correct(self, given: Answer, minted: str = "") -> bool:
        """Whether it is the author's text."""
        return self.matches(given, self.answer)


MODE = Static
