"""rCTF's challenges as drafts of folders."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ctfy.challenge.folders import printable
from ctfy.challenge.importers.draft import Draft
from ctfy.challenge.importers.flags import Flag, ask
from ctfy.challenge.importers.rctf import DECAY, FALLS
from ctfy.challenge.metadata import Value
from ctfy.server.moving.rctf.scoring import Solve
from ctfy.server.moving.source import ExportRefused, MovedChallenge, cleaned


class _Of(BaseModel):
    model_config = ConfigDict(extra="allow", alias_generator=to_camel)


class Points(_Of):
    """What a challenge is worth at the least and at the most."""

    min: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    max: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0


class File(_Of):
    """A file that lies somewhere."""

    name: str = ""
    url: str = ""


class Challenge(_Of):
    """A challenge, as the column `data` has it."""

    name: str = ""
    description: str = ""
    category: str = ""
    author: str = ""
    files: list[File] = []
    points: Points = Points()
    flag: str = ""
    tiebreak_eligible: bool = True
    sort_weight: float | None = None


def read(row: dict[str, Any]) -> Challenge:
    """The challenge of a row. Raises ExportRefused."""
    name = f"challenge {printable(str(row['id']))[:80]}"
    if not row["id"]:
        raise ExportRefused("a challenge has no id")
    try:
        document = cleaned(json.loads(row["data"] or ""), name)
        return Challenge.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise ExportRefused(printable(f"{name}: {at}: {first['msg']}")[:300]) from None
    except (ValueError, RecursionError) as error:
        raise ExportRefused(printable(f"{name} is no JSON: {error}")[:300]) from None


def unpack(
    challenges: dict[str, Challenge], worth: dict[str, int], played: list[Solve], scratch: Path
) -> list[MovedChallenge]:
    """Every challenge, in rCTF's order: by weight, then by how many solved it."""
    solves = Counter(solve.challenge for solve in played)

    def place(id_: str) -> tuple[float, int, str]:
        return (-(challenges[id_].sort_weight or 0), -solves[id_], id_)

    moved = []
    for number, id_ in enumerate(sorted(challenges, key=place)):
        given = challenges[id_]
        folder = scratch / str(number)
        folder.mkdir(parents=True)
        draft = Draft(folder / "challenge", given.name or id_)
        draft.origin = f"rCTF, challenge {id_}"
        draft.carry("name")
        draft.describe(given.description)
        draft.categorise(given.category, [])
        one = MovedChallenge(id_, draft, worth=worth[id_])
        _points(one, given.points, has_solves=bool(played))
        ask(draft, [Flag("flag", given.flag)])
        for file in given.files:
            why = f"it lies at {printable(file.url)}: put it into attachments/"
            draft.lose(f"file {printable(file.name)}", why)
        if given.author:
            draft.lose("author", f"{given.author}: challenges have no author here")
        if not given.tiebreak_eligible:
            draft.lose("tiebreakEligible", "each solve that brings points breaks ties here")
        if given.sort_weight:
            draft.carry("sortWeight")
        for name in given.model_extra or {}:
            draft.lose(printable(name)[:80], "not a field that is known here")
        moved.append(one)
    return moved


def _points(one: MovedChallenge, points: Points, *, has_solves: bool) -> None:
    """Their rule looks at the challenge that most teams solved; no rule here does."""
    if points.min == points.max:
        return
    if not has_solves and 0 <= points.min < points.max:
        one.rule = Value(initial=points.max, minimum=points.min, decay=DECAY)
        one.other_rule = FALLS
        return
    one.other_rule = (
        f"from {points.max} to {points.min} by its share of the solves of the most solved "
        f"challenge, as no rule here does: {one.worth} for good, as it stands"
    )
