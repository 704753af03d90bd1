"""A revision does tomorrow what it did when it was written."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ctfy.server.database import migrate
from ctfy.server.database.revision import is_newest, newest
from tests.conftest import cloned_database

MIGRATIONS = Path(migrate.__file__).with_name("migrations")
VERSIONS = MIGRATIONS / "versions"
REVISIONS = sorted(VERSIONS.glob("*.py"))
FROZEN = Path(__file__).with_name("frozen.sha256")
LIBRARIES = {"alembic", "confusable_homoglyphs", "sqlalchemy"}

each_revision = pytest.mark.parametrize("revision", REVISIONS, ids=lambda path: path.stem)


def imported(module: Path) -> Iterator[str]:
    """The packages that a module imports from; `.` for its own."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0] if node.level == 0 else "."


def sql_files(module: Path) -> set[str]:
    """The SQL files that a module names."""
    texts = (
        n.value for n in ast.walk(ast.parse(module.read_text())) if isinstance(n, ast.Constant)
    )
    return {text for text in texts if isinstance(text, str) and text.endswith(".sql")}


@each_revision
def test_a_revision_imports_nothing_that_changes_with_the_code(revision: Path) -> None:
    assert set(imported(revision)) <= sys.stdlib_module_names | LIBRARIES


@each_revision
def test_a_revision_names_sql_files_of_its_own_number(revision: Path) -> None:
    number = revision.name.partition("_")[0]
    assert {name.partition("_")[0] for name in sql_files(revision)} <= {number}


def test_each_sql_file_is_named_by_one_revision() -> None:
    named = Counter(name for revision in REVISIONS for name in sql_files(revision))
    there = {str(path.relative_to(VERSIONS)) for path in VERSIONS.rglob("*.sql")}
    assert named == Counter(there)


def test_no_sql_lies_outside_the_revisions() -> None:
    assert set(MIGRATIONS.rglob("*.sql")) == set(VERSIONS.glob("*.sql"))


def test_the_newest_is_known_without_loading_what_migrates() -> None:
    """What every start asks: whether there is anything to migrate."""
    assert newest() == migrate.head()
    with cloned_database() as url:
        assert is_newest(url)
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0001'")
        assert not is_newest(url)
        with psycopg.connect(url) as connection:
            connection.execute("DROP TABLE alembic_version")
        assert not is_newest(url)


def test_a_revision_that_others_stand_on_is_not_changed() -> None:
    """Once one is released or has a successor, databases were made by it: write another one.

    The newest may wait: `sha256sum 0005_* >> …/tests/database/frozen.sha256`, in its folder.
    """
    frozen = {
        name: digest
        for digest, name in (line.split("  ") for line in FROZEN.read_text().splitlines())
    }
    files = [path for path in VERSIONS.iterdir() if path.suffix in {".py", ".sql"}]
    now = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    newest = {name for name in now if name.startswith(migrate.head())}
    assert frozen == {k: v for k, v in now.items() if k not in newest or k in frozen}
