"""The values of a compose file: texts, variables in them, lists and mappings, by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ctfy.challenge.compose.model import Refusal
from ctfy.challenge.documents import Document, Location
from ctfy.challenge.spelling import did_you_mean

# `$$`, `$NAME`, `${NAME}`, `${NAME:-default}`: what is taken for a variable.
VARIABLE = re.compile(
    r"\$(?:\$|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)(?::?-(?P<default>[^}$]*))?\})",
    re.ASCII,
)
_GIVEN = re.compile(r"INSTANCE_ID|ANSWER_[A-Z0-9_]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_AMOUNT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ns|us|ms|s|m|h)")
_DURATION = re.compile(rf"(?:{_AMOUNT.pattern})+")
_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def variables_in(text: str) -> Iterator[tuple[str, str | None]]:
    """The variables that a text names, each with its default, if it has one."""
    for found in VARIABLE.finditer(text):
        if name := found["name"] or found["braced"]:
            yield name, found["default"]


def is_of_instance(variable: str) -> bool:
    """Whether the node gives each instance a value of its own for a variable."""
    return _GIVEN.fullmatch(variable) is not None


def is_plain_name(text: str) -> bool:
    """Whether a text can name a service, network or volume, and never a path."""
    return _NAME.fullmatch(text) is not None


def nanoseconds(duration: str | float) -> int:
    """A duration as Compose writes it, `1m30s`; a bare number is seconds. Raises ValueError."""
    text = str(duration)
    if _DURATION.fullmatch(text):
        return int(sum(float(n) * _NANOSECONDS[unit] for n, unit in _AMOUNT.findall(text)))
    number = float(text)
    if not 0 <= number < 10**9:
        raise ValueError(text)
    return int(number * 10**9)


class Reader:
    """Reads a document's values, and collects what is refused on the way."""

    def __init__(self, document: Document, folder: Path) -> None:
        self.document = document
        self.folder = folder
        self.refused: list[Refusal] = []
        self.notes: list[Refusal] = []
        self.early: list[int] = []
        """The lines that take what only a claimed instance has."""

    def text(self, at: Location, value: Any) -> str:
        """A text; the instance's own variables and `$$` stay in it for the renderer."""
        if isinstance(value, (dict, list)):
            self.refuse(at, "compose.value", f"`{at[-1]}` is no text", "write a text")
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        text = "" if value is None else str(value)
        if "$" not in text:
            return text
        for name, default in variables_in(text):
            if is_of_instance(name):
                self.early.append(self.document.line(at))
            elif default is None:
                self.refuse(
                    at,
                    "compose.variable",
                    f"nobody sets `{name}`",
                    "use INSTANCE_ID or ANSWER_<ID>, give a default, or write $$ for a dollar sign",
                )
        if "$" in VARIABLE.sub("", text):
            fix = "write $$ for a dollar sign"
            self.refuse(at, "compose.variable", "a `$` begins no variable", fix)
        return VARIABLE.sub(_resolved, text)

    def plain(self, at: Location, value: Any) -> str:
        """A text that is the same for every instance."""
        early = len(self.early)
        text = self.text(at, value)
        if len(self.early) > early:
            del self.early[early:]
            fix = "write what it is"
            self.refuse(at, "compose.variable", "is the same for every instance", fix)
        return text.replace("$$", "$")

    def pairs(self, at: Location, value: Any) -> dict[str, str]:
        """A mapping of texts, also where it is written as a list of `KEY=value`."""
        if isinstance(value, dict):
            return {key: self.text((*at, key), inner) for key, inner in value.items()}
        found = {}
        for here, item in self.items(at, value):
            name, given, text = self.text(here, item).partition("=")
            found[name] = text
            if not given:
                problem = f"`{name}` is empty: nothing of the node's environment is put in"
                self.note(here, f"compose.{at[-1]}", problem, f"write it as {name}=value")
        return found

    def mapping(self, at: Location, value: Any) -> dict[str, Any]:
        """A mapping; nothing is an empty one."""
        if value is None or isinstance(value, dict):
            return value or {}
        where = f"`{at[-1]}`" if at else "the file"
        self.refuse(at, "compose.value", f"{where} is no mapping", "write `name: …`")
        return {}

    def items(self, at: Location, value: Any) -> list[tuple[Location, Any]]:
        """The items of a list, each with where it stands; nothing is an empty one."""
        if value is None or isinstance(value, list):
            return [((*at, number), item) for number, item in enumerate(value or [])]
        self.refuse(at, "compose.value", f"`{at[-1]}` is no list", "write `[…]`")
        return []

    def keys(self, at: Location, value: Any, known: Any, what: str) -> dict[str, Any]:
        """A mapping of these keys alone."""
        found = self.mapping(at, value)
        for key in found:
            if key not in known and not key.startswith("x-"):
                rule = f"compose.{what.partition('.')[0].replace('_', '-')}"
                problem = f"`{what}.{key}` can reach the host"
                fix = did_you_mean(key, known) or "remove it"
                self.refuse((*at, key), rule, problem, fix)
        return found

    def is_name(self, at: Location, name: str) -> bool:
        """Whether it is a plain name; refused if not."""
        if not is_plain_name(name):
            fix = "use letters, digits, `-`, `_` and `.`, at most 63"
            self.refuse(at, "compose.name", f"`{name[:80]}` is no name", fix)
            return False
        return True

    def refuse(self, at: Location, rule: str, problem: str, fix: str) -> None:
        """Note what is refused, and what would be right instead."""
        self.refused.append(Refusal(self.document.line(at), rule, problem, fix))

    def note(self, at: Location, rule: str, problem: str, fix: str = "remove it") -> None:
        """Note what is taken and not heeded."""
        self.notes.append(Refusal(self.document.line(at), rule, problem, fix))


def _resolved(found: re.Match[str]) -> str:
    """A variable's default; the instance's own and `$$` stay as they are."""
    name = found["name"] or found["braced"]
    return found[0] if name is None or is_of_instance(name) else found["default"] or ""
