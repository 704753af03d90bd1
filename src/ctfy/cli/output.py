"""What both command lines share: printing for people and programs, one-line errors, exit codes."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import sys
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from itertools import accumulate
from typing import Annotated, Any, NoReturn, get_type_hints

import typer
from pydantic import BaseModel
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP = 2  # columns of the terminal, between two of a table
_LEAST = 4  # what a cell is cut down to
_WIDE = 200  # in a pipe nobody counts columns, and nothing must be cut
out = Console(highlight=False)
if not out.is_terminal:
    out.width = _WIDE
err = Console(stderr=True, highlight=False)


class Code(IntEnum):
    """How a command ended, for scripts."""

    OK = 0
    FAILED = 1
    USAGE = 2
    SIGNED_OUT = 3
    NOT_FOUND = 4
    REFUSED = 5


def fail(message: str, *, hint: str = "", code: int = Code.FAILED) -> NoReturn:
    """Say in one line what went wrong, with a hint, and exit."""
    line = f"error: {message}" + (f" — {hint}" if hint else "")
    err.print(" ".join(line.split()), markup=False, soft_wrap=True)
    raise typer.Exit(code)


def say(message: str) -> None:
    """A line for people, beside what a program reads."""
    err.print(message, markup=False, soft_wrap=True)


def cells(*texts: str) -> None:
    """A line with tabs between its cells, as it is: rich would make spaces of them."""
    out.file.write("\t".join(texts) + "\n")
    out.file.flush()


def print_markdown(text: str) -> None:
    """Show a text with its headings, lists and code."""
    from rich.markdown import Markdown  # slow to load, and of use to few commands

    out.print(Markdown(text))


AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs")]
Fields = Annotated[str, typer.Option(help="Only these, as id,name", metavar="NAMES")]
Jq = Annotated[str, typer.Option("--jq", help="A jq filter for the JSON", metavar="FILTER")]


@dataclass(frozen=True)
class Form:
    """How a result is to be printed."""

    as_json: bool = False
    fields: str = ""
    jq: str = ""


_FORM = [
    inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson),
    inspect.Parameter("fields", inspect.Parameter.KEYWORD_ONLY, default="", annotation=Fields),
    inspect.Parameter("jq", inspect.Parameter.KEYWORD_ONLY, default="", annotation=Jq),
]


def prints(
    columns: str = "",
    *,
    empty: str = "Nothing here.",
    people: Callable[[Any], None] | None = None,
    failed: Callable[[Any], bool] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """A command returns what it prints; this adds --json, --fields and --jq to its options.

    `columns` are what people see of it, `people` shows it to them in another way than as a table.
    A sentence is printed as it is. Nothing is printed of None. The command exits with 1, after the
    result is printed, when `failed` says so of it.

    >>> @app.command("list")
    ... @prints("id title phase", empty="No competitions yet.")
    ... def list_() -> list[CompetitionInfo]: ...
    """

    def wrap(command: Callable[..., Any]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(*arguments: Any, as_json: bool, fields: str, jq: str, **options: Any) -> None:
            form = Form(as_json, fields, jq)
            result = command(*arguments, **options)
            show(result, columns, form, empty=empty, people=people)
            if failed is not None and failed(result):
                raise typer.Exit(Code.FAILED)

        hints = get_type_hints(command, include_extras=True)
        signature = inspect.signature(command)
        own = [p.replace(annotation=hints[p.name]) for p in signature.parameters.values()]
        run.__annotations__ = hints | {p.name: p.annotation for p in _FORM}
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + _FORM
        run.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=parameters, return_annotation=None
        )
        return run

    return wrap


def show(
    result: Any,
    columns: str,
    form: Form,
    *,
    empty: str = "Nothing here.",
    people: Callable[[Any], None] | None = None,
) -> None:
    """Print a result: JSON when asked for, a table in a terminal, tab-separated lines in a pipe."""
    if result is None:
        return
    if form.as_json or form.jq:
        _print_json(_picked(plain(result), form.fields), form.jq)
    elif isinstance(result, str):
        out.print(result, markup=False, soft_wrap=True)
    elif people is not None and not form.fields:
        people(result)
    elif isinstance(result, Sequence):
        _print_rows([plain(row) for row in result], _names(form.fields or columns), empty)
    else:
        _print_object(plain(result), _names(form.fields or columns))


def plain(value: Any) -> Any:
    """A result as JSON knows it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, str):
        return {"message": value}
    if isinstance(value, dict):
        return value
    return [plain(item) if not isinstance(item, str) else item for item in value]


def _names(listed: str) -> list[str]:
    return listed.replace(",", " ").split()


def _pick(value: dict[str, Any], names: list[str]) -> dict[str, Any]:
    unknown = [name for name in names if name not in value]
    if unknown:
        known = ", ".join(value)
        fail(f"no field {unknown[0]}", hint=f"there are: {known}", code=Code.USAGE)
    return {name: value[name] for name in names}


