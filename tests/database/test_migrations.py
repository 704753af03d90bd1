"""A database that was deployed at any revision becomes what a fresh one is, and keeps its rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, NullPool, create_engine

from ctfy.server.database.connections import sqlalchemy_url
from ctfy.server.database.migrate import downgrade, revisions, upgrade
from ctfy.server.tables import Base
from tests.database.rows import fill, rows
from tests.database.schema import schema

REVISIONS = sorted(revision for revision, _ in revisions())

# Columns that a revision takes away, or whose values it rewrites on purpose.
RETIRED: set[tuple[str, str]] = set()


@contextlib.contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture(params=REVISIONS)
def deployed_database(empty_database: str, request: pytest.FixtureRequest) -> str:
    """One of each revision that there ever was."""
    upgrade(empty_database, request.param)
    return empty_database


def test_a_deployed_database_becomes_what_a_fresh_one_is(
    deployed_database: str, fresh_database: str
) -> None:
    fill(deployed_database)
    upgrade(deployed_database)
    assert schema(deployed_database) == schema(fresh_database)


def test_an_upgrade_keeps_every_row(deployed_database: str) -> None:
    before = fill(deployed_database)
    upgrade(deployed_database)
    after = rows(deployed_database)
    for table, kept in before.items():
        now = after.get(table, [])
        for row in kept:
            wanted = {k: v for k, v in row.items() if (table, k) not in RETIRED}
            assert not wanted or wanted in [{k: r.get(k) for k in wanted} for r in now], table


@pytest.mark.parametrize("revision", REVISIONS)
def test_going_back_and_forth_ends_where_it_began(fresh_database: str, revision: str) -> None:
    before = schema(fresh_database)
    downgrade(fresh_database, revision)
    upgrade(fresh_database)
    assert schema(fresh_database) == before


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
def test_alembic_finds_nothing_to_migrate(fresh_database: str) -> None:
    with connected(fresh_database) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_server_default": True,
                "include_name": lambda name, kind, _: (
                    not (kind == "table" and str(name).startswith("procrastinate_"))
                ),
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def test_the_tables_in_the_code_are_those_in_the_database(
    fresh_database: str, empty_database: str
) -> None:
    """Types that Alembic does not know and checks, which it does not look at, too."""
    with connected(empty_database) as connection:
        Base.metadata.create_all(connection)
        connection.commit()
    wanted = schema(empty_database)
    have = schema(fresh_database)
    assert {name: have.get(name) for name in wanted} == wanted


def test_the_job_engine_finds_the_tables_of_its_release(
    fresh_database: str, empty_database: str
) -> None:
    """A new release of it that changes its tables needs a revision that does so, too."""
    with psycopg.connect(empty_database) as connection:
        connection.execute(SchemaManager.get_schema().encode())
    wanted = schema(empty_database)
    have = schema(fresh_database)
    assert {name: have.get(name) for name in wanted} == wanted
    assert {name for name in have if "procrastinate_" in name} <= wanted.keys()
