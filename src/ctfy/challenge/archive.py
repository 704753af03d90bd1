"""Challenge folders as archives: packed the same way each time, unpacked without trust.

An archive holds one folder, whose name is the challenge's id, or a challenge's files at its top.
"""

from __future__ import annotations

import errno
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from ctfy.challenge.folders import MOST_ENTRIES as FOLDER_ENTRIES
from ctfy.challenge.folders import MOST_LEVELS, inside, is_printable, open_inside, tree

MOST_ENTRIES = 10_000
MOST_UNPACKED = 4 * 1024**3  # bytes
_MOST_RATIO, _SMALL = 100, 64 * 1024**2  # times the archive's size, and bytes that are always well
_TOO_LARGE = "unpacked, it is larger than a challenge may be"
_SKIPPED = {"__MACOSX", ".DS_Store"}  # which a desktop adds

# What the readers raise for what is no archive of their kind, or one with a method or a password
# that they do not know.
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    LookupError,
    OverflowError,
    RuntimeError,
)


class ArchiveRefused(ValueError):
    """An archive that is none, is too large, or holds what no challenge may; the message says."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of an archive. `size` in bytes, as the archive says."""

    name: str
    size: int
    executable: bool
    source: IO[bytes]


def pack(folder: Path, goal: BinaryIO) -> None:
    """Write a challenge folder as tar.gz: the same bytes for the same files.

    Raises PathRefused for what is no ordinary file, and OSError.
    """
    with (
        gzip.GzipFile(fileobj=goal, mode="wb", filename="", mtime=0, compresslevel=6) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path, info in sorted(tree(folder)):
            entry = tarfile.TarInfo(str(PurePosixPath(folder.name, path.relative_to(folder))))
            if stat.S_ISDIR(info.st_mode):
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
                continue
            with open_inside(folder, str(path.relative_to(folder))) as file:
                entry.size = info.st_size
                entry.mode = 0o755 if info.st_mode & 0o111 else 0o644
                tar.addfile(entry, file)


def unpack(archive: Path, goal: Path, *, ours: bool = False) -> Path:
    """Unpack a tar, tar.gz or zip into an empty folder.

    `ours`: the platform packed it, of a folder that was looked at, so all that it holds belongs.
    Returns the challenge's folder: the only one at the top, else `goal`.
    Raises ArchiveRefused, which may leave files there, and OSError.
    """
    try:
        names = _unpack(archive, goal, ours)
    except ArchiveRefused:
        raise
    except OSError as error:
        # None: of the library that unpacks. EINVAL: of a seek to where a broken zip says.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise ArchiveRefused(f"it is broken: {error}") from error
    except _BROKEN as error:
        raise ArchiveRefused(f"it is cut short or broken: {error}") from error
    tops = {PurePosixPath(name).parts[0] for name in names}
    top = goal / next(iter(tops))
    return top if len(tops) == 1 and top.is_dir() else goal


def _unpack(archive: Path, goal: Path, ours: bool) -> list[str]:
    """Write what an archive holds into an empty folder; the names of the files."""
    left, seen = _most(archive, ours), dict[str, str]()
    most_entries = FOLDER_ENTRIES if ours else MOST_ENTRIES
    with _opened(archive, ours) as entries:
        for count, entry in enumerate(entries, 1):
            if count > most_entries:
                raise ArchiveRefused(f"it holds more than {most_entries} files")
            if not ours and _SKIPPED.intersection(PurePosixPath(entry.name).parts):
                continue
            path = place(goal, entry.name)
            # Two names that are one file on another machine.
            for part in (PurePosixPath(entry.name), *PurePosixPath(entry.name).parents):
                other = seen.setdefault(str(part).casefold(), str(part))
                if other != str(part) and not ours:
                    raise ArchiveRefused(f"{other!r} and {str(part)!r} differ only in case")
            if path.exists():
                raise ArchiveRefused(f"it holds {entry.name!r} twice")
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            with path.open("xb") as file:
                while chunk := entry.source.read(1024**2):
                    left -= len(chunk)
                    if left < 0:
                        raise ArchiveRefused(_TOO_LARGE)
                    file.write(chunk)
            if path.stat().st_size != entry.size:
                raise ArchiveRefused(f"{entry.name!r} is cut short")
            path.chmod(0o755 if entry.executable else 0o644)
    names = [path.relative_to(goal).as_posix() for path in goal.rglob("*") if path.is_file()]
    if not names:
        raise ArchiveRefused("it holds no files")
    return names


def place(goal: Path, name: str) -> Path:
    """Where a file of that name goes below a folder. Raises ArchiveRefused."""
    if not is_printable(name):
        raise ArchiveRefused(f"{name!r} has characters that no file name may have")
    if len(PurePosixPath(name).parts) > MOST_LEVELS or len(name) > 1024:
        raise ArchiveRefused(f"{name[:80]!r}… lies too deep")
    try:
        path = inside(goal, name)
    except ValueError as error:
        raise ArchiveRefused(str(error)) from error
    if path == goal or ".." in PurePosixPath(name).parts:
        raise ArchiveRefused(f"{name!r} leads out of the folder")
    for above in path.parents:
        if above.is_file():
            raise ArchiveRefused(f"{name!r} lies below what is a file")
    return path


@contextmanager
def _opened(archive: Path, ours: bool) -> Iterator[Iterator[_Entry]]:
    """The files of an archive, one after the other, each read before the next."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield _zip_entries(zipped)
        return
    with archive.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    if not is_gzip and not tarfile.is_tarfile(archive):
        raise ArchiveRefused("it is no tar, tar.gz or zip")
    with (
        gzip.open(archive) if is_gzip else archive.open("rb") as unzipped,
        tarfile.open(fileobj=_Bounded(unzipped, _most(archive, ours)), mode="r|") as tar,
    ):
        yield _tar_entries(tar)


class _Bounded(BufferedIOBase):
    """A stream that ends in a refusal where it grows too long; a header of tar is read whole."""

    def __init__(self, file: BufferedIOBase, most: int) -> None:
        super().__init__()
        self._file = file
        self._left = most

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes. Raises ArchiveRefused."""
        content = self._file.read(-1 if size is None else size)
        self._left -= len(content)
        if self._left < 0:
            raise ArchiveRefused(_TOO_LARGE)
        return content


def _most(archive: Path, ours: bool) -> int:
    """How many bytes may come out of an archive."""
    if ours:
        return MOST_UNPACKED
    return min(MOST_UNPACKED, max(_SMALL, archive.stat().st_size * _MOST_RATIO))


def _zip_entries(zipped: zipfile.ZipFile) -> Iterator[_Entry]:
    infos = zipped.infolist()
    if len(infos) > MOST_ENTRIES:
        raise ArchiveRefused(f"it holds more than {MOST_ENTRIES} files")
    for info in infos:
        if info.is_dir():
            continue
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise ArchiveRefused(f"{info.filename!r} is no ordinary file")
        with zipped.open(info) as source:
            yield _Entry(info.filename, info.file_size, bool(mode & 0o111), source)


def _tar_entries(tar: tarfile.TarFile) -> Iterator[_Entry]:
    for count, info in enumerate(tar, 1):
        if count > 2 * FOLDER_ENTRIES:
            raise ArchiveRefused(f"it holds more than {MOST_ENTRIES} files")
        if info.isdir():
            continue
        if not info.isreg() or info.issparse():
            raise ArchiveRefused(f"{info.name!r} is no ordinary file")
        source = tar.extractfile(info)
        assert source is not None, "a regular file has contents"  # noqa: S101
        yield _Entry(info.name, info.size, bool(info.mode & 0o111), source)
