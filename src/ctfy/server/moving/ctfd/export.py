"""CTFd's export: a zip of `db/*.json`, a file for each table, and `uploads/`.

https://docs.ctfd.io/docs/exports/ctfd-exports/
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ctfy.challenge.folders import printable
from ctfy.server.moving import zips
from ctfy.server.moving.source import ExportRefused, Key, Row, VersionUnknown, cleaned, moment
from ctfy.server.moving.tables import Tables

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

_TIMED = ("challenges", "users", "teams", "submissions", "solves", "awards", "hints")
_NAMES = {"user_id": "users", "team_id": "teams", "challenge_id": "challenges"}


@dataclass
class Export:
    """What an export holds. `left`: the tables that are not read, each with how many bytes."""

    tables: Tables
    version: str
    left: dict[str, int]
    _archive: zips.Archive
    config: dict[str, str] = field(default_factory=dict)

    def rows(self, table: str) -> list[Row]:
        """The rows of a table, in the order of their ids; none where there is no such table."""
        return self.tables.rows(table)

    def extract(self, location: str, goal: Path) -> bool:
        """Write an uploaded file to `goal`; whether there is one. Raises ExportRefused."""
        return self._archive.extract(f"uploads/{location}", goal)

    @property
    def in_teams(self) -> bool:
        """Whether teams play, or everybody alone."""
        return self.config.get("user_mode", "teams") != "users"

    @property
    def account(self) -> str:
        """The column that says whose an answer is: a team's, or where all play alone a user's."""
        return "team_id" if self.in_teams else "user_id"


@contextmanager
def opened(path: Path, *, any_version: bool = False) -> Iterator[Export]:
    """An export, its tables read and checked. Raises ExportRefused."""
    with zips.opened(path) as archive:
        tables, left = {}, {}
        for name in archive.names:
            kind, _, rest = name.partition("/")
            table = rest.removesuffix(".json")
            if kind != "db" or rest == table:
                continue
            if table in _READ:
                tables[table] = _rows(archive, name)
            else:
                left[table] = archive.size(name)
        if missing := [table for table in _NEEDED if table not in tables]:
            raise ExportRefused(
                f"db/{missing[0]}.json is not in it: this is no whole export of CTFd 2 or 3"
            )
        version = str((tables["alembic_version"] or [{}])[0].get("version_num") or "none")
        if version not in KNOWN_VERSIONS and not any_version:
            raise VersionUnknown(
                f"its database has version {printable(version)[:64]}, which is newer than CTFd 3.8 "
                "or older than 2.0"
            )
        export = Export(Tables(tables, lambda table: f"db/{table}.json"), version, left, archive)
        export.config = {
            str(row.get("key")): str(row["value"])
            for row in export.rows("config")
            if row.get("value") not in (None, "")
        }
        _check(export)
        yield export


def _rows(archive: zips.Archive, name: str) -> list[Row]:
    """The rows of one file: `{"count", "results", "meta"}`, or nothing where a table is empty."""
    document = archive.document(name)
    if document is None:
        return []
    rows = document.get("results") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ExportRefused(f"{name} is no table of CTFd's: `results` is no list of rows")
    count = document.get("count")
    if count is not None and count != len(rows):
        raise ExportRefused(f"{name} says {count} rows, and has {len(rows)}")
    rows = [cleaned(row, f"{name}: row {row.get('id')}") for row in rows]
    return sorted(rows, key=lambda row: row["id"] if isinstance(row.get("id"), int) else 0)


def _check(export: Export) -> None:
    """Raise ExportRefused on rows that name what is not there, or have no moment that is one."""
    export.tables.check(int, dict.fromkeys(_TIMED, _NAMES))
    for table in _TIMED:
        for row in export.rows(table):
            try:
                for column in ("date", "created"):
                    moment(row.get(column))
                for column in ("value", "cost"):
                    int(row.get(column) or 0)
            except (ValueError, TypeError, OverflowError) as error:
                place, id_ = export.tables.place(table), row["id"]
                raise ExportRefused(f"{place}: row {id_}: {printable(str(error))[:200]}") from None
    submitted = {row["id"]: row for row in export.rows("submissions")}
    for row in export.rows("solves"):
        given = submitted.get(row["id"])
        if given is None or given.get("date") is None or row.get("challenge_id") is None:
            raise ExportRefused(
                f"db/solves.json: row {row['id']} has no answer in db/submissions.json"
            )


def named(row: Row, column: str) -> Key | None:
    """The id that a row has in a column; None where it has none, for theirs begin with 1."""
    return row.get(column) or None


def unix(value: str | None) -> datetime | None:
    """A moment of their settings, in Unix seconds; None when there is none. Raises ValueError."""
    try:
        return datetime.fromtimestamp(int(float(value)), UTC) if value else None
    except (OverflowError, OSError) as error:
        raise ValueError(str(error)) from None
