"""Statements that are built once and run often: past SQLAlchemy, straight through the driver.

By way of a session, a statement costs ten times what its driver takes: building it, looking up
what it was compiled to, a transaction around it. A `Statement` is built once and compiled when it
is first run; from then on it is its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, cast

from asyncpg import Record
from sqlalchemy import (
    ARRAY,
    BindParameter,
    ClauseElement,
    ColumnElement,
    Executable,
    String,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg, PGDialect_asyncpg
from sqlalchemy.sql.compiler import SQLCompiler


class _Compiler(PGCompiler_asyncpg):
    """Writes what is the same in every run into the text, for the planner to see.

    Of a partial index PostgreSQL must know when it plans that the condition is the index's own.
    """

    def visit_bindparam(self, bindparam: Any, *args: Any, **options: Any) -> str:
        """A value, or where one goes."""
        value = bindparam.effective_value
        values = value if isinstance(value, list | tuple | set | frozenset) else [value]
        if bindparam.unique and all(isinstance(each, str | int) for each in values):
            options["literal_binds"] = True
        text: str = super().visit_bindparam(bindparam, *args, **options)  # type: ignore[no-untyped-call]
        return text


_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_DIALECT.statement_compiler = _Compiler


class Row(Record):
    """A row of an answer; its columns are attributes."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where the value of a `bindparam` goes."""

    name: str


class Statement:
    """One statement; each run gives the values of its `bindparam`s, by their names.

    A list of a length that is not known yet is one value: see `one_of`. `clause`: for a session,
    where it has to see what its transaction wrote.
    """

    def __init__(self, statement: Executable | str) -> None:
        self.clause = text(statement) if isinstance(statement, str) else statement

    @cached_property
    def _compiled(self) -> tuple[str, list[Any]]:
        compiled = cast("ClauseElement", self.clause).compile(dialect=_DIALECT)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - narrows the type
        slots = {bind.key: _Slot(bind.key) for bind in compiled.bind_names if not bind.unique}
        state = compiled.construct_expanded_state(slots)
        values = list(state.positional_parameters)
        # It would be the moment of the first run, for ever.
        assert not any(isinstance(value, datetime) for value in values), state.statement  # noqa: S101
        return state.statement, values

    @property
    def sql(self) -> str:
        """The statement as the database gets it."""
        return self._compiled[0]

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """The values in the order of the text. Raises KeyError where one is missing."""
        return [values[v.name] if type(v) is _Slot else v for v in self._compiled[1]]


def containing(text: str) -> str:
    """A pattern for `LIKE … ESCAPE '/'`: what contains a text, whatever characters it has."""
    for special in "/%_":
        text = text.replace(special, f"/{special}")
    return f"%{text}%"


def texts(name: str) -> BindParameter[Any]:
    """A parameter that is a list of strings, of any length."""
    return bindparam(name, type_=ARRAY(String))


def one_of(column: Any, values: Any) -> ColumnElement[bool]:
    """The condition that a column is one of a list's, which may be a parameter (`texts`)."""
    return column == values.any_()  # type: ignore[no-any-return]
