"""What `pg_dump` writes as plain SQL: the rows of its COPY blocks, and no statement is ever run.

https://www.postgresql.org/docs/current/sql-copy.html (text format), and of the file's beginning
and end `pg_backup_archiver.c`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ctfy.challenge.folders import printable
from ctfy.server.moving.source import ExportRefused

MOST_OF_A_DUMP = 1024**3
MOST_OF_A_LINE = 16 * 1024 * 1024
MOST_OF_A_COPY = 10_000  # characters, of the statement that begins one
MOST_ROWS = 1_000_000
Cells = dict[str, str | None]

_NAME = r'(?:"(?:[^"]|"")*"|[a-z_][a-z0-9_$]*)'
_COPY = re.compile(
    rf"\s*COPY\s+(?:{_NAME}\.)?(?P<table>{_NAME})\s*\((?P<columns>[^()]*)\)\s+FROM\s+stdin\s*;?\s*",
    re.I,
)
_COLUMN = re.compile(rf"\s*({_NAME})\s*(?:,|$)", re.I)
_COPIES = re.compile(r"\s*COPY\b.*\bFROM\s+stdin\b", re.I | re.S)
_INSERTS = re.compile(rf"\s*INSERT\s+INTO\s+(?:{_NAME}\.)?(?P<table>{_NAME})[\s(]", re.I)
_ENCODING = re.compile(r"\s*SET\s+client_encoding\s*=\s*'([^']*)'", re.I)
# Where a statement's text is not a statement's: strings, quoted names, comments, `$$` bodies.
_QUOTES = re.compile(r"\b[Ee]'|'|\"|--|/\*|\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$|;")
_ESCAPE = re.compile(r"\\(.?)", re.S)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_COMMENT = re.compile(r"/\*|\*/")
_STRING_END = re.compile(r"(?:[^'\\]++|\\.|'')*+'")  # of one with backslashes
_START = b"-- PostgreSQL database "
_END = "-- PostgreSQL database dump complete"
# What the beginnings of other files say that they are, and the command that makes the right one.
_ARCHIVE = "it is in pg_dump's {} format: `pg_restore --file=rctf.sql {{name}}` makes SQL of it"
_PACKED = "it is compressed: `{} {{name}}` unpacks it"
_OTHERS: tuple[tuple[bytes, int, str], ...] = (
    (b"PGDMP", 0, _ARCHIVE.format("custom")),
    (b"ustar", 257, _ARCHIVE.format("tar")),
    (b"\x1f\x8b", 0, _PACKED.format("gunzip")),
    (b"BZh", 0, _PACKED.format("bunzip2")),
    (b"\xfd7zXZ", 0, _PACKED.format("unxz")),
    (b"\x28\xb5\x2f\xfd", 0, _PACKED.format("unzstd")),
    (b"PK\x03\x04", 0, "it is a zip: unpack it, and give the SQL file that is in it"),
    (b"\xff\xfe", 0, "it is UTF-16, as a PowerShell's `>` writes it: {right}"),
)
RIGHT = "`pg_dump --file=rctf.sql rctf` makes the right file"


@dataclass
class Dump:
    """The rows of the tables that were asked for, and of the others how many they have."""

    tables: dict[str, list[Cells]] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)


def read(path: Path, wanted: frozenset[str]) -> Dump:
    """The rows of tables, from whichever schema. Raises ExportRefused."""
    if path.is_dir():
        raise ExportRefused(_ARCHIVE.format("directory").format(name=printable(path.name)))
    try:
        with path.open("rb") as file:
            _look(file, path)
            return _Reader(_Lines(file), wanted).read()
    except FileNotFoundError:
        raise ExportRefused("there is no such file") from None
    except OSError as error:
        raise ExportRefused(f"it cannot be read: {error.strerror}") from None


def _look(file: BinaryIO, path: Path) -> None:
    """Refuse what the beginning says is another kind of file. Raises ExportRefused."""
    start = file.read(4096)
    for magic, offset, problem in _OTHERS:
        if start[offset : offset + len(magic)] == magic:
            raise ExportRefused(problem.format(name=printable(path.name), right=RIGHT))
    if b"\0" in start:
        raise ExportRefused(f"it is no text: {RIGHT}")
    if _START not in start[:80]:
        raise ExportRefused(f"it does not begin as pg_dump's SQL does: {RIGHT}")
    file.seek(0)
    if file.seek(0, 2) > MOST_OF_A_DUMP:
        raise ExportRefused(f"it is larger than {MOST_OF_A_DUMP // 1024**3} GB")
    file.seek(0)


class _Lines:
    """The lines of a file with their numbers, none of them without bound."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number = 0
        self.is_whole = True

    def __iter__(self) -> Iterator[bytes]:
        while line := self._file.readline(MOST_OF_A_LINE + 1):
            self.number += 1
            if len(line) > MOST_OF_A_LINE:
                raise self.refused(f"is longer than {MOST_OF_A_LINE // 1024**2} MB")
            self.is_whole = line.endswith(b"\n")
            yield line.rstrip(b"\r\n")

    def text(self, line: bytes) -> str:
        """A line as text. Raises ExportRefused."""
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise self.refused("is no UTF-8: `pg_dump --encoding=UTF8` writes it so") from None

    def refused(self, problem: str) -> ExportRefused:
        """What is wrong with the line that was read last."""
        return ExportRefused(f"line {self.number} {problem}")


