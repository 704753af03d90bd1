"""A CSV file of people, as spreadsheets write them: encoding, delimiter and columns are found."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from ctfy.core.errors import Invalid

MOST_ROWS = 50_000
MOST_BYTES = 16 * 1024 * 1024
_MOST_FIELD = 1000  # characters; none of what is read is longer
_MOST_COLUMNS = 100
_SPACES = " \t\r\n\u00a0"  # around what spreadsheets hold; more would hide what a name does
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_COLUMNS = {
    "name": "name",
    "display name": "name",
    "email": "email",
    "e-mail": "email",
    "mail": "email",
    "email address": "email",
    "e-mail address": "email",
    "password": "password",
    "passwort": "password",
    "team": "team",
    "team name": "team",
    "bracket": "bracket",
    "competition": "competition",
}
_UTF_8_BOM, _UTF_32_LE_BOM = b"\xef\xbb\xbf", b"\xff\xfe\x00\x00"
_UTF_16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class Line:
    """A row as it was written; `number` is its line in the file."""

    number: int
    name: str = ""
    email: str = ""
    password: str = ""
    team: str = ""
    bracket: str = ""
    competition: str = ""
    overlong: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """What a file holds, and how it was read. `ignored`: the columns that mean nothing here."""

    lines: list[Line]
    encoding: str
    delimiter: str
    ignored: list[str]


def read(content: bytes) -> File:
    """The rows of a file.

    Raises `csv_encoding`, `csv_header`, `csv_malformed`, `csv_empty`, `csv_too_many_rows`.
    """
    text, encoding = _decoded(content)
    delimiter, header = _header(text)
    columns = [_COLUMNS.get(name) for name in header]
    if twice := {name for name in columns if name and columns.count(name) > 1}:
        raise Invalid("csv_header", f"Two columns are the {min(twice)}; keep one of them.")
    lines = []
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        next(rows)
        number = rows.line_num + 1
        for cells in rows:
            if any(cell.strip() for cell in cells):
                lines.append(_line(number, columns, cells))
            if len(lines) > MOST_ROWS:
                raise Invalid(
                    "csv_too_many_rows",
                    f"More than {MOST_ROWS} rows: make several files of it.",
                    cap=MOST_ROWS,
                )
            number = rows.line_num + 1
    except csv.Error as error:
        raise Invalid(
            "csv_malformed", f"Line {number} is not CSV: {error}.", line=number
        ) from error
    if not lines:
        raise Invalid("csv_empty", "There is nobody in this file: it has a header and no rows.")
    unknown = [name for name, column in zip(header, columns, strict=True) if name and not column]
    return File(lines, encoding, _DELIMITERS[delimiter], unknown)


def _decoded(content: bytes) -> tuple[str, str]:
    """The text of a file and the encoding that it has."""
    if content.startswith(_UTF_32_LE_BOM):
        raise _encoding("is UTF-32")
    if content.startswith(_UTF_16_BOMS) or _looks_like_utf_16(content):
        encoding = "utf-16" if content.startswith(_UTF_16_BOMS) else _utf_16_of(content)
        text = _strictly(content, encoding, "begins as UTF-16 and is not")
        name = "UTF-16"
    elif content.startswith(_UTF_8_BOM):
        text, name = _strictly(content, "utf-8-sig", "begins as UTF-8 and is not"), "UTF-8"
    else:
        try:
            text, name = content.decode("utf-8"), "UTF-8"
        except UnicodeDecodeError:
            # What spreadsheets write in the west when nobody asks them for UTF-8.
            text = _strictly(content, "windows-1252", "is neither UTF-8 nor Windows-1252")
            name = "Windows-1252"
    if "\0" in text:
        raise _encoding("holds NUL characters, which no text does")
    return text, name


def _strictly(content: bytes, encoding: str, otherwise: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeError as error:
        raise _encoding(otherwise) from error


def _encoding(what: str) -> Invalid:
    return Invalid("csv_encoding", f"This file {what}. Save it as CSV UTF-8 and try again.")


def _looks_like_utf_16(content: bytes) -> bool:
    start = content[:200]
    return len(start) >= 4 and (not any(start[1::2]) or not any(start[::2]))


def _utf_16_of(content: bytes) -> str:
    return "utf-16-le" if not any(content[1:200:2]) else "utf-16-be"


def _header(text: str) -> tuple[str, list[str]]:
    """The delimiter with which the first line names most columns, and that line's cells."""
    first = io.StringIO(text[:20_000], newline="")
    best: tuple[int, str, list[str]] = (0, ",", [])
    for delimiter in _DELIMITERS:
        first.seek(0)
        try:
            cells = next(csv.reader(first, delimiter=delimiter), [])
        except csv.Error:
            continue
        names = [" ".join(cell.lower().replace("_", " ").split()) for cell in cells]
        known = sum(name in _COLUMNS for name in names)
        if known > best[0]:
            best = (known, delimiter, names)
    known, delimiter, names = best
    if len(names) > _MOST_COLUMNS:
        raise Invalid("csv_header", f"More than {_MOST_COLUMNS} columns.")
    if "email" not in {_COLUMNS.get(name) for name in names}:
        raise Invalid(
            "csv_header",
            "The first line names no `email` column. It names the columns, in any order: name, "
            "email, password, team, bracket, competition.",
        )
    return delimiter, names


def _line(number: int, columns: list[str | None], cells: list[str]) -> Line:
    line = Line(number, overlong=len(cells) > len(columns))
    for column, cell in zip(columns, cells, strict=False):
        if column:
            # A password is as it was written; nothing else begins or ends with a space.
            text = cell if column == "password" else cell.strip(_SPACES)
            line.overlong |= len(text) > _MOST_FIELD
            setattr(line, column, text[:_MOST_FIELD])
    return line
