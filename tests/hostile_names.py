"""Names that hide what they are, by how they do it."""

from __future__ import annotations

UNSEEN = {
    "soft hyphen": "Al\u00adpha",
    "zero width space": "Al\u200bpha",
    "zero width joiner between Latin letters": "Al\u200dpha",
    "zero width joiner before all": "\u200d☺ ☺\ufe0f",
    "right-to-left override": "\u202eahplA",
    "isolate": "\u2066Alpha\u2069",
    "line break": "Alpha\nBeta",
    "tab": "Al\tpha",
    "line separator": "Alpha\u2028",
    "byte order mark": "\ufeffAlpha",
    "Hangul filler": "\u3164",
    "empty Braille": "\u2800",
    "language tag": "Alpha\U000e0041",
    "variation selector on a letter": "A\ufe0flpha",
    "sixty marks": "A" + "\u0300" * 60 + "lpha",
    "marks alone": "\u0300\u0301",
    "private use": "\ue000",
    "no-break space": "Al\u00a0pha",
}