class _Reader:
    """Follows a script's statements only so far as to know where one ends and rows begin."""

    def __init__(self, lines: _Lines, wanted: frozenset[str]) -> None:
        self._lines, self._wanted = lines, wanted
        self._each = iter(lines)
        self._dump = Dump()
        self._statement: list[str] = []
        self._open = ""  # what closes the string, comment or body that a line ended in
        self._comments = 0
        self._length = 0  # of the statement
        self._rows = 0
        self._is_whole = False

    def read(self) -> Dump:
        """The rows. Raises ExportRefused."""
        for line in self._each:
            text = self._lines.text(line)
            if not self._open and not self._statement:
                if text.startswith(_END):
                    self._is_whole = True
                    continue
                if not text.strip() or text.startswith(("--", "\\")):
                    continue
            self._scan(text)
        if self._open or self._statement or not self._is_whole:
            raise ExportRefused("it is cut short: its end says nothing of a complete dump")
        return self._dump

    def _scan(self, text: str) -> None:
        """Take a line's text into its statement, and heed each that ends in it."""
        place = start = 0
        while place < len(text):
            if self._open:
                place = self._close(text, place)
                continue
            found = _QUOTES.search(text, place)
            if found is None:
                break
            token, place = found[0], found.end()
            if token == "--":
                text = text[: found.start()]
                break
            if token == ";":
                self._statement.append(text[start:place])
                statement, self._statement, start = "\n".join(self._statement), [], place
                self._is_whole = False
                self._heed(statement)
            elif token == "/*":
                self._open, self._comments = "*/", 1
            else:
                self._open = token.upper() if len(token) == 2 and token[1] == "'" else token
        if text[start:].strip():
            self._statement.append(text[start:])
            self._length += len(text)
            if self._length > MOST_OF_A_LINE:
                raise self._lines.refused("is in a statement without an end")
        if not self._statement:
            self._length = 0

    def _close(self, text: str, place: int) -> int:
        """Where what is open is closed; the line's end where it is not."""
        if self._open == "*/":
            for found in _COMMENT.finditer(text, place):
                self._comments += 1 if found[0] == "/*" else -1
                if not self._comments:
                    self._open = ""
                    return found.end()
            return len(text)
        if self._open == "E'":
            found_end = _STRING_END.match(text, place)
            end = found_end.end() if found_end else -1
        else:
            at = text.find(self._open, place)
            end = at + len(self._open) if at >= 0 else -1
        if end < 0:
            return len(text)
        self._open = ""  # a doubled quotation mark opens it again at once
        return end

    def _heed(self, statement: str) -> None:
        insert = _INSERTS.match(statement, 0, MOST_OF_A_COPY)
        if encoding := _ENCODING.match(statement):
            if encoding[1].upper().replace("-", "") not in ("UTF8", "SQL_ASCII"):
                raise ExportRefused(
                    f"it is written in {printable(encoding[1])[:40]}: "
                    "`pg_dump --encoding=UTF8 --file=rctf.sql rctf` makes the right file"
                )
        elif copy := _COPY.fullmatch(statement, 0, MOST_OF_A_COPY):
            self._copy(_bare(copy["table"]), copy["columns"])
        elif _COPIES.match(statement, 0, MOST_OF_A_COPY):
            raise self._lines.refused("copies rows in a way that pg_dump does not")
        elif insert and _bare(insert["table"]) in self._wanted:
            raise ExportRefused(f"its rows are INSERT statements, from --inserts: {RIGHT}")

    def _copy(self, table: str, given: str) -> None:
        """The rows of a table, down to the line that ends them."""
        columns = [_bare(name) for name in _COLUMN.findall(given)]
        if table in self._dump.tables:
            raise ExportRefused(
                f"it has the table {table} twice, of two databases or schemas: "
                "`pg_dump --schema=public --file=rctf.sql rctf` writes one"
            )
        keep = self._keeper(table, columns)
        for line in self._each:
            if line == b"\\.":
                return
            if not self._lines.is_whole:
                break
            self._rows += 1
            if self._rows > MOST_ROWS:
                raise ExportRefused(f"it has more than {MOST_ROWS:,} rows")
            keep(line)
        raise ExportRefused(f"it is cut short, in the rows of {printable(table)[:80]}")

    def _keeper(self, table: str, columns: list[str]) -> Callable[[bytes], None]:
        if table not in self._wanted:
            shown = printable(table)[:80]
            self._dump.left.setdefault(shown, 0)

            def count(line: bytes) -> None:
                self._dump.left[shown] += 1

            return count
        rows = self._dump.tables.setdefault(table, [])

        def keep(line: bytes) -> None:
            cells = self._lines.text(line).split("\t")
            if len(cells) != len(columns):
                raise self._lines.refused(
                    f"has {len(cells)} values, and {table} {len(columns)} columns"
                )
            try:
                values = [_value(cell) for cell in cells]
            except LookupError:
                raise self._lines.refused("has a backslash that pg_dump does not write") from None
            rows.append(dict(zip(columns, values, strict=True)))

        return keep


def _bare(name: str) -> str:
    """A name as the database knows it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _value(cell: str) -> str | None:
    r"""A value of the text format: `\N` is none, and a backslash escapes. Raises LookupError."""
    if cell == "\\N":
        return None
    return _ESCAPE.sub(lambda found: _ESCAPED[found[1]], cell) if "\\" in cell else cell