def _picked(value: Any, fields: str) -> Any:
    names = _names(fields)
    if not names:
        return value
    return [_pick(row, names) for row in value] if isinstance(value, list) else _pick(value, names)


def _print_json(value: Any, jq_filter: str) -> None:
    if not jq_filter:
        out.print(json.dumps(value, ensure_ascii=False), markup=False, soft_wrap=True)
        return
    try:
        import jq
    except ImportError:
        fail("jq is not there on this system", hint="use --json and a jq of your own")
    try:
        found = jq.compile(jq_filter).input_value(value).all()
    except ValueError as error:
        first = str(error).splitlines()[0]
        fail(f"--jq: {first}", hint="see https://jqlang.org/manual", code=Code.USAGE)
    for item in found:
        line = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
        out.print(line, markup=False, soft_wrap=True)


def _print_rows(rows: list[dict[str, Any]], names: list[str], empty: str) -> None:
    if rows or not out.is_terminal:
        picked = (_pick(row, names) for row in rows)
        print_table(names, [[_cell(*pair) for pair in row.items()] for row in picked])
    else:
        out.print(empty)


def print_table(
    names: Iterable[str], rows: Iterable[Sequence[str]], *, wrapped: Container[str] = ()
) -> None:
    """Rows under headings, no wider than the terminal; in a pipe whole lines with tabs.

    Ids stay whole: they are what one types next. Other cells are cut short, or broken between
    words where their column is among `wrapped`. Columns for which nothing is left are named below.
    """
    headings, lines = list(names), [list(row) for row in rows]
    if not out.is_terminal:
        for line in lines:
            cells(*line)
        return
    ids = [name in ("id", "question") or name.endswith("_id") for name in headings]
    widest = [max(map(cell_len, column)) for column in zip(headings, *lines, strict=True)]
    least = [wide if is_id else min(wide, _LEAST) for wide, is_id in zip(widest, ids, strict=True)]
    shown = max(1, sum(total <= out.width for total in accumulate(x + _GAP for x in least)))
    left_out = ", ".join(name.replace("_", " ") for name in headings[shown:])
    made = Table(
        box=None,
        header_style="bold",
        caption=f"no room for: {left_out}" if left_out else None,
        caption_justify="left",
    )
    for name, is_id, width in list(zip(headings, ids, least, strict=True))[:shown]:
        heading = _short(name.replace("_", " "))
        made.add_column(heading, no_wrap=is_id, min_width=min(width, out.width - _GAP))
    for line in lines:
        named = zip(headings, line, strict=True)
        shortened = [Text(cell) if name in wrapped else _short(cell) for name, cell in named]
        made.add_row(*shortened[:shown])
    out.print(made)


def _short(text: str) -> Text:
    """A text that is cut short, and says so, where there is no room."""
    return Text(text, no_wrap=True, overflow="ellipsis")


def _print_object(value: dict[str, Any], names: list[str]) -> None:
    picked = _pick(value, names) if names else value
    if not out.is_terminal:
        for name, item in picked.items():
            cells(name, _cell(name, item))
        return
    width = max(map(cell_len, picked), default=0)
    for name, item in picked.items():
        heading, text = Text(name.replace("_", " "), style="bold"), _cell(name, item)
        if " " in text:
            grid = Table.grid(padding=(0, 2))
            grid.add_column(width=width)
            grid.add_row(heading, Text(text))
            out.print(grid)
        else:  # one word, as an id or an address, is left to the terminal: so it can be copied
            heading.pad_right(width + 2 - heading.cell_len)
            out.print(heading + Text(text), soft_wrap=True)


def _cell(name: str, value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith(("_at", "_ts", "last_heartbeat", "timestamp")) or name == "ts":
        return moment(value)
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return ", ".join(_cell("", item) for item in value) or "-"
    if isinstance(value, dict):
        return _in_a_cell(value)
    return " ".join(str(value).split())


def _in_a_cell(value: dict[str, Any]) -> str:
    """What stands for an object inside a cell."""
    for key in ("url", "name", "id", "message"):
        if value.get(key):
            return str(value[key])
    return ", ".join(f"{k}={_cell('', v)}" for k, v in value.items() if v not in (None, "")) or "-"


def moment(value: Any) -> str:
    """A time in the reader's own zone; `value` is ISO 8601 or Unix seconds, 0 for never."""
    if not value:
        return "-"
    if isinstance(value, int | float):
        when = datetime.fromtimestamp(value, UTC)
    elif isinstance(value, datetime):
        when = value
    else:
        when = datetime.fromisoformat(value)
    with contextlib.suppress(OverflowError):  # the last day that there is, in another zone
        when = when.astimezone()
    return f"{when:%Y-%m-%d %H:%M:%S}"


def stdin_is_a_person() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()
