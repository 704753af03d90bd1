"""Names of people and teams: text of any script, and nothing unseen."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

# More marks on one letter are no script's spelling (Unicode UTS 39, 5.4 Optional Detection).
_MOST_MARKS = 4
# Letters and symbols that show nothing: fillers of Hangul, the grapheme joiner, Khmer's inherent
# vowels, Mongolian selectors, the empty Braille cell, variation selectors but the emoji's.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0e"
    "\ufff0-\ufffd\U000e0000-\U000e0fff]"
)
_JOINERS = "\u200c\u200d"  # Persian and Indic spelling, and emoji, join letters by them
_EMOJI_STYLE = "\ufe0f"


def clean(name: str) -> str:
    """A name as it is kept: composed, with single spaces, none at its ends.

    Empty stays empty. Raises ValueError on what cannot be seen or breaks the line: controls,
    format characters, blank letters, heaps of marks.
    """
    name = " ".join(part for part in unicodedata.normalize("NFC", name).split(" ") if part)
    marks = 0
    for place, character in enumerate(name):
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MOST_MARKS:
            raise ValueError(f"may hold {_MOST_MARKS} marks on one letter, not more")
        if not _is_seen(name, place, category):
            what = unicodedata.name(character, "a control character").lower()
            raise ValueError(
                f"may hold only what can be seen, on one line; U+{ord(character):04X} ({what}) "
                "cannot"
            )
    if name and all(unicodedata.category(c)[0] in "MZC" for c in name):
        raise ValueError("needs a letter, a digit or a symbol")
    return name


def _is_seen(name: str, place: int, category: str) -> bool:
    character = name[place]
    before = unicodedata.category(name[place - 1]) if place else ""
    if character in _JOINERS:  # between letters of the scripts that need it, or emoji
        joins = ("Lo", "Mn", "Mc", "So", "Sk")
        after = unicodedata.category(name[place + 1]) if place + 1 < len(name) else ""
        styled = place > 0 and name[place - 1] == _EMOJI_STYLE
        return (before in joins or styled) and after in joins
    if character == _EMOJI_STYLE:
        return before in ("So", "Sm", "Po", "Nd", "Sk")
    if _BLANK.match(character):
        return False
    return category not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and (
        category != "Zs" or character == " "
    )


def visible(text: str) -> str:
    """A name that comes from elsewhere, without what `clean` would refuse; it may be empty."""
    kept = ""
    for character in unicodedata.normalize("NFC", text):
        try:
            clean(f"x{kept}{character}")
        except ValueError:
            continue
        kept += character
    try:
        return clean(kept)
    except ValueError:
        return ""


Name = Annotated[str, AfterValidator(clean)]
