"""Paths that come from outside: they stay in their folder, and no link leads out of it.

Whoever joins a path that a challenge, an import or a request names does it here.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import unicodedata
from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

MOST_ENTRIES = 100_000
MOST_BYTES = 64 * 1024**3
MOST_LEVELS = 64
_LINK = "is a symbolic link, which can lead out of the folder"
_HARD_LINK = "is a hard link: another name for it may stand anywhere"
_SPECIAL = "is no file and no folder"
_UNSHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # categories of Unicode


class PathRefused(ValueError):
    """A path leads, or may lead, out of its folder; the message says how."""


def inside(folder: Path, written: str) -> Path:
    """The path that `written` means below `folder`; it need not exist. Raises PathRefused.

    `folder` itself is trusted, and may be reached through a link.
    """
    if written.startswith(("/", "~")) or "\0" in written:
        raise PathRefused(f"{written!r} is no path inside the folder")
    normal = os.path.normpath(written or ".")
    if normal.partition("/")[0] == "..":
        raise PathRefused(f"{written!r} leads out of the folder")
    path = folder
    for part in PurePosixPath(normal).parts:
        path = path / part
        if path.is_symlink():
            raise PathRefused(f"{written!r} leads through a symbolic link")
    return path


def open_inside(folder: Path, written: str) -> BufferedReader:
    """A file below `folder`, open to read. No link is followed, also not one that comes just now.

    Raises PathRefused, also for what is no ordinary file, and OSError.
    """
    parts = inside(folder, written).relative_to(folder).parts
    if not parts:
        raise PathRefused(f"{written!r} is the folder itself")
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
        # Not to wait for the other end of a pipe.
        found = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise PathRefused(f"{written!r} is no ordinary file") from error
        raise
    finally:
        os.close(at)
    info = os.fstat(found)
    problem = "is a folder" if stat.S_ISDIR(info.st_mode) else _problem(info, parts)
    if problem:
        os.close(found)
        raise PathRefused(f"{written!r} {problem}")
    return os.fdopen(found, "rb")


def read_inside(folder: Path, written: str, most: int) -> bytes:
    """The content of a file, at most so many bytes. Raises PathRefused, OSError."""
    with open_inside(folder, written) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise PathRefused(f"{written!r} is larger than {most // 1024} KB")
    return content


def copy_inside(folder: Path, written: str, goal: Path) -> None:
    """Copy a file below `folder`, with its mode. Raises PathRefused, OSError."""
    with open_inside(folder, written) as source, goal.open("wb") as target:
        shutil.copyfileobj(source, target)
        os.fchmod(target.fileno(), stat.S_IMODE(os.fstat(source.fileno()).st_mode) & 0o777)


def copy_tree(folder: Path, goal: Path, without: Set[Path] = frozenset()) -> None:
    """Copy what `oddities` has nothing to say of, but for what is `without` and below it.

    Raises PathRefused, OSError.
    """
    for path, info in tree(folder):
        if not without.isdisjoint((path, *path.parents)):
            continue
        target = goal / path.relative_to(folder)
        if stat.S_ISDIR(info.st_mode):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_inside(folder, str(path.relative_to(folder)), target)


def add_contents(digest: Hash, folder: Path) -> None:
    """Add all files below a folder to a digest: names, whether they run, contents.

    Raises PathRefused for a link or what else is no file, and OSError.
    """
    for path, info in sorted(tree(folder)):
        if stat.S_ISDIR(info.st_mode):
            continue
        name = str(path.relative_to(folder))
        with open_inside(folder, name) as file:
            runs = 0o111 if info.st_mode & 0o111 else 0  # for whom is no part of a version
            digest.update(f"{name}\0{runs}\0".encode(errors="surrogateescape"))
            digest.update(hashlib.file_digest(file, "sha256").digest())


def digests(folder: Path) -> dict[str, str]:
    """The digest of every file below a folder, by its path in it; whether it runs counts too.

    Raises PathRefused for a link or what else is no file, and OSError.
    """
    found = {}
    for path, info in tree(folder):
        if not stat.S_ISDIR(info.st_mode):
            name = str(path.relative_to(folder))
            with open_inside(folder, name) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found[name] = f"{digest}{'x' if info.st_mode & 0o100 else ''}"
    return found


def oddities(folder: Path) -> Iterator[tuple[Path, str]]:
    """What has no place in a challenge folder, each with why: links, devices, pipes, sockets.

    Names that cannot be shown and what is too much to be read count too. Follows no link.
    """
    size = 0
    if folder.is_symlink():
        yield folder, _LINK
        return
    for entries, (path, info) in enumerate(tree(folder), 1):
        size += info.st_size if stat.S_ISREG(info.st_mode) else 0
        if entries > MOST_ENTRIES or size > MOST_BYTES:
            yield folder, f"holds more than {MOST_ENTRIES} files, or {MOST_BYTES // 1024**3} GB"
            return
        if problem := _problem(info, path.parts):
            yield path, problem
        elif len(path.relative_to(folder).parts) >= MOST_LEVELS:
            yield path, f"lies {MOST_LEVELS} folders deep"
        if not is_printable(path.name):
            yield path, "has a name that cannot be shown"


def is_printable(text: str) -> bool:
    """Whether a text can be shown on one line: no control characters, no half of a character."""
    return not any(unicodedata.category(c) in _UNSHOWN for c in text)


def printable(text: str) -> str:
    """A text on one line that moves no cursor and can be sent: the rest as `\\x1b`."""
    return "".join(ascii(c)[1:-1] if unicodedata.category(c) in _UNSHOWN else c for c in text)


def tree(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """All below a folder, sorted in each; a folder that cannot be read raises OSError."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        with os.scandir(here) as found:
            names = sorted(entry.name for entry in found)
        for name in names:
            path = here / name
            with suppress(FileNotFoundError):  # removed meanwhile
                info = path.lstat()
                yield path, info
                if stat.S_ISDIR(info.st_mode) and len(path.parts) < len(folder.parts) + MOST_LEVELS:
                    waiting.append(path)


def _problem(info: os.stat_result, parts: Sequence[str]) -> str:
    """Why a file may not be read for others; empty when it may."""
    if stat.S_ISLNK(info.st_mode):
        return _LINK
    if stat.S_ISDIR(info.st_mode):
        return ""
    if not stat.S_ISREG(info.st_mode):
        return _SPECIAL
    # Git links its own objects between clones of one disk.
    return _HARD_LINK if info.st_nlink > 1 and ".git" not in parts else ""
