"""Bringing a database to this version's schema."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from ctfy.server.database.connections import sqlalchemy_url

# One fixed number, so that replicas that start together migrate one after the other.
_LOCK = 0x63746679


class NewerDatabase(RuntimeError):
    """The database was migrated by a newer version of ctfy."""


def config(connection: Connection | None = None, tables: MetaData | None = None) -> Config:
    """Alembic's configuration, in code so that an installed wheel needs no ini file."""
    result = Config(cmd_opts=Namespace(quiet=True))
    result.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    result.attributes["connection"] = connection
    result.attributes["tables"] = tables
    return result


class MigrationRefused(RuntimeError):
    """There is no such revision, or it lies the other way."""


def head() -> str:
    """The revision that this version needs."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def revisions() -> list[tuple[str, str]]:
    """Every revision with its name, newest first."""
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    return [(script.revision, script.doc or "") for script in scripts]


def known_revisions() -> set[str]:
    """Every revision that this version knows."""
    return {revision for revision, _ in revisions()}


def current(url: str) -> str | None:
    """The database's revision; None when it holds nothing of ours."""
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(url: str, revision: str = "head") -> None:
    """Apply every missing migration. Raises NewerDatabase, and changes nothing, on a newer one.

    With a `revision`, up to there; raises MigrationRefused when there is none of that name.
    """
    with _connected(url) as connection:
        have = MigrationContext.configure(connection).get_current_revision()
        if revision == "head" and have == head():
            return
        if have is not None and have not in known_revisions():
            raise NewerDatabase(
                f"the database is at revision {have}, which this version does not know: "
                "it was used by a newer ctfy. Upgrade ctfy or point CTFY_DATABASE_URL elsewhere"
            )
        _run(command.upgrade, connection, revision)


def downgrade(url: str, revision: str) -> None:
    """Take migrations back, to the first at most. Raises MigrationRefused."""
    if revision == "base":
        raise MigrationRefused("this would delete everything: drop the database instead")
    with _connected(url) as connection:
        _run(command.downgrade, connection, revision)


def stamp(url: str, revision: str) -> None:
    """Note a revision without migrating. Raises MigrationRefused."""
    with _connected(url) as connection:
        _run(command.stamp, connection, revision)


def add_revision(url: str, message: str, tables: MetaData | None = None) -> Path:
    """Write a migration on top of the newest one; its path. Raises MigrationRefused.

    With `tables` it holds what they have and the database has not.
    """
    number = f"{int(head()) + 1:04d}"
    with _connected(url) as connection:
        try:
            made = command.revision(
                config(connection, tables), message, autogenerate=tables is not None, rev_id=number
            )
        except (CommandError, OSError) as error:
            raise MigrationRefused(str(error)) from error
    assert not isinstance(made, list)  # noqa: S101 - one head, one script
    assert made is not None  # noqa: S101
    return Path(made.path)


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield connection


def _run(step: Callable[[Config, str], None], connection: Connection, revision: str) -> None:
    try:
        step(config(connection), revision)
    except (CommandError, SQLAlchemyError) as error:
        known = ", ".join(sorted(known_revisions()))
        words = str(error).splitlines()[0]
        raise MigrationRefused(f"{words}; there are: {known}") from error
