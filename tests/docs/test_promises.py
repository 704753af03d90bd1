"""Each promise of the security model names a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()


def defined() -> set[str]:
    """The names of all tests."""
    code = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return set(re.findall(r"^\s*(?:async )?def (test_\w+)", code, re.MULTILINE))


def test_every_promise_names_a_test_that_is_there() -> None:
    tables = re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
    promises = [
        row
        for table in tables
        if "its test" in table.splitlines()[0]
        for row in table.splitlines()[2:]
    ]
    assert len(promises) > 10
    without = [row for row in promises if not re.search(r"`(test_\w+|tests/[^`]+)`", row)]
    assert without == []
    tests = defined()
    assert set(re.findall(r"`(test_\w+)`", PAGE)) <= tests
    for path in re.findall(r"`(tests/[^`:]+)`", PAGE):
        assert (ROOT / path).exists(), path
