"""Bringing a database to this version's schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from ctfy.server.database.engine import sqlalchemy_url

# One fixed number, so that replicas that start together migrate one after the other.
_LOCK = 0x63746679


class NewerDatabase(RuntimeError):
    """The database was migrated by a newer version of ctfy."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, in code so that an installed wheel needs no ini file."""
    result = Config()
    result.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    result.attributes["connection"] = connection
    return result


def upgrade(url: str) -> None:
    """Apply every missing migration. Raises NewerDatabase, and changes nothing, on a newer one."""
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    scripts = ScriptDirectory.from_config(config())
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        current = MigrationContext.configure(connection).get_current_revision()
        if current == scripts.get_current_head():
            return
        if current is not None and current not in {s.revision for s in scripts.walk_revisions()}:
            raise NewerDatabase(
                f"the database is at revision {current}, which this version does not know: "
                "it was used by a newer ctfy. Upgrade ctfy or point CTFY_DATABASE_URL elsewhere"
            )
        command.upgrade(config(connection), "head")
