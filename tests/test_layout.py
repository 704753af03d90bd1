"""What tests share is in a conftest.py or in a module that says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT

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
