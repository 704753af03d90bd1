"""Whether a database is as this version needs it, found out without loading what migrates it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


def newest() -> str:
    """The revision that this version needs: the number of the newest migration."""
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))


def check(url: str) -> None:
    """Raise OSError, with one line that says why, unless there is a database that lets us in."""
    with _opened(url):
        pass


def is_newest(url: str) -> bool:
    """Whether a database has that revision. Raises OSError when it cannot be used."""
    with _opened(url) as connection:
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            return False
    return found is not None and found[0] == newest()


@contextmanager
def _opened(url: str) -> Iterator[psycopg.Connection]:
    try:
        with psycopg.connect(url) as connection:
            yield connection
    except psycopg.Error as error:
        words = str(error).strip().splitlines()[0]
        raise OSError(f"the database cannot be used: {words}") from error


def named(url: str) -> str:
    """A database by name and host, without what lets one in."""
    parts = conninfo_to_dict(url)
    return f"{parts.get('dbname', 'postgres')} at {parts.get('host', 'this machine')}"
