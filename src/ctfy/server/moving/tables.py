"""Tables of another platform's database: what their rows promise each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ctfy.challenge.folders import printable
from ctfy.server.moving.source import ExportRefused, Key, Row


@dataclass
class Tables:
    """Rows by table. `place`: where the file has a table, for messages."""

    by_name: dict[str, list[Row]]
    place: Callable[[str], str]

    def rows(self, table: str) -> list[Row]:
        """The rows of a table, in their order; none where there is no such table."""
        return self.by_name.get(table, [])

    def check(self, kind: type[Key], names: Mapping[str, Mapping[str, str]]) -> None:
        """Raise ExportRefused where an id of a table is none, or no row is there that one names.

        `names`: per table its columns that name rows, each with the table that has those.
        """
        others = {other for columns in names.values() for other in columns.values()}
        ids = {table: {_hashable(row.get("id")) for row in self.rows(table)} for table in others}
        for table, columns in names.items():
            seen: set[Key] = set()
            for row in self.rows(table):
                id_ = row.get("id")
                if not isinstance(id_, kind) or id_ in seen:
                    problem = f"a row has the id {_shown(id_)}, which is none, or is there twice"
                    raise ExportRefused(f"{self.place(table)}: {problem}")
                seen.add(id_)
                for column, other in columns.items():
                    named = row.get(column)
                    if named is not None and _hashable(named) not in ids[other]:
                        raise ExportRefused(
                            f"{self.place(table)}: row {_shown(id_)} names {other} "
                            f"{_shown(named)}, which {self.place(other)} has not"
                        )


def _hashable(value: object) -> object:
    return value if isinstance(value, int | str | float) else repr(value)


def _shown(value: object) -> str:
    return printable(str(value) if isinstance(value, int | str) else repr(value))[:80]
