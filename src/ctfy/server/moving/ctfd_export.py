"""CTFd's export: a zip of `db/*.json`, a file for each table, and `uploads/`.

https://docs.ctfd.io/docs/exports/ctfd-exports/
"""

from __future__ import annotations

import json
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ctfy.challenge.folders import printable

Row = dict[str, Any]

MOST_MEMBERS = 100_000
MOST_OF_A_TABLE = 256 * 1024 * 1024
MOST_OF_ALL_TABLES = 1024 * 1024 * 1024
MOST_OF_UPLOADS = 64 * 1024**3
# What unpacks to more than this is looked at: real files shrink to a hundredth at the very most.
_SMALL, _MOST_SHRUNK = 1024**3, 100

# The revisions of CTFd's database, from 2.0 to 3.8.
KNOWN_VERSIONS = frozenset(
    {
        "0366ba6575ca",
        "07dfbe5e1edc",
        "080d29b15cd3",
        "0def790057c1",
        "1093835a1051",
        "24ad6790bc3c",
        "336b8c601b94",
        "364b4efa1686",
        "46a278193a94",
        "48d8250d19bd",
        "4d3c1b59d011",
        "4e4d5a9ea000",
        "4fe3eeed9a9d",
        "55623b100da8",
        "5c4996aeb2cb",
        "5c98d9253f56",
        "6012fe8de495",
        "62bf576b2cd3",
        "662d728ad7da",
        "67ebab6de598",
        "75e8ab9a0014",
        "8275865e5992",
        "8369118943a1",
        "9889b8c53673",
        "9e6f6578ca84",
        "a02c5bf43407",
        "a03403986a32",
        "a49ad66aa0f1",
        "b295b033364d",
        "b5551cd26764",
        "e69a79ebffd3",
        "ef87d69ec29a",
        "f73a96c97449",
    }
)
_NEEDED = (
    "alembic_version",
    "config",
    "challenges",
    "flags",
    "users",
    "teams",
    "submissions",
    "solves",
)
_READ = {
    *_NEEDED,
    "dynamic_challenge",
    "hints",
    "tags",
    "topics",
    "challenge_topics",
    "files",
    "awards",
    "unlocks",
    "brackets",
    "solutions",
}


class ExportRefused(Exception):
    """The file cannot be brought in; the message says why in one line."""


@dataclass
class Export:
    """What an export holds. `left`: the tables that are not read, each with how many bytes."""

    tables: dict[str, list[Row]]
    version: str
    left: dict[str, int]
    _archive: zipfile.ZipFile
    _uploads: dict[str, zipfile.ZipInfo] = field(default_factory=dict)

    def rows(self, table: str) -> list[Row]:
        """The rows of a table, in the order of their ids; none where there is no such table."""
        return self.tables.get(table, [])

    @property
    def config(self) -> dict[str, str]:
        """Their settings by key; those that are not set are left out."""
        found = {str(row.get("key")): row.get("value") for row in self.rows("config")}
        return {key: str(value) for key, value in found.items() if value not in (None, "")}

    def extract(self, location: str, goal: Path) -> bool:
        """Write an uploaded file to `goal`; whether there is one. Raises ExportRefused."""
        info = self._uploads.get(location)
        if info is None:
            return False
        with _explained(info.filename), self._archive.open(info) as source, goal.open("wb") as file:
            _copy(source, file, info.file_size)
        return True


@contextmanager
def opened(path: Path, *, any_version: bool = False) -> Iterator[Export]:
    """An export, its tables read and checked. Raises ExportRefused."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ExportRefused("there is no such file") from None
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ExportRefused(f"it is no zip, or cut short: {error}") from None
    with archive:
        members = _members(archive)
        tables, left, read = {}, {}, 0
        for name, info in members.items():
            kind, _, rest = name.partition("/")
            table = rest.removesuffix(".json")
            if kind != "db" or rest == table:
                continue
            if table not in _READ:
                left[table] = info.file_size
                continue
            read += info.file_size
            if info.file_size > MOST_OF_A_TABLE or read > MOST_OF_ALL_TABLES:
                raise ExportRefused(f"{name} is too large: {info.file_size:,} bytes")
            tables[table] = _rows(archive, info)
        if missing := [table for table in _NEEDED if table not in tables]:
            raise ExportRefused(
                f"db/{missing[0]}.json is not in it: this is no whole export of CTFd 2 or 3"
            )
        version = str((tables["alembic_version"] or [{}])[0].get("version_num") or "none")
        if version not in KNOWN_VERSIONS and not any_version:
            raise ExportRefused(
                f"its database has version {printable(version)[:64]}, which is newer than CTFd 3.8 "
                "or older than 2.0"
            )
        uploads = {
            name.removeprefix("uploads/"): info
            for name, info in members.items()
            if name.startswith("uploads/")
        }
        yield Export(tables, version, left, archive, uploads)


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
        if size > MOST_OF_UPLOADS:
            raise ExportRefused(f"it unpacks to more than {MOST_OF_UPLOADS // 1024**3} GB")
        found[name] = info
    packed = sum(info.compress_size for info in found.values())
    if size > max(_SMALL, packed * _MOST_SHRUNK):
        raise ExportRefused(f"it unpacks from {packed:,} bytes to {size:,}: that is no export")
    return found


def _rows(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> list[Row]:
    """The rows of one file: `{"count", "results", "meta"}`, or nothing where a table is empty."""
    with _explained(info.filename), archive.open(info) as file:
        # One byte more than it says of itself is not read, whatever is packed.
        content = file.read(MOST_OF_A_TABLE)
    if not content.strip():
        return []
    try:
        document = json.loads(content)
        rows, count = document["results"], document.get("count")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ExportRefused(f"{info.filename} is no table of CTFd's: {reason[:200]}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ExportRefused(f"{info.filename} is no table of CTFd's: `results` is no list of rows")
    if count is not None and count != len(rows):
        raise ExportRefused(f"{info.filename} says {count} rows, and has {len(rows)}")
    for row in rows:
        _clean(row, info.filename)
    return sorted(rows, key=lambda row: row["id"] if isinstance(row.get("id"), int) else 0)


def _clean(row: Row, name: str) -> None:
    """Take what no text holds out of a row's texts. Raises ExportRefused."""
    for column, value in row.items():
        if isinstance(value, str) and not value.isprintable():
            row[column] = value = value.replace("\0", "")
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ExportRefused(
                    f"{name}: row {row.get('id')} has a {printable(column)[:80]} that is no text"
                ) from None


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


def named(row: Row, column: str) -> int:
    """The id that a row has in a column; 0: none, for theirs begin with 1."""
    return row.get(column) or 0


def moment(value: Any) -> datetime | None:
    """A moment of theirs, which are UTC; None when there is none. Raises ValueError."""
    if value in (None, ""):
        return None
    found = datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def unix(value: str | None) -> datetime | None:
    """A moment of their settings, in Unix seconds; None when there is none. Raises ValueError."""
    try:
        return datetime.fromtimestamp(int(float(value)), UTC) if value else None
    except (OverflowError, OSError) as error:
        raise ValueError(str(error)) from None
