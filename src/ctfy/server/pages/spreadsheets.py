"""Tables as files that spreadsheets open, in which no text is taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal, Protocol

Format = Literal["csv", "xlsx"]
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# What Excel takes: https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3
_MOST_ROWS, _MOST_CHARACTERS = 1_048_576, 32_767


class Spreadsheet(Protocol):
    """A file that is written row by row."""

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        """Append rows."""

    def close(self) -> None:
        """Write what is left; the file stays open."""


def spreadsheet(format: Format, file: BinaryIO, columns: Sequence[str]) -> Spreadsheet:
    """A table with these columns, to be written into a file."""
    return _Xlsx(file, columns) if format == "xlsx" else _Csv(file, columns)


class _Csv:
    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self._file = file
        self.write([columns])

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        out = io.StringIO()
        csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
        self._file.write(out.getvalue().encode())

    def close(self) -> None:
        pass


# Spreadsheets of other locales split at `;` or tab, so a formula may begin in a text's middle.
_FORMULA = re.compile(r"""(^|[;\t\r\n])([\s"]*)(?=[-=+@])""")
_NEW_LINE = re.compile(r"[\r\n]")


def _cell(value: Any) -> Any:
    """A value as a spreadsheet may read it: no text in it is taken for a formula, or a row."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _NEW_LINE.sub(" ", _FORMULA.sub(r"\1\2'", value))
    return value


class _Xlsx:
    """Texts are written as texts, so none is a formula. Times are UTC: a cell knows no other."""

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        import xlsxwriter  # few ask for one

        self._columns = columns
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True})
        self._bold = self._book.add_format({"bold": True})
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._row = _MOST_ROWS

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            if self._row == _MOST_ROWS:  # a further sheet
                self._begin()
            for column, value in enumerate(row):
                self._put(column, value)
            self._row += 1

    def _begin(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(self._columns) - 1, 20)
        for column, name in enumerate(self._columns):
            self._sheet.write_string(0, column, name, self._bold)
        self._row = 1

    def _put(self, column: int, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._row, column, value)
        elif isinstance(value, int | float):
            self._sheet.write_number(self._row, column, value)
        elif isinstance(value, datetime):
            utc = value.astimezone(UTC).replace(tzinfo=None)
            self._sheet.write_datetime(self._row, column, utc, self._time)
        else:
            self._sheet.write_string(self._row, column, str(value)[:_MOST_CHARACTERS])

    def close(self) -> None:
        if self._row == _MOST_ROWS:
            self._begin()
        self._book.close()
