"""Changes to a challenge folder that is a copy: a file put in or taken out, other metadata."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, BinaryIO

from ctfy.challenge.archive import ArchiveRefused, place
from ctfy.challenge.audit import METADATA
from ctfy.challenge.documents import MOST_BYTES, rewrite, write_yaml
from ctfy.challenge.folders import PathRefused, inside, read_inside, tree


def put_file(folder: Path, written: str, source: BinaryIO, *, executable: bool | None) -> None:
    """Write a file, in place of one of that name. `executable`: None leaves that as it is.

    Raises PathRefused for a name that no file may have, and OSError.
    """
    try:
        path = place(folder, written)
    except ArchiveRefused as refused:
        raise PathRefused(str(refused)) from refused
    if path.is_dir():
        raise PathRefused(f"{written!r} is a folder")
    ours = {str(part).casefold(): part for part in (path, *path.parents)}
    for other, _ in tree(folder):  # two names that are one file on another machine
        if ours.get(str(other).casefold(), other) != other:
            name = str(other.relative_to(folder))
            raise PathRefused(f"{written!r} and {name!r} differ only in case")
    path.parent.mkdir(parents=True, exist_ok=True)
    if executable is None:
        executable = path.exists() and bool(path.stat().st_mode & 0o111)
    with path.open("wb") as file:
        shutil.copyfileobj(source, file)
    path.chmod(0o755 if executable else 0o644)


def remove_file(folder: Path, written: str) -> None:
    """Remove a file, and the folders that are empty then. Raises PathRefused."""
    path = inside(folder, written)
    if not path.is_file():
        raise PathRefused(f"{written!r} is not there")
    path.unlink()
    for above in path.parents:
        if above == folder or any(above.iterdir()):
            break
        above.rmdir()


def set_metadata(folder: Path, metadata: dict[str, Any]) -> None:
    """Have `metadata.yaml` say this; what it said before stays as it was written.

    Raises DocumentRefused, PathRefused, OSError.
    """
    path = folder / METADATA
    if path.exists():
        before = read_inside(folder, METADATA, MOST_BYTES).decode(errors="replace")
        text = rewrite(before, metadata)
    else:
        text = write_yaml(metadata)
    path.write_text(text)
