"""Challenges of other formats, brought in: a file a format, found by itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ctfy.challenge.audit import Finding
from ctfy.challenge.documents import DocumentRefused
from ctfy.challenge.folders import PathRefused, open_inside, printable
from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import (
    Draft,
    ImportRefused,
    Outcome,
    Report,
    slug,
)
from ctfy.core.plugins import kinds

# What a file of another form than its format's makes of an importer.
_WRONG = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, OSError)

__all__ = ["ImportRefused", "Outcome", "Report", "bring", "importers"]


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
    force: bool = False,
) -> list[Report]:
    """Write the challenges of `source` as folders under `target`; a report of each.

    `difficulty` is for those that name none; `skip` and `limit` choose a part. One that cannot be
    made valid is not written, and its report says why, as does that of a file that cannot be read
    or is of another format. Raises ImportRefused when there is no file that may hold one.
    """
    importer = importers()[format_]
    if not source.is_dir():
        raise ImportRefused(f"{source} is no folder")
    drafts, reports = [], []
    for path, unread in _files(source, set(importer.files)):
        try:
            if unread is not None:
                raise unread
            # No importer opens what is a link.
            open_inside(source, str(path.relative_to(source))).close()
            draft = importer.read(path)
        except _WRONG as error:
            reports.append(_not_read(path, error))
            continue
        if draft is None:
            problem = f"is no {format_} challenge: it lacks the fields that each has"
            finding = Finding(path, 0, "import.other", problem, "remove it, or name its format")
            reports.append(_aside(path, finding))
        else:
            drafts.append(draft)
            reports += [_aside(path, finding) for finding in draft.unread]
    if not drafts and not reports:
        raise ImportRefused(f"no {format_} challenge under {source}")
    _name_apart(drafts, source, target)
    chosen = drafts[skip:][: limit or None]
    return [*_written(chosen, target, difficulty, dry_run=dry_run, force=force), *reports]


def _files(source: Path, names: set[str]) -> Iterator[tuple[Path, OSError | None]]:
    """Whatever has one of the names, links and folders too; folders that cannot be read."""
    unread: list[OSError] = []
    for folder, folders, files in os.walk(source, onerror=unread.append):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names.intersection([*folders, *files])):
            yield Path(folder) / name, None
    for error in unread:
        yield Path(error.filename) / "", error


def _name_apart(drafts: list[Draft], source: Path, target: Path) -> None:
    """Give each an id of its own: where it is another's, the collection's name stands in front."""
    collection = source.resolve().name
    taken: set[str] = set()
    for draft in drafts:
        place = draft.root.relative_to(source)
        draft.origin = f"{collection}/{draft.source.relative_to(source)}"
        wanted = draft.id
        for id_ in (wanted, f"{collection}-{wanted}", f"{collection}-{place}"):
            draft.id = slug(id_)
            if draft.id not in taken and not _is_others(target, draft):
                break
        taken.add(draft.id)
        if draft.id != wanted:
            draft.carry("id", f"it is {draft.id} here: another challenge is called {wanted}")


def _is_others(target: Path, draft: Draft) -> bool:
    """Whether a challenge that came from elsewhere has the draft's id."""
    return os.path.lexists(target / draft.id) and not draft.is_at(target)


def _written(
    drafts: list[Draft], target: Path, difficulty: str, *, dry_run: bool, force: bool
) -> Iterator[Report]:
    known = {draft.name.strip().lower(): draft.id for draft in reversed(drafts)}
    for draft in drafts:
        for alias in (*draft.aliases, slug(draft.name), draft.root.name):
            known.setdefault(alias.strip().lower(), draft.id)
    for draft in drafts:
        try:
            draft.settle(known, difficulty)
            yield draft.write(target, dry_run=dry_run, force=force)
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
    return _aside(path, finding)


def _aside(path: Path, finding: Finding) -> Report:
    return Report(printable(path.parent.name), printable(path.parent.name), path, [], [finding])
