"""What a field takes for an answer: the one place that says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol

from ctfy.core.errors import Invalid, field_error
from ctfy.server.models.fields import FieldValue
from ctfy.server.models.names import clean

MOST_TEXT = 2000
_USUAL_TEXT = 200
# What has to be answered once these answers are there: all that is required, of that what they
# name, or nothing.
Needed = Literal["all", "named", "nothing"]
_MOST = 1e15  # up to here a number is the same in every language that reads JSON
_NUMBER = re.compile(r"[-+]?[0-9]{1,16}(\.[0-9]{1,12})?")


class Definition(Protocol):
    """What there is to know of a field, to judge an answer to it."""

    name: Any
    label: Any
    kind: Any
    required: Any
    options: Any
    minimum: Any
    maximum: Any


def changes(
    fields: Iterable[Definition],
    given: Mapping[str, FieldValue | None],
    held: Iterable[str],
    *,
    needed: Needed,
) -> dict[str, FieldValue | None]:
    """The answers as they are kept, by field; None takes one away.

    `held`: the fields that have an answer already. Raises `field_invalid`, which names the field,
    and `fields_missing` where what is `needed` would be left without an answer.
    """
    known = {field.name: field for field in fields}
    if unknown := sorted(given.keys() - known.keys()):
        asked = ", ".join(known) or "nothing"
        raise invalid(unknown[0], f"there is no such field; what is asked is {asked}")
    kept = {name: answer(known[name], value) for name, value in given.items()}
    left = {name for name in held if name not in kept}
    left |= {name for name, value in kept.items() if value is not None}
    looked_at = {"all": known.keys(), "named": kept.keys(), "nothing": ()}[needed]
    missing = [known[name] for name in looked_at if known[name].required and name not in left]
    if missing:
        raise _missing(missing)
    return kept


def answer(field: Definition, value: FieldValue | None) -> FieldValue | None:
    """One answer as it is kept; None for none. Raises `field_invalid`.

    A text stands for a number or a tick, so that command lines and forms can send what was typed.
    """
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return None
    try:
        kept: FieldValue | None = _KINDS[field.kind](field, value)
        return kept
    except ValueError as error:
        raise invalid(field.name, str(error)) from None


def _text(field: Definition, value: FieldValue) -> FieldValue:
    if not isinstance(value, str):
        raise ValueError("is a text")
    lines = value.replace("\r\n", "\n").replace("\t", " ").split("\n")
    text = "\n".join(clean(line) for line in lines)
    most = int(field.maximum) if field.maximum is not None else _USUAL_TEXT
    if len(text) > most:
        raise ValueError(f"has at most {most} characters")
    if field.minimum is not None and len(text) < field.minimum:
        raise ValueError(f"has at least {int(field.minimum)} characters")
    return text


def _choice(field: Definition, value: FieldValue) -> FieldValue:
    if value not in field.options:
        raise ValueError(f"is one of: {', '.join(field.options)}")
    return value


def _number(field: Definition, value: FieldValue) -> FieldValue:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, str | bool) or not -_MOST <= value <= _MOST:
        raise ValueError("is a number")
    if field.minimum is not None and value < field.minimum:
        raise ValueError(f"is at least {field.minimum:g}")
    if field.maximum is not None and value > field.maximum:
        raise ValueError(f"is at most {field.maximum:g}")
    return int(value) if value == int(value) else value


def _consent(_: Definition, value: FieldValue) -> FieldValue | None:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    if not isinstance(value, bool):
        raise ValueError("is given with true")
    return value or None


_KINDS: dict[str, Any] = {
    "text": _text,
    "choice": _choice,
    "number": _number,
    "consent": _consent,
}


def invalid(name: str, message: str) -> Invalid:
    """The refusal of an answer."""
    return Invalid("field_invalid", f"{name}: {message}.", field=name)


def _missing(fields: list[Definition]) -> Invalid:
    asked = [
        {
            "name": field.name,
            "label": field.label,
            "kind": field.kind,
            **({"options": field.options} if field.options else {}),
        }
        for field in fields
    ]
    named = ", ".join(f"{field.name} ({field.kind})" for field in fields)
    return Invalid(
        "fields_missing",
        f"This takes more answers: {named}. Send them in `fields`, by these names.",
        fields=asked,
    )


def check(field: Definition) -> None:
    """Raise 422 on a field that nobody could answer, or that says what its kind has not."""
    if field.kind == "choice":
        if not field.options:
            raise field_error(["body", "options"], "a choice needs options")
        if len(set(field.options)) != len(field.options):
            raise field_error(["body", "options"], "names an option twice")
    elif field.options:
        raise field_error(["body", "options"], "only a choice has options")
    low, high = field.minimum, field.maximum
    if field.kind in ("choice", "consent") and (low is not None or high is not None):
        raise field_error(["body", "minimum"], "only numbers and texts have bounds")
    if low is not None and high is not None and low > high:
        raise field_error(["body", "maximum"], "must not be less than `minimum`")
    if field.kind == "text":
        most = _USUAL_TEXT if high is None else high
        if not 1 <= most <= MOST_TEXT:
            raise field_error(["body", "maximum"], f"a text has 1 to {MOST_TEXT} characters")
        if low is not None and not 0 <= low <= most:
            raise field_error(["body", "minimum"], f"must be from 0 to {most:g}")
