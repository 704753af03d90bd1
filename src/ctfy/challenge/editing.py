"""Changes to a challenge folder that is a copy: a file put in or taken out, other metadata."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from ctfy.challenge.archive import ArchiveRefused, place, unpack
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
    path.parent.mkdir(parents=True, exist_ok=True)
    if executable is None:
        executable = path.exists() and bool(path.stat().st_mode & 0o111)
    with path.open("wb") as file:
        shutil.copyfileobj(source, file)
    path.chmod(0o755 if executable else 0o644)


def put_files(folder: Path, archive: Path) -> None:
    """Write every file of an archive, in place of those of the same names.

    Raises ArchiveRefused, PathRefused, OSError.
    """
    with TemporaryDirectory(dir=folder.parent) as room:
        unpack(archive, Path(room))
        for path, info in tree(Path(room)):
            if stat.S_ISREG(info.st_mode):
                with path.open("rb") as source:
                    executable = bool(info.st_mode & 0o111)
                    written = str(path.relative_to(room))
                    put_file(folder, written, source, executable=executable or None)


def check_names(folder: Path) -> None:
    """Raise PathRefused for two names that are one file on a machine that ignores case."""
    seen: dict[str, str] = {}
    for path, _ in tree(folder):
        name = str(path.relative_to(folder))
        if (other := seen.setdefault(name.casefold(), name)) != name:
            raise PathRefused(f"{other!r} and {name!r} differ only in case")


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
