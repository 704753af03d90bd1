"""What is wrong with a metadata.yaml, in the words of whoever writes one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ctfy.challenge.documents import Document
from ctfy.challenge.modes import modes
from ctfy.challenge.question import Question
from ctfy.challenge.spelling import did_you_mean, guess

_KINDS = {
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "nothing",
    list: "a list",
    dict: "a mapping",
}
_MOST_SHOWN = 60
# Of pydantic's kinds of mistake: what is meant, and how to write it.
_MEANT = {
    "list_type": ("a list is meant", "write it as `[one, another]`"),
    "dict_type": ("a mapping is meant", "write it as `name: value`"),
    "model_type": ("a mapping is meant", "write its fields below it, indented"),
    "int_type": ("a whole number is meant", "write it as 10"),
    "int_parsing": ("a whole number is meant", "write it as 10"),
    "int_from_float": ("a whole number is meant", "write it as 10"),
    "bool_type": ("true or false is meant", "write one of them"),
    "bool_parsing": ("true or false is meant", "write one of them"),
}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One of what pydantic finds. `line` counts from 1."""

    line: int
    rule: str
    problem: str
    fix: str


def told(error: ValidationError, document: Document, model: type[BaseModel]) -> Iterator[Mistake]:
    """The mistakes in a document that does not fit a model, each once."""
    found = [(e, _place(document.content, e)) for e in error.errors()]
    found = [(e, place) for e, place in found if not _is_other_way(e, document.content, place)]
    meant = set()  # fields that are there, but for a letter
    for e, place in found:
        if e["type"] == "extra_forbidden":
            near = guess(str(place[-1]), _fields_at(model, document.content, place[:-1]))
            meant.add((*place[:-1], near))
    for e, place in found:
        if e["type"] == "missing" and place in meant:
            continue
        rule, problem, fix = _words(e, place, document, model)
        yield Mistake(document.line_within(place), rule, problem, fix)


def _place(content: Any, error: Any) -> tuple[int | str, ...]:
    """Where a mistake is, without pydantic's own names for the ways to write a field."""
    place: list[int | str] = []
    for number, part in enumerate(error["loc"]):
        lacks = error["type"] == "missing" and number == len(error["loc"]) - 1
        if isinstance(content, dict) and (part in content or lacks):
            content = content.get(part)
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            continue
        place.append(part)
    return tuple(place)


def _is_other_way(error: Any, content: Any, place: tuple[int | str, ...]) -> bool:
    """Whether a mistake is of the way that its author did not choose to write a field."""
    if place[-1:] == error["loc"][-1:]:  # of a field, not of a way to write one
        return False
    is_mapping = isinstance(_at(content, place), dict)
    if error["type"] == "model_type":
        return not is_mapping
    return is_mapping and error["type"].endswith("_type")


def _at(content: Any, place: tuple[int | str, ...]) -> Any:
    for part in place:
        if isinstance(content, dict):
            content = content.get(part)
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            return None
    return content


def _words(
    error: Any, place: tuple[int | str, ...], document: Document, model: type[BaseModel]
) -> tuple[str, str, str]:
    """Rule, problem and fix."""
    where = ".".join(map(str, place)) or "the file"
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return "metadata.missing", f"`{where}` is missing", "add the field"
    if kind == "extra_forbidden":
        problem, fix = _unknown(place, document.content, model)
        return "metadata.unknown", problem, fix
    value = _at(document.content, place)
    if kind == "string_type":
        problem, fix = _no_text(document, place, value)
    elif kind in _MEANT:
        problem, fix = _MEANT[kind]
    elif kind in ("literal_error", "enum"):
        words = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        near = did_you_mean(value, words) if isinstance(value, str) else ""
        shown, expected = _shown(document, place, value), context["expected"]
        problem, fix = f"{shown} is none of them", near or f"use one of {expected}"
    else:
        problem = error["msg"].removeprefix("Value error, ")
        bound = next((word for word in _BOUNDS if word in context), "")
        fix = f"{_BOUNDS[bound]} {context[bound]}" if bound else "change the value"
        fix = str(context.get("fix", fix))
    return "metadata.value", f"`{where}`: {problem}", fix


def _unknown(place: tuple[int | str, ...], content: Any, model: type[BaseModel]) -> tuple[str, str]:
    """A field that there is not: maybe another one's name, maybe another mode's."""
    written = str(place[-1])
    where = ".".join(map(str, place))
    near = did_you_mean(written, _fields_at(model, content, place[:-1]))
    if near:
        return f"`{where}` is no field", near
    if len(place) > 1 and place[0] == "questions":
        having = [name for name, mode in modes().items() if written in mode.model_fields]
        if having:
            fix = f"remove it; questions that have one: {', '.join(having)}"
            return f"`{where}` is no field of this question", fix
    return f"`{where}` is no field", "remove it, or correct its name"


def _fields_at(model: type[BaseModel], content: Any, place: tuple[int | str, ...]) -> list[str]:
    """The fields that may stand at a place."""
    found: type[BaseModel] | None = model
    for part in place:
        content = _at(content, (part,))
        if isinstance(part, int):
            continue
        field = found.model_fields.get(part) if found else None
        found = _model_in(field.annotation) if field else None
    if found is None:
        return []
    if issubclass(found, Question):
        own = _mode_of(content)
        of = [own] if own else modes().values()
        return ["mode", *dict.fromkeys(name for mode in of for name in mode.model_fields)]
    return list(found.model_fields)


def _mode_of(fields: Any) -> type[Question] | None:
    """The mode of a question, where its fields tell."""
    if not isinstance(fields, dict):
        return None
    if fields.get("mode") is not None:
        return modes().get(str(fields["mode"]))
    claiming = [mode for mode in modes().values() if mode.claims(fields)]
    return claiming[0] if len(claiming) == 1 else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, alone, in a list or as one way to write it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)


def _no_text(document: Document, place: tuple[int | str, ...], value: Any) -> tuple[str, str]:
    """Where a text is meant: what YAML takes for something else is quoted."""
    kind = _KINDS.get(type(value), "a date")
    if isinstance(value, (list, dict)) or value is None:
        return f"a text is meant, and this is {kind}", "write a text"
    written = document.written(place)
    return f"`{written}` is {kind} in YAML, and a text is meant", f'quote it: "{written}"'


def _shown(document: Document, place: tuple[int | str, ...], value: Any) -> str:
    if isinstance(value, (list, dict)):
        return _KINDS[type(value)]
    return f"`{document.written(place)[:_MOST_SHOWN]}`"
