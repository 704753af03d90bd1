"""What a misspelt word may have been meant as."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MOST_LETTERS = 100  # nobody means a longer name; comparing takes longer than linear time


def guess(word: str, known: Iterable[str]) -> str:
    """The known word that is most like this one; empty where none is."""
    near = get_close_matches(word[:_MOST_LETTERS].lower(), known, n=1, cutoff=0.7)
    return near[0] if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The same as a question to whoever wrote it; empty where no word is like it."""
    near = guess(word, known)
    return f"did you mean `{near}`?" if near else ""
