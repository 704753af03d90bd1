"""Challenges of other formats, brought in: a file a format, found by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import Draft, ImportRefused, Report
from ctfy.core.plugins import kinds

__all__ = ["ImportRefused", "Report", "bring", "importers"]


@cache
def importers() -> dict[str, Importer]:
    """Every importer by its name. Raises PluginBroken."""
    return kinds("ctfy.importers", sys.modules[__name__], "IMPORTER", Importer, "name")


def bring(
    format_: str,
    source: Path,
    target: Path,
    *,
    difficulty: str = "medium",
    skip: int = 0,
    limit: int = 0,
    dry_run: bool = False,
) -> list[Report]:
    """Write the challenges of `source` as folders under `target`; a report of each.

    `difficulty` is for those that name none; `skip` and `limit` choose a part. One that cannot be
    made valid is not written, and its report says why. Raises ImportRefused when nothing is found.
    """
    importer = importers()[format_]
    if not source.is_dir():
        raise ImportRefused(f"{source} is no folder")
    files = sorted(path for name in set(importer.files) for path in source.rglob(name))
    drafts = [draft for draft in map(importer.read, files) if draft is not None]
    if not drafts:
        raise ImportRefused(f"no {format_} challenge under {source}")
    chosen = drafts[skip:][: limit or None]
    return list(_written(chosen, target, difficulty, dry_run=dry_run))


def _written(
    drafts: list[Draft], target: Path, difficulty: str, *, dry_run: bool
) -> Iterator[Report]:
    known = {draft.name: draft.id for draft in drafts}
    for draft in drafts:
        draft.settle(known, difficulty)
        yield draft.write(target, dry_run=dry_run)
