"""Hostile texts in place of some that schemathesis makes: named by SCHEMATHESIS_HOOKS."""

from __future__ import annotations

import zlib
from typing import Any

import schemathesis

from tests.hostile_names import UNSEEN
from tests.hostile_requests import NUMBERS, TEXTS

# Half of a surrogate pair cannot be sent by a client of HTTP; `test_hostile_requests.py` does.
CORPUS = [
    text
    for text in (*TEXTS.values(), *NUMBERS, *UNSEEN.values())
    if not any("\ud800" <= character <= "\udfff" for character in text)
]


def hostile(value: Any) -> Any:
    """A value with some of its texts exchanged; the same ones each time, so that a case repeats."""
    if isinstance(value, str):
        number = zlib.crc32(value.encode(errors="replace"))
        return CORPUS[number // 2 % len(CORPUS)] if number % 2 else value
    if isinstance(value, dict):
        return {key: hostile(inner) for key, inner in value.items()}
    return [hostile(inner) for inner in value] if isinstance(value, list) else value


@schemathesis.hook
def map_query(_: schemathesis.HookContext, query: Any) -> Any:
    return hostile(query)


@schemathesis.hook
def map_body(_: schemathesis.HookContext, body: Any) -> Any:
    return hostile(body)


@schemathesis.hook
def map_path_parameters(_: schemathesis.HookContext, parameters: Any) -> Any:
    """Those that stay one part of a path: a slash or a dot makes it another route's."""
    replaced = {name: hostile(value) for name, value in (parameters or {}).items()}
    return {
        name: value if str(value).strip(" .") and "/" not in str(value) else "x"
        for name, value in replaced.items()
    }
