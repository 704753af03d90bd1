"""Statements that are built once: constants stand in the text, values never do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select

from ctfy.server.database.connections import _driver_url
from ctfy.server.database.statement import Statement, containing, one_of, texts
from ctfy.server.tables.instances import ALIVE, Instance
from tests.processes import ROOT

SERVER = ROOT / "src" / "ctfy" / "server"


def built_per_call(module: Path) -> Iterator[str]:
    """Where a module builds a statement in a function that does not keep it."""
    within: list[tuple[ast.AST, bool]] = [(ast.parse(module.read_text()), False)]
    while within:
        node, per_call = within.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            kept = "functools.cache" in map(ast.unparse, node.decorator_list)
            per_call = not kept and node.name != "__init__"
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if per_call and called in ("Statement", "Listing"):
            yield f"{module.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        within += [(child, per_call) for child in ast.iter_child_nodes(node)]


def test_every_statement_is_built_once() -> None:
    """Built for one request it would hold its values in its text, and be compiled each time."""
    assert [place for module in SERVER.rglob("*.py") for place in built_per_call(module)] == []


def test_constants_are_in_the_text_and_values_are_not() -> None:
    statement = Statement(
        select(Instance.id).where(
            Instance.state.in_(ALIVE),
            Instance.stop_reason == "it's",
            Instance.team_id == bindparam("team_id"),
            one_of(Instance.challenge_id, texts("ids")),
        )
    )
    assert "IN ('requested', 'starting', 'ready')" in statement.sql
    assert "= 'it''s'" in statement.sql
    hostile = "'; DROP TABLE users --"
    assert statement.arguments({"team_id": hostile, "ids": [hostile]}) == [hostile, [hostile]]
    assert "DROP" not in statement.sql


def test_a_value_that_is_missing_is_told() -> None:
    with pytest.raises(KeyError):
        Statement(select(Instance.id).where(Instance.id == bindparam("id"))).arguments({})


def test_no_statement_keeps_a_moment() -> None:
    moment = Statement(select(Instance.id).where(Instance.expires_at > datetime.now(UTC)))
    with pytest.raises(AssertionError):
        moment.sql  # noqa: B018 - it is compiled here


def test_a_pattern_holds_what_is_looked_for_as_it_is() -> None:
    assert containing("50%_/") == "%50/%/_//%"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://a@b/c", "postgresql://a@b/c"),
        ("postgresql+psycopg://a@b/c?sslmode=require", "postgresql://a@b/c?sslmode=require"),
        (
            "postgres://a@/c?host=/run/pg&connect_timeout=3&keepalives=1",
            "postgres://a@/c?host=/run/pg",
        ),
    ],
)
def test_the_driver_of_the_reads_is_told_what_it_knows(url: str, expected: str) -> None:
    assert _driver_url(url) == expected
