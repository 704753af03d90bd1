"""Rows in every table of a database, whatever its tables are: made from PostgreSQL's catalogue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.errors import CheckViolation

Row = dict[str, Any]
_NOT_OURS = {"alembic_version"}

_COLUMNS = """
SELECT c.relname, a.attname, a.attnotnull, t.typname, format_type(a.atttypid, a.atttypmod),
    (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e
     WHERE e.enumtypid = t.oid)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY c.relname, a.attnum
"""
_REFERENCES = """
SELECT conrelid::regclass::text, confrelid::regclass::text,
    ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k(n, i)
          JOIN pg_attribute ON attrelid = conrelid AND attnum = n ORDER BY i),
    ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY k(n, i)
          JOIN pg_attribute ON attrelid = confrelid AND attnum = n ORDER BY i)
  FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class Column:
    table: str
    name: str
    required: bool
    type: str
    written_type: LiteralString
    labels: list[str] | None

    def value(self, number: int) -> str:
        """A value of the column's type, another for each number, as PostgreSQL reads it."""
        if self.labels:
            return self.labels[number % len(self.labels)]
        if self.type.startswith("_"):
            return "{}"
        match self.type:
            case "text" | "varchar":
                return f"{self.name} {number}"
            case "int2" | "int4" | "int8" | "xid8" | "float4" | "float8" | "numeric":
                return str(number)
            case "bool":
                return str(number % 2 == 1)
            case "timestamptz" | "timestamp" | "date":
                return f"2026-01-{number:02d}"
            case "json" | "jsonb":
                return json.dumps({"number": number})
            case "interval":
                return f"{number} minutes"
            case "uuid":
                return f"{number:032x}"
            case "bytea":
                return f"\\x{number:02x}"
        raise NotImplementedError(f"a value of {self.type}, for {self.table}.{self.name}")


@dataclass(frozen=True)
class Reference:
    table: str
    target: str
    columns: list[str]
    target_columns: list[str]


def fill(url: str) -> dict[str, list[Row]]:
    """Put two rows into every table; all rows there are then, by table.

    The first has a value in every column, the second only where there must be one. Row n refers
    to row n of other tables, so references over several columns agree with those over one.
    """
    with psycopg.connect(url) as connection:
        tables = _tables(connection)
        references = [Reference(*row) for row in connection.execute(_REFERENCES)]
        made: dict[str, list[Row]] = {}
        for table in _parents_first(tables, references):
            name = sql.Identifier(table)
            # What a trigger would write besides has the numbers of rows that are made here.
            connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
            made[table] = [
                _insert(connection, tables[table], references, made, number) for number in (1, 2)
            ]
            connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))
    return made


def rows(url: str) -> dict[str, list[Row]]:
    """All rows of all tables."""
    with psycopg.connect(url) as connection:
        return {
            table: [
                row
                for (row,) in connection.execute(
                    sql.SQL("SELECT to_jsonb(t) FROM {} t").format(sql.Identifier(table))
                )
            ]
            for table in _tables(connection)
        }


def _tables(connection: psycopg.Connection) -> dict[str, list[Column]]:
    tables: dict[str, list[Column]] = {}
    for row in connection.execute(_COLUMNS):
        if row[0] not in _NOT_OURS:
            tables.setdefault(row[0], []).append(Column(*row))
    return tables


def _parents_first(tables: dict[str, list[Column]], references: list[Reference]) -> list[str]:
    ordered: list[str] = []
    while left := [table for table in tables if table not in ordered]:
        ready = [
            table
            for table in left
            if all(
                reference.target in (*ordered, table)
                for reference in references
                if reference.table == table and _needed(tables[table], reference)
            )
        ]
        assert ready, f"these refer to one another in a circle: {left}"
        # Of those that could come, the ones whose every reference leads to a row.
        whole = [
            table
            for table in ready
            if all(r.target in (*ordered, table) for r in references if r.table == table)
        ]
        ordered += whole or ready[:1]
    return ordered


def _needed(columns: list[Column], reference: Reference) -> bool:
    return any(c.required for c in columns if c.name in reference.columns)


def _insert(
    connection: psycopg.Connection,
    columns: list[Column],
    references: list[Reference],
    made: dict[str, list[Row]],
    number: int,
) -> Row:
    """A row with all its columns, or (every second one) with as few as the table lets pass."""
    table = columns[0].table
    values = {column.name: column.value(number) for column in columns}
    for reference in references:
        if reference.table == table:
            for name, target in zip(reference.columns, reference.target_columns, strict=True):
                there = made.get(reference.target)
                values[name] = there[number - 1][target] if there else None
    sparse = {c.name: values[c.name] if c.required else None for c in columns}
    for attempt in (sparse, values) if number % 2 == 0 else (values,):
        statement = sql.SQL(
            "INSERT INTO {} AS t ({}) OVERRIDING SYSTEM VALUE VALUES ({}) RETURNING to_jsonb(t)"
        ).format(
            sql.Identifier(table),
            sql.SQL(", ").join(sql.Identifier(c.name) for c in columns),
            sql.SQL(", ").join(sql.SQL("%s::text::" + c.written_type) for c in columns),
        )
        try:
            with connection.transaction():
                (row,) = connection.execute(statement, list(attempt.values())).fetchone() or ()
                return row
        except CheckViolation:
            if attempt is values:
                raise
    raise AssertionError("unreachable")
