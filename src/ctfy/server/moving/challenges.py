"""Challenges on their way in: their ids, what they are worth, and whether they can be answered."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.folders import digests
from ctfy.challenge.importers.draft import Report, slug
from ctfy.challenge.importers.flags import Flag, ask
from ctfy.server.moving.source import ExportRefused, Key, MovedChallenge
from ctfy.server.standings.scoring import value_after


def settle(
    moved: list[MovedChallenge],
    collection: str,
    taken: set[str],
    solves: Mapping[Key | None, int],
    *,
    is_over: bool,
) -> None:
    """Decide of each challenge what depends on the others, and on what was done.

    `taken`: ids that are somebody's. `solves`: how many teams that count solved each.
    """
    _name_apart(moved, collection, taken)
    ours = {one.id: one for one in moved}
    for one in moved:
        _require(one, ours)
        _price(one, solves.get(one.id, 0), is_over=is_over)
        if "questions" not in one.draft.metadata:
            # What was solved counts; an answer that nobody knows keeps the rest from being given.
            why = "none can be held: write an answer before it is played again"
            one.draft.lose("flags", why)
            ask(one.draft, [Flag("question", secrets.token_hex(16))])


def write(one: MovedChallenge, made: Path) -> Report:
    """Write its folder; one that would not be valid is refused. Raises ExportRefused."""
    one.draft.settle({}, "medium")
    report = one.draft.write(made, dry_run=False)
    if report.findings:
        finding = report.findings[0]
        raise ExportRefused(
            f"challenge {one.id}, {one.draft.name!r}, cannot be held: {finding.problem}"
        )
    return report


def taken_in(folder: Path) -> set[str]:
    """The ids that are somebody's, in whatever bucket, and names of other things that are there."""
    if not folder.is_dir():
        return set()
    here = Catalogue.load(folder)
    return {*here.challenges, *here.broken, *os.listdir(folder)}


def digest_of(folder: Path) -> str:
    """What stands for all that a folder holds."""
    return hashlib.sha256(repr(sorted(digests(folder).items())).encode()).hexdigest()


def _name_apart(moved: list[MovedChallenge], collection: str, taken: set[str]) -> None:
    """Give each an id of its own, and one that no challenge has that is here."""
    taken = set(taken)
    for one in moved:
        number = 1
        names = [slug(one.draft.name), slug(f"{collection}-{one.draft.name}")]
        while (id_ := names[0]) in taken:
            number += 1
            names = [*names[1:], slug(f"{collection}-{one.draft.name}-{number}")]
        if id_ != slug(one.draft.name):
            one.draft.carry("id", f"it is {id_} here: another challenge has that name")
        one.draft.id = id_
        taken.add(id_)


def _require(one: MovedChallenge, ours: Mapping[Key, MovedChallenge]) -> None:
    """Say what is closed until what was solved: once all have ids."""
    for id_ in one.requires:
        if id_ in ours and id_ != one.id:
            one.draft.metadata.setdefault("unlocked_by", []).append(ours[id_].draft.id)
            one.draft.carry(f"requires {ours[id_].draft.name}")
        else:
            one.draft.lose(f"requires {id_}", "there is no such challenge")


def _price(one: MovedChallenge, solves: int, *, is_over: bool) -> None:
    """What it is worth: by their rule, where it has one of ours, else what it is worth now."""
    draft, worth, rule = one.draft, one.worth, one.rule
    if worth < 0:
        draft.keep("value", 0, changed=f"{worth} is 0: no answer takes points away")
    elif rule is None:
        if one.other_rule:
            draft.lose("value by solves", one.other_rule)
        draft.keep("value", worth)
    elif (now := value_after(rule, solves)) != worth and is_over:
        why = f"{worth} for good, as it ended: after {solves} solves the rule says {now}"
        draft.keep("value", worth, changed=why)
    else:
        differs = f"{now} after {solves} solves, where they have {worth}" if now != worth else ""
        changed = "; ".join(filter(None, [one.other_rule, differs]))
        draft.keep("value", rule.model_dump(), changed=changed)
