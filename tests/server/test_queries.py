"""Every list is one query, however long it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import psycopg
import pytest
from sqlalchemy import event

from ctfy.server.app import create_app
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Row, Statement
from ctfy.server.settings import Settings
from tests.conftest import Arena
from tests.playing import start
from tests.processes import CHALLENGES, Stack

LISTS = [
    "/competitions",
    "/competitions/{competition}/challenges",
    "/competitions/{competition}/scoreboard",
    "/instances",
    "/submissions",
    "/auth/tokens",
    "/nodes",
    "/teams",
    "/competitions/{competition}/teams/search",
    "/challenges",
    "/activities",
    "/achievements/recent-unlocks",
    "/scoreboard",
    "/scoreboard/challenges",
]
# Beside the list itself: who calls, whether they may see the competition, a cold projection.
ALSO = {
    "/competitions": 1,
    "/competitions/{competition}/challenges": 2,
    "/competitions/{competition}/scoreboard": 2,
    "/nodes": 0,
    "/teams": 0,
}


ADMIN_LISTS = [
    "/admin/users",
    "/admin/competitions",
    "/admin/competitions/{competition}/registrations",
    "/admin/competitions/{competition}/admins",
    "/admin/competitions/{competition}/invites",
    "/admin/activities",
    "/admin/announcements",
    "/admin/instances",
    "/admin/instance-records",
    "/admin/tasks",
    "/admin/incidents",
    "/admin/challenges/stats",
    "/admin/challenges/notes/feedback",
    "/nodes/invites",
    "/admin/nodes/{node}/health-history",
]
# Beside the list itself: whether there is such a node.
ADMIN_ALSO = {"/admin/nodes/{node}/health-history": 1}


def count_statements(
    running: Stack, database_url: str, token: str, where: str, tmp_path: Path
) -> tuple[httpx.Response, list[str]]:
    """What a list answers, and every statement that it took."""
    settings = Settings(
        database_url=database_url,
        data_dir=running.folder / "platform",
        challenges_dir=CHALLENGES,
        secret_key="x",
    )
    statements: list[str] = []

    run = Database.read

    async def read(database: Database, statement: Statement, **values: Any) -> list[Row]:
        statements.append(statement.sql)
        return await run(database, statement, **values)

    async def count() -> httpx.Response:
        app = create_app(settings, with_worker=False)
        database = app.services.get(Database)
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test/api/v1", headers=headers
        ) as client:
            await client.get("/me")  # the token's last use is noted once a minute
            await client.get("/competitions")  # a projection is computed once per change
            event.listen(
                database.engine.sync_engine,
                "before_cursor_execute",
                lambda _c, _cur, statement, *_: statements.append(statement),
            )
            with patch.object(Database, "read", read):
                answer = await client.get(where)
        await database.close()
        return answer

    answer = asyncio.run(count())
    assert answer.status_code == 200, answer.text
    return answer, statements


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_one_query(
    arena: Arena, running: Stack, database_url: str, path: str, tmp_path: Path
) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    for _ in range(2):
        player.submissions.submit(start(player, competition.id).id, "wrong")
    where = path.format(competition=competition.id)
    answer, statements = count_statements(running, database_url, player.token, where, tmp_path)
    assert answer.json()["items"]
    assert len(statements) <= 1 + ALSO.get(path, 1), statements


@pytest.mark.parametrize("path", ADMIN_LISTS)
def test_an_operators_list_is_one_query(
    arena: Arena, running: Stack, database_url: str, path: str, tmp_path: Path
) -> None:
    admin = arena.admin.admin
    competition = arena.competition("notes", access="private_listed")
    for player in (arena.player("Ada"), arena.player("Bob")):
        email = player.me.get().email
        admin.competition_invites.invite(competition.id, email=email)
        admin.competition_admins.grant(competition.id, email=email)
        player.competition(competition.id).register()
        ready = start(player, competition.id)
        player.submissions.submit(ready.id, "wrong")
        player.instances.stop(ready.id)
        player.challenges.add_reaction("notes", "learned")
        admin.announcements.create(title="Tea")
        admin.nodes.revoke_invite(admin.nodes.mint_invite().id)
        admin.tasks.wait(admin.scheduled_jobs.run("token_expiry").id)
    with psycopg.connect(database_url) as connection:
        for number in range(2):
            connection.execute(
                "INSERT INTO incidents (id, kind, competition_id, challenge_id, question_id,"
                " created_at) VALUES (%s, 'shared_address', %s, '', '', now())",
                [f"{competition.id[:30]}{number}", competition.id],
            )
    (node,) = [n for n in arena.admin.nodes.list() if n.display_name == "node"]
    where = path.format(competition=competition.id, node=node.id)
    answer, statements = count_statements(running, database_url, arena.admin.token, where, tmp_path)
    assert len(answer.json()["items"]) >= 2
    assert len(statements) == 1 + ADMIN_ALSO.get(path, 0), statements
