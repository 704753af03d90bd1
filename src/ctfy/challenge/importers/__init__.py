"""Challenges of other formats, brought in: a file a format, found by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ctfy.challenge.audit import Finding
from ctfy.challenge.documents import DocumentRefused
from ctfy.challenge.folders import PathRefused, open_inside
from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import Draft, ImportRefused, Report
from ctfy.core.plugins import kinds

# What a file of another form than its format's makes of an importer.
_WRONG = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, OSError)

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
    made valid is not written, and its report says why, as does that of a file that cannot be read.
    Raises ImportRefused when nothing is found.
    """
    importer = importers()[format_]
    if not source.is_dir():
        raise ImportRefused(f"{source} is no folder")
    files = sorted(path for name in set(importer.files) for path in source.rglob(name))
    drafts, reports = [], []
    for path in files:
        try:
            # No importer opens what is a link.
            open_inside(source, str(path.relative_to(source))).close()
            draft = importer.read(path)
        except _WRONG as error:
            reports.append(_not_read(path, error))
        else:
            drafts += [draft] if draft is not None else []
    if not drafts:
        why = f": {reports[0].findings[0]}" if reports else ""
        raise ImportRefused(f"no {format_} challenge under {source}{why}")
    chosen = drafts[skip:][: limit or None]
    return [*_written(chosen, target, difficulty, dry_run=dry_run), *reports]


def _written(
    drafts: list[Draft], target: Path, difficulty: str, *, dry_run: bool
) -> Iterator[Report]:
    known = {draft.name: draft.id for draft in drafts}
    for draft in drafts:
        try:
            draft.settle(known, difficulty)
            yield draft.write(target, dry_run=dry_run)
        except _WRONG as error:
            yield _not_read(draft.source, error)


def _not_read(path: Path, error: Exception) -> Report:
    """What is said of a challenge that cannot be read; the others are brought in all the same."""
    line, problem, fix = 0, str(error), "make it an ordinary file"
    if isinstance(error, DocumentRefused):
        line, problem, fix = error.line, error.problem, error.fix
    elif not isinstance(error, (PathRefused, OSError)):
        problem = f"a field is not what the format says: {error}"
        fix = "see the format's specification"
    finding = Finding(path, line, "import.unreadable", problem, fix)
    return Report(path.parent.name, path.parent.name, path, [], [], [finding])
