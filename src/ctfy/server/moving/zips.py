"""A zip that somebody else packed: read member by member, and bounded in all of them."""

from __future__ import annotations

import json
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ctfy.challenge.folders import printable
from ctfy.server.moving.source import ExportRefused

MOST_MEMBERS = 100_000
MOST_OF_A_DOCUMENT = 256 * 1024 * 1024
MOST_OF_ALL_DOCUMENTS = 1024 * 1024 * 1024
MOST_UNPACKED = 64 * 1024**3
# What unpacks to more than this is looked at: real files shrink to a hundredth at the very most.
_SMALL, _MOST_SHRUNK = 1024**3, 100


class Archive:
    """The files of a zip by their names, each one that may be read."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = _members(archive)
        self._read = 0

    @property
    def names(self) -> list[str]:
        """The names of its files, as the archive lists them."""
        return list(self._members)

    def size(self, name: str) -> int:
        """How many bytes a file says that it unpacks to."""
        return self._members[name].file_size

    def document(self, name: str) -> Any:
        """What a JSON file holds; None when it is empty. Raises ExportRefused."""
        info = self._members[name]
        self._read += info.file_size
        if info.file_size > MOST_OF_A_DOCUMENT or self._read > MOST_OF_ALL_DOCUMENTS:
            raise ExportRefused(f"{printable(name)} is too large: {info.file_size:,} bytes")
        with _explained(name), self._archive.open(info) as file:
            # One byte more than it says of itself is not read, whatever is packed.
            content = file.read(MOST_OF_A_DOCUMENT)
        if not content.strip():
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ExportRefused(f"{printable(name)} is no JSON: {reason[:200]}") from None

    def extract(self, name: str, goal: Path) -> bool:
        """Write a file to `goal`; whether there is one. Raises ExportRefused."""
        info = self._members.get(name)
        if info is None:
            return False
        with _explained(name), self._archive.open(info) as source, goal.open("wb") as file:
            _copy(source, file, info.file_size)
        return True


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """A zip, its members looked at. Raises ExportRefused."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ExportRefused("there is no such file") from None
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ExportRefused(f"it is no zip, or cut short: {error}") from None
    with archive:
        yield Archive(archive)


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files by their names, each one that may be read. Raises ExportRefused."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise ExportRefused(f"it holds {len(infos):,} files, and {MOST_MEMBERS:,} are the most")
    found: dict[str, zipfile.ZipInfo] = {}
    size = 0
    for info in infos:
        name, shown = info.filename, printable(info.filename)[:200]
        kind = stat.S_IFMT(info.external_attr >> 16)
        parts = PurePosixPath(name).parts
        if name.startswith("/") or "\\" in name or ".." in parts or ":" in name.partition("/")[0]:
            raise ExportRefused(f"{shown} leads out of the archive")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ExportRefused(f"{shown} is a link, or no ordinary file")
        if info.is_dir():
            continue
        if info.flag_bits & 1:
            raise ExportRefused(f"{shown} is encrypted")
        if name in found:
            raise ExportRefused(f"{shown} is in it twice")
        size += info.file_size
        if size > MOST_UNPACKED:
            raise ExportRefused(f"it unpacks to more than {MOST_UNPACKED // 1024**3} GB")
        found[name] = info
    packed = sum(info.compress_size for info in found.values())
    if size > max(_SMALL, packed * _MOST_SHRUNK):
        raise ExportRefused(f"it unpacks from {packed:,} bytes to {size:,}: that is no export")
    return found


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn what can be wrong with a packed file into a line. Raises ExportRefused."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ExportRefused(f"{printable(name)} cannot be unpacked: {error}") from None


def _copy(source: Any, goal: BinaryIO, size: int) -> None:
    """Copy what a packed file says that it holds; checked against its sum at the end."""
    left = size
    while chunk := source.read(min(1024 * 1024, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise zipfile.BadZipFile("it unpacks to more than it says")
        goal.write(chunk)
