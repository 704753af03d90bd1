"""Flags of other formats, as questions: several right texts, and regular expressions as RE2's."""

from __future__ import annotations

import re
import warnings
from typing import Any, NamedTuple

import re2
from pydantic import ValidationError

from ctfy.challenge.importers.draft import Draft, listed
from ctfy.challenge.modes.pattern import Pattern
from ctfy.challenge.modes.static import Static
from ctfy.challenge.question import Question, clean

_PROMPT = "Capture the flag"
_MOST_PATTERN, _MOST_ANSWERS = 1000, 1000
# What stands for more than ASCII in Python's regular expressions, and for ASCII alone in RE2's.
_OF_UNICODE = re.compile(r"(?<!\\)(?:\\\\)*\\[wWdDsSbB]")
_ASCII = r"\w, \d, \s and \b stand for ASCII alone here"
_TOKEN = re.compile(
    r"\\u(?P<short>[0-9a-fA-F]{4})|\\U(?P<long>[0-9a-fA-F]{8})|\\.|\{,(?P<most>[0-9]+)\}|.", re.S
)


class Flag(NamedTuple):
    """One flag: a text, or a regular expression as Python reads it."""

    name: str
    text: str
    kind: str = "static"
    ignore_case: bool = False


def flags_of(given: Any) -> list[Flag]:
    """The flags of a list as ctfcli writes them: each a text, or an object with type and data."""
    found = []
    for number, flag in enumerate(listed(given), 1):
        fields = flag if isinstance(flag, dict) else {"content": flag}
        content = next((fields[key] for key in ("content", "flag") if key in fields), None)
        text = "" if content is None else str(content)
        case = fields.get("data") == "case_insensitive"
        found.append(Flag(f"flag {number}", text, str(fields.get("type") or "static"), case))
    return found


def ask(
    draft: Draft, flags: list[Flag], *, each: bool = False, attempts: int | None = None
) -> None:
    """Ask for any of the flags, or with `each` for every one: a question for each of them.

    One that no question can hold is reported with why. Without any, nothing is asked.
    """
    usable = [flag for flag in flags if _can_be_asked(draft, flag)]
    if each and len(usable) > 1:
        questions = [
            {"id": f"flag{number}", "prompt": f"{_PROMPT} {number}", **_fields([flag])}
            for number, flag in enumerate(usable, 1)
        ]
        for flag in usable:
            draft.carry(flag.name, _note(flag))
    else:
        usable = _fitting(draft, usable)
        questions = [{"id": "flag", "prompt": _PROMPT, **_fields(usable)}] if usable else []
        joined = "pattern" in questions[0] if len(usable) > 1 else False
        for flag in usable:
            notes = ["it is part of the one pattern"] if joined else []
            draft.carry(flag.name, "; ".join([*notes, *filter(None, [_note(flag)])]))
    for question in questions:
        if attempts:
            question["attempts"] = attempts
    if questions:
        draft.metadata["questions"] = questions


def _can_be_asked(draft: Draft, flag: Flag) -> bool:
    if flag.kind not in ("static", "regex"):
        draft.lose(flag.name, f"it is of type {flag.kind}: an answer is a text or a pattern")
    elif not flag.text.strip():
        draft.lose(flag.name, "it has no text")
    elif problem := _problem(flag):
        draft.lose(flag.name, problem)
    else:
        return True
    return False


def _problem(flag: Flag) -> str:
    """Why no question can ask for it, as the question itself says; empty when one can."""
    mode: type[Question] = Static if flag.kind == "static" else Pattern
    if flag.kind == "regex":
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of sets in sets
                re.compile(flag.text)
        except (re.error, RecursionError, OverflowError) as error:
            return f"it is no regular expression: {error}"
    try:
        mode.model_validate({"id": "flag", "prompt": _PROMPT, **_fields([flag])})
    except ValidationError as error:
        said = error.errors()[0]
        fix = said.get("ctx", {}).get("fix", "")
        return f"{said['msg']}{': ' if fix else ''}{fix}".replace("`pattern`", "the expression")
    return ""


def _fields(flags: list[Flag]) -> dict[str, Any]:
    """What a question says of what is right: texts, or one pattern where that is not enough."""
    cases = {flag.ignore_case for flag in flags}
    fields: dict[str, Any]
    if len(cases) == 1 and all(flag.kind == "static" for flag in flags):
        texts = list(dict.fromkeys(flag.text for flag in flags))
        fields = {"answer": texts[0]} if len(texts) == 1 else {"answers": texts}
    elif len(flags) == 1:
        fields = {"pattern": in_re2(flags[0].text)}
    else:
        same = len(cases) == 1
        fields = {"pattern": "|".join(dict.fromkeys(_branch(flag, same) for flag in flags))}
    if cases == {True}:
        fields["ignore_case"] = True
    return fields


def _branch(flag: Flag, same_case: bool) -> str:
    pattern = re2.escape(clean(flag.text)) if flag.kind == "static" else in_re2(flag.text)
    return f"(?{'i' if flag.ignore_case and not same_case else ''}:{pattern})"


def _fitting(draft: Draft, flags: list[Flag]) -> list[Flag]:
    """As many as one question can hold, the first ones; the others are lost."""
    kept: list[Flag] = []
    for flag in flags:
        fields = _fields([*kept, flag])
        if len(fields.get("pattern", "")) > _MOST_PATTERN:
            draft.lose(flag.name, f"one pattern of all is longer than {_MOST_PATTERN} characters")
        elif len(fields.get("answers", [])) > _MOST_ANSWERS:
            draft.lose(flag.name, f"a question has at most {_MOST_ANSWERS} answers")
        else:
            kept.append(flag)
    return kept


def _note(flag: Flag) -> str:
    """In what a flag is another here; empty when it is the same."""
    return _ASCII if flag.kind == "regex" and _OF_UNICODE.search(flag.text) else ""


def in_re2(expression: str) -> str:
    r"""Python's regular expression in RE2's spelling, where the two spell the same differently.

    `{,5}` and `[[:` mean another thing to RE2, `\Z` and `\u00e9` nothing.
    """
    written, class_at = "", -1  # where the class that is open began
    for token in _TOKEN.finditer(expression):
        text, place = token[0], token.start()
        if code := token["short"] or token["long"]:
            text = f"\\x{{{code}}}"
        elif class_at >= 0:
            first = class_at + 1 + (expression[class_at + 1 : class_at + 2] == "^")
            if text == "]" and place > first:
                class_at = -1
            elif text == "[":
                text = "\\["
        elif text == "[":
            class_at = place
        elif text == "\\Z":
            text = "\\z"
        elif token["most"]:
            text = f"{{0,{token['most']}}}"
        written += text
    return written
