"""When two names are the same to whoever reads them."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import NamedTuple


class NameKeys(NamedTuple):
    """Two forms of a name; no two teams of a competition have either in common.

    `folded`: letters that look alike are one, then capitals are. `shape`: capitals first. Neither
    does for both: a capital I looks like a small l, and is the capital of another letter.
    """

    folded: str
    shape: str


def keys(name: str) -> NameKeys:
    """The forms that a name is compared by: NFKC, case folded, Unicode's confusables made one."""
    plain = unicodedata.normalize("NFKC", name)
    return NameKeys(_fold(_skeleton(plain)), _skeleton(_fold(plain)))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())


def _skeleton(text: str) -> str:
    """The text with each character replaced by the one that stands for all that look like it."""
    alike = _lookalikes()
    decomposed = _HIDDEN_DOT.sub("", unicodedata.normalize("NFD", text))
    return "".join(
        alike.get(character, character)
        for character in decomposed
        if character not in _UNSEEN and not character.isspace()
    )


_UNSEEN = "\u200c\u200d\ufe0f"
_HIDDEN_DOT = re.compile("(?<=[ijıȷіј])\u0307")  # on a letter that has one (UTS 39, 5.4)


@functools.cache
def _lookalikes() -> dict[str, str]:
    """Per character what stands for all that it looks like: in ASCII, and the longest, if it can.

    The longest, since it is typed as it is: an m becomes the r and n that look like it.

    From Unicode's confusables.txt (UTS 39), as `confusable_homoglyphs` brings it: pairs, which are
    joined here into the sets of all that look alike.
    """
    from confusable_homoglyphs.confusables import confusables_data  # reads a megabyte

    parents: dict[str, str] = {}

    def root(text: str) -> str:
        while (parent := parents.setdefault(text, text)) != text:
            text = parent
        return text

    for character, others in confusables_data.items():
        for other in others:
            ours, theirs = sorted((root(_bare(character)), root(_bare(other["c"]))), key=_rank)
            parents[theirs] = ours
    one = {text: root(text) for text in parents if len(text) == 1}
    return {text: "".join(one.get(c, c) for c in stands) for text, stands in one.items()}


def _bare(text: str) -> str:
    """A character of the table without the marks of direction around it."""
    return unicodedata.normalize("NFD", text.strip("\u200e\u200f"))


def _rank(text: str) -> tuple[bool, int, str]:
    return not text.isascii(), -len(text), text
