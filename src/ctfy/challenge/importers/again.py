"""What was imported before, imported again: their changes come in, and ours stay.

The folder holds a record of the files as they were imported. With it, of each file, is known who
changed it since: they, whoever looks after it here, or both.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ctfy.challenge.folders import copy_inside, digests, inside, read_inside

RECORD = ".imported.json"
_MOST_READ = 16 * 1024 * 1024


@dataclass
class Merged:
    """What became of the files that differ. `edited`: changed here, and kept so."""

    changed: bool = False
    edited: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


def write_record(folder: Path, origin: str) -> None:
    """Note the files of a folder that was just made, and where they come from."""
    record = {"origin": origin, "files": digests(folder)}
    (folder / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


def read_record(folder: Path) -> tuple[str, dict[str, str]]:
    """Where a folder was imported from, and its files then; empty when nothing says so."""
    try:
        record = json.loads(read_inside(folder, RECORD, _MOST_READ))
        files = {str(name): str(digest) for name, digest in record["files"].items()}
        return str(record["origin"]), files
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", {}


def merge(made: Path, place: Path, *, force: bool) -> Merged:
    """Bring what was changed at `place` since it was imported into `made`, which replaces it.

    A file that both changed is a conflict; with `force` theirs is taken. Raises PathRefused,
    OSError.
    """
    theirs, ours = digests(made), digests(place)
    _, before = read_record(place)
    theirs.pop(RECORD, None)
    ours.pop(RECORD, None)
    merged = Merged()
    for name in sorted({*theirs, *ours, *before}):
        new, old, here = theirs.get(name), before.get(name), ours.get(name)
        if here in (new, old):
            merged.changed |= here != new
        elif new == old:
            merged.edited.append(name)
            _take(made, place, name, is_there=here is not None)
        elif force:
            merged.changed = True
        else:
            merged.conflicts.append(name)
    return merged


def _take(made: Path, place: Path, name: str, *, is_there: bool) -> None:
    goal = inside(made, name)
    if is_there:
        goal.parent.mkdir(parents=True, exist_ok=True)
        copy_inside(place, name, goal)
    else:
        goal.unlink()


def appear(made: Path, place: Path) -> None:
    """Put a folder in its place at once: there is all of it or, as before, what was there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=place.parent) as beside:
        new, old = Path(beside) / place.name, Path(beside) / "old"
        shutil.copytree(made, new, symlinks=True)
        is_there = os.path.lexists(place)
        if is_there:
            place.rename(old)
        try:
            new.rename(place)
        except OSError:
            if is_there:
                old.rename(place)
            raise
