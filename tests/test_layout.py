"""What tests share is in a conftest.py or in a module that says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import PATIENCE_S, ROOT

FOLDERS = ("tests", "bench", "tools")


def imported(module: Path) -> Iterator[str]:
    """The full names of what a module imports, wherever in it."""
    package = ".".join(module.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] + "." if node.level else ""
            source = above + (node.module or "")
            yield from (f"{source}.{name.name}" for name in node.names)


def imported_tests(module: Path) -> set[str]:
    """The names of test modules, among those that a module imports."""
    return {
        name
        for name in imported(module)
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_test_is_imported_from_elsewhere(folder: str) -> None:
    found = {
        str(module.relative_to(ROOT)): names
        for module in (ROOT / folder).rglob("*.py")
        if (names := imported_tests(module))
    }
    assert found == {}


# What is waited with, whose first argument is a number of seconds.
WAITS = frozenset({"wait", "result", "join", "timeout", "get", "acquire", "settimeout"})


def seconds_waited(call: ast.Call) -> Iterator[float]:
    """The numbers of seconds that a call names by itself as the most that it waits."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    named = [keyword.value for keyword in call.keywords if keyword.arg == "timeout"]
    for value in [*named, *(call.args[:1] if name in WAITS else ())]:
        if isinstance(value, ast.Constant) and type(value.value) in (int, float):
            yield value.value  # type: ignore[misc]


def test_nothing_waits_for_fewer_seconds_than_a_busy_machine_may_need() -> None:
    """PATIENCE_S is the bound. A shorter one stands beside its reason, in a comment.

    Below one second somebody looks again and again, or does not wait at all.
    """
    found = []
    for module in (ROOT / "tests").rglob("*.py"):
        lines = module.read_text().splitlines()
        calls = (n for n in ast.walk(ast.parse("\n".join(lines))) if isinstance(n, ast.Call))
        for call in calls:
            if not any(1 <= seconds < PATIENCE_S for seconds in seconds_waited(call)):
                continue
            if not any("#" in line for line in lines[call.lineno - 1 : call.end_lineno]):
                found.append(f"{module.relative_to(ROOT)}:{call.lineno}")
    assert found == []
