"""No question of a player's makes the database look through a whole table."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import asyncpg
import httpx
import psycopg
import pytest

from bench import load, routes
from ctfy.server.app import create_app
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Row, Statement
from ctfy.server.settings import Settings
from tests.conftest import cloned_database

LARGE = 900  # rows; fewer are read as fast as looked up
# What is told of all teams at once, or counts what somebody may see, reads what it counts. These
# are to become fewer, never more.
WHOLE = {
    "/api/v1/achievements/catalog": {"teams", "team_members", "users"},
    "/api/v1/challenges/{challenge_id}/solve-attempts": {"submissions", "users", "teams"},
    "/api/v1/competitions": {"team_members", "teams", "users"},
    "/api/v1/competitions/{competition_id}/teams/search": {"team_members", "teams", "users"},
    "/api/v1/me/achievements": {"teams", "team_members", "users"},
    "/api/v1/meta": {"challenge_solves", "teams", "users"},
    "/api/v1/teams": {"team_members", "teams", "users"},
    "/api/v1/teams/{team_id}/achievements": {"teams", "team_members", "users"},
}


@pytest.fixture(scope="module")
def large_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A thousand players in two competitions, twenty thousand solves."""
    with cloned_database() as url:
        load.fill(url)
        yield url


def scanned(plan: dict[str, Any]) -> Iterator[str]:
    """The tables that a plan reads from their first row to the last."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", []):
        yield from scanned(part)


async def plans(app: Any, url: str, caller: dict[str, str]) -> dict[str, set[str]]:
    """By path: the tables that its answer reads whole."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    asking, one_at_a_time, run = "", asyncio.Lock(), Database.read
    connection = await asyncpg.connect(url)
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
        )

    async def read(database: Database, statement: Statement, **values: Any) -> list[Row]:
        async with one_at_a_time:
            question = f"EXPLAIN (FORMAT JSON) {statement.sql}"
            (answer,) = await connection.fetchval(question, *statement.arguments(values))
            found[asking].update(scanned(answer["Plan"]))
        return await run(database, statement, **values)

    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer token-{caller['user_id']}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=headers
    ) as client:
        document = (await client.get("/openapi.json")).json()
        with patch.object(Database, "read", read):
            for path, methods in document["paths"].items():
                if "get" not in methods or "/admin/" in path or path.endswith("/events"):
                    continue
                with contextlib.suppress(KeyError):
                    needed = [p["name"] for p in methods["get"].get("parameters", [])
                              if p.get("required") and p["in"] == "query"]  # fmt: skip
                    asking = path
                    await client.get(
                        path.format(**caller), params={name: caller[name] for name in needed}
                    )
    await connection.close()
    await app.services.get(Database).close()
    return dict(found)


def test_no_answer_to_a_player_reads_a_large_table_whole(
    large_database: str, tmp_path: Path
) -> None:
    with psycopg.connect(large_database, row_factory=psycopg.rows.dict_row) as connection:
        caller = connection.execute(routes.CALLER, ["comp0", 1]).fetchall()[0]
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s", [LARGE]
        ).fetchall()
    large = {row["relname"] for row in rows}
    settings = Settings(
        database_url=large_database,
        data_dir=tmp_path / "data",
        challenges_dir=load.challenges(tmp_path / "challenges"),
        secret_key=load.SECRET,
    )
    app = create_app(settings, with_worker=False)
    found = asyncio.run(plans(app, large_database, caller))
    assert len(found) > 40
    whole = {path: tables & large for path, tables in found.items() if tables & large}
    more = {path: tables - WHOLE.get(path, set()) for path, tables in whole.items()}
    assert {path: tables for path, tables in more.items() if tables} == {}
    assert set(whole) == set(WHOLE)
