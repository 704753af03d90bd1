"""Whether a database is as this version needs it, found out without loading what migrates it."""

from __future__ import annotations

from pathlib import Path

import psycopg

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


def newest() -> str:
    """The revision that this version needs: the number of the newest migration."""
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))


def is_newest(url: str) -> bool:
    """Whether a database has that revision. Raises OSError when it is not there."""
    try:
        database = psycopg.connect(url)
    except psycopg.OperationalError as error:
        raise OSError(f"the database cannot be used: {str(error).splitlines()[0]}") from error
    with database as connection:
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            return False
    return found is not None and found[0] == newest()
