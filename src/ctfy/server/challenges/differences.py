"""What one version of a challenge has that another has not."""

from __future__ import annotations

import difflib
import hashlib
import stat
from pathlib import Path
from typing import Literal

from ctfy.challenge.folders import PathRefused, open_inside, printable, read_inside, tree
from ctfy.server.models.versions import FileChange

_MOST_TEXT = 256 * 1024  # bytes of a file that is compared line by line
_MOST_DIFF = 64 * 1024  # characters of one difference
_MOST_FILES = 1000

Change = Literal["added", "removed", "changed"]


def differences(before: Path | None, after: Path) -> list[FileChange]:
    """Every file that differs, by path; all of them from nothing. Reads files. Raises OSError."""
    old, new = _files(before) if before else {}, _files(after)
    found = []
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) == new.get(name):
            continue
        change: Change = "changed" if name in old and name in new else "added"
        if name not in new:
            change = "removed"
        was = _text(before, name) if before and name in old else []
        is_ = _text(after, name) if name in new else []
        found.append(FileChange(path=printable(name), change=change, diff=_diff(was, is_)))
        if len(found) == _MOST_FILES:
            break
    return found


def _files(root: Path) -> dict[str, tuple[bool, bytes]]:
    """Of each file: whether it runs, and a digest of what it holds."""
    found = {}
    for path, info in tree(root):
        if stat.S_ISREG(info.st_mode):
            with open_inside(root, str(path.relative_to(root))) as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            found[str(path.relative_to(root))] = (bool(info.st_mode & 0o111), digest)
    return found


def _text(root: Path, name: str) -> list[str] | None:
    """The lines of a file; None where it is no text, or too long."""
    try:
        return read_inside(root, name, _MOST_TEXT).decode().splitlines()
    except (PathRefused, UnicodeDecodeError):
        return None


def _diff(old: list[str] | None, new: list[str] | None) -> str:
    if old is None or new is None:
        return ""
    whole = "\n".join(difflib.unified_diff(old, new, "before", "after", lineterm=""))
    return whole if len(whole) <= _MOST_DIFF else ""
