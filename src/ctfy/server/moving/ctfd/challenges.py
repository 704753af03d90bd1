"""CTFd's challenges as drafts of folders, by way of what the other importers write."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from ctfy.challenge.importers.ctfcli import connection
from ctfy.challenge.importers.draft import Draft, hints
from ctfy.challenge.importers.flags import Flag, ask
from ctfy.challenge.metadata import Value
from ctfy.server.moving.ctfd.export import Export
from ctfy.server.moving.source import MovedChallenge, Row, moment

_TYPES = ("standard", "dynamic", "multiple_choice")
_CHOICE = re.compile(r"^[ \t]*[*-][ \t]+\([ xX]?\)[ \t]*(\S.*?)[ \t]*$", re.M)
_NO_PLACE = {
    "attribution": "challenges have no attribution here",
    "next_id": "players choose what comes next",
    "module_id": "challenges have no modules",
}
_CURVES = ("linear", "logarithmic")


def unpack(export: Export, scratch: Path) -> list[MovedChallenge]:
    """Every challenge in their order, its files unpacked below `scratch`. Raises ExportRefused."""
    of: dict[str, defaultdict[Any, list[Row]]] = {}
    for table in ("flags", "hints", "tags", "files", "challenge_topics", "solutions"):
        of[table] = defaultdict(list)
        for row in export.rows(table):
            of[table][row.get("challenge_id")].append(row)
    dynamic = {row.get("id"): row for row in export.rows("dynamic_challenge")}
    topics = {row.get("id"): str(row.get("value")) for row in export.rows("topics")}
    moved = []
    for row in sorted(export.rows("challenges"), key=_place):
        id_ = row["id"]
        folder = scratch / str(id_)
        folder.mkdir(parents=True)
        draft = Draft(folder / "challenge", str(row.get("name") or f"Challenge {id_}"))
        draft.origin = f"{export.config.get('ctf_name', 'CTFd')}, challenge {id_} of CTFd"
        draft.carry("name")
        one = MovedChallenge(id_, draft, is_hidden=row.get("state") == "hidden")
        words = str(row.get("description") or "")
        flags = [_flag(number, given) for number, given in enumerate(of["flags"][id_], 1)]
        choices = _choices(words, flags) if row.get("type") == "multiple_choice" else []
        draft.describe(_CHOICE.sub("", words) if choices else words)
        draft.categorise(
            str(row.get("category") or ""), [tag.get("value") for tag in of["tags"][id_]]
        )
        _type(draft, row, has_choices=bool(choices))
        if row.get("scheduled_at"):
            one.release_at = moment(row["scheduled_at"])
            draft.carry("scheduled_at")
        one.worth = draft.whole("value", row.get("value") or 0) or 0
        one.rule, one.other_rule = _rule(row, dynamic.get(id_))
        _questions(draft, row, flags, choices)
        _hints(one, of["hints"][id_])
        _files(draft, export, of["files"][id_], folder)
        connection(draft, row.get("connection_info"))
        _require(one, row)
        about = [row.get("topic_id") for row in of["challenge_topics"][id_]]
        named = [topics[topic] for topic in about if topic in topics]
        if named:
            draft.lose("topics", f"{', '.join(named)}: players would see them, as tags")
        _solutions(draft, of["solutions"][id_], folder)
        for name, why in _NO_PLACE.items():
            if row.get(name) not in (None, ""):
                draft.lose(name, why)
        moved.append(one)
    return moved


def _require(one: MovedChallenge, row: Row) -> None:
    """What is closed until others were solved."""
    needs = row.get("requirements")
    if isinstance(needs, str):
        try:
            needs = json.loads(needs)
        except ValueError:
            needs = None
    needs = needs if isinstance(needs, dict) else {}
    one.requires = list(needs.get("prerequisites") or [])
    if needs.get("anonymize") is not None:
        one.draft.lose("requirements.anonymize", "locked challenges are always shown as locked")


def _place(row: Row) -> tuple[int, int, int]:
    return row.get("position") or 0, row.get("value") or 0, row["id"]


def _flag(number: int, row: Row) -> Flag:
    case = row.get("data") == "case_insensitive"
    text, kind = str(row.get("content") or ""), str(row.get("type") or "static")
    return Flag(f"flag {number}", text, kind, case)


def _choices(words: str, flags: list[Flag]) -> list[str]:
    """What players choose from, as the description lists it; empty when that is no choice."""
    found = list(dict.fromkeys(_CHOICE.findall(words)))
    right = [flag for flag in flags if flag.text.strip() in found]
    return found if len(found) > 1 and len(right) == len(flags) == 1 else []


def _type(draft: Draft, row: Row, *, has_choices: bool) -> None:
    kind = str(row.get("type") or "standard")
    if kind not in _TYPES:
        draft.lose("type", f"{kind} is of a plugin: it is a standard challenge here")
    elif kind == "multiple_choice" and not has_choices:
        draft.lose("type", "no list of choices with the right one: it is answered by a text")
    else:
        draft.carry("type")


def _rule(row: Row, dynamic: Row | None) -> tuple[Value | None, str]:
    """The rule by which a value falls, if it does; and why not, where that is no rule of ours."""
    names = ("initial", "minimum", "decay")
    if row.get("function") in _CURVES:
        function, given = row["function"], {name: row.get(name) for name in names}
    elif dynamic is not None:
        given = {name: dynamic.get(f"dynamic_{name}", dynamic.get(name)) for name in names}
        function = dynamic.get("dynamic_function") or dynamic.get("function") or "logarithmic"
    else:
        return None, ""
    try:
        initial, minimum, decay = (math.ceil(float(given[name] or 0)) for name in names)
        if minimum >= initial or (function == "linear" and decay == 0):
            return None, ""  # it never falls
        key = "step" if function == "linear" else "decay"
        return Value.model_validate({"initial": initial, "minimum": minimum, key: decay or 1}), ""
    except (ValueError, TypeError, OverflowError, ValidationError) as error:
        return None, f"{given} is no rule that is known here: {str(error).splitlines()[0]}"


def _questions(draft: Draft, row: Row, flags: list[Flag], choices: list[str]) -> None:
    attempts = draft.whole("max_attempts", row.get("max_attempts") or 0) or None
    logic = str(row.get("logic") or "any")
    if choices:
        question: dict[str, Any] = {
            "id": "flag",
            "prompt": "Choose the right answer",
            "choices": choices,
            "answer": flags[0].text.strip(),
        }
        if attempts:
            question["attempts"] = attempts
        draft.metadata["questions"] = [question]
        draft.carry(flags[0].name, "one of the choices")
    else:
        ask(draft, flags, each=logic == "all", attempts=attempts)
    if attempts:
        draft.carry("max_attempts")
    if logic == "all" and len(draft.metadata.get("questions", [])) > 1:
        draft.carry("logic", "each flag is a question, worth its share of the value")
    elif logic not in ("any", "all"):
        draft.lose("logic", f"{logic}: one right answer solves it")


def _hints(one: MovedChallenge, rows: list[Row]) -> None:
    given = []
    for number, row in enumerate(rows, 1):
        fields = {name: row.get(name) for name in ("title", "content", "cost", "requirements")}
        needs = fields["requirements"]
        if not needs or (isinstance(needs, dict) and not any(needs.values())):
            del fields["requirements"]
        given.append(fields)
        if fields["content"]:
            one.hints[row["id"]] = f"hint{number}"
    hints(one.draft, given)


def _files(draft: Draft, export: Export, rows: list[Row], folder: Path) -> None:
    for row in rows:
        location = str(row.get("location") or "")
        name = PurePosixPath(location).name
        place = folder / f"file-{row['id']}"
        if not name or not export.extract(location, place):
            draft.lose(f"file {name or location}", "it is not in the export's uploads")
            continue
        draft.attach(place, name)
        if row.get("sha1sum"):
            with place.open("rb") as file:
                found = hashlib.file_digest(file, "sha1").hexdigest()
            if found != row["sha1sum"]:
                draft.carry(f"checksum of {name}", "the file is another than CTFd was given")


def _solutions(draft: Draft, rows: list[Row], folder: Path) -> None:
    for row in rows:
        if row.get("content"):
            (folder / "solution.md").write_text(str(row["content"]))
            draft.copies.append((folder / "solution.md", "solution.md"))
            draft.carry("solution", "it is solution.md, for the organisers alone")
