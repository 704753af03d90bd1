"""Every list is one query, however long it is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import httpx
import psycopg
import pytest
from sqlalchemy import event

from ctfy.server.app import create_app
from ctfy.server.cache import Cache
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Row, Statement
from ctfy.server.settings import Settings
from tests.conftest import Arena
from tests.hostile_images import drawn
from tests.playing import start
from tests.processes import CHALLENGES, ROOT, Stack
from tests.server import every_get

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
    "/admin/competitions/{competition}/people",
    "/admin/competitions/{competition}/awards",
    "/admin/competitions/{competition}/submissions",
    "/admin/competitions/{competition}/writeups",
    "/admin/competitions/{competition}/admins",
    "/admin/competitions/{competition}/invites",
    "/admin/activities",
    "/admin/announcements",
    "/admin/notification-channels",
    "/admin/images",
    "/admin/pages",
    "/admin/instances",
    "/admin/instance-records",
    "/admin/tasks",
    "/admin/incidents",
    "/admin/challenges/stats",
    "/admin/challenges/notes/feedback",
    "/nodes/invites",
    "/admin/nodes/{node}/health-history",
]
# Beside the list itself: whether there is such a node, or competition.
ADMIN_ALSO = {
    "/admin/nodes/{node}/health-history": 1,
    "/admin/competitions/{competition}/people": 1,
}

# By path, the most statements that a GET of a player's takes when nothing is cached, the one about
# who calls among them. They are to become fewer, never more.
BUDGET = json.loads((ROOT / "bench" / "budget.json").read_text())["statements"]


@contextlib.asynccontextmanager
async def counting(
    running: Stack, database_url: str, token: str
) -> AsyncIterator[tuple[httpx.AsyncClient, Cache, list[str]]]:
    """A client of a platform in this process, its cache, and every statement as it is run."""
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

    app = create_app(settings, with_worker=False)
    database = app.services.get(Database)
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_: statements.append(statement),
    )
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://test/api/v1",
        headers={"Authorization": f"Bearer {token}"},
    )
    async with client:
        await client.get("/me")  # the token's last use is noted once a minute
        await client.get("/competitions")  # a projection is computed once per change
        statements.clear()
        with patch.object(Database, "read", read):
            yield client, app.services.get(Cache), statements
    await database.close()


def count_statements(
    running: Stack, database_url: str, token: str, where: str
) -> tuple[httpx.Response, list[str]]:
    """What a list answers, and every statement that it took."""

    async def count() -> tuple[httpx.Response, list[str]]:
        async with counting(running, database_url, token) as (client, _, statements):
            return await client.get(where), statements

    answer, statements = asyncio.run(count())
    assert answer.status_code == 200, answer.text
    return answer, statements


def test_a_player_is_answered_within_the_budget_of_statements(
    arena: Arena, running: Stack, database_url: str
) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    known = {
        "competition_id": competition.id,
        "team_id": player.competitions.get(competition.id).my_team_id,
        "user_id": player.me.get().id,
        "challenge_id": "notes",
        "instance_id": ready.id,
        "submission_id": player.submissions.submit(ready.id, "wrong").id,
        "q": "",
    }
    with httpx.Client(base_url=running.url) as http:
        asked = list(every_get.paths(http, known))

    async def count() -> dict[str, int]:
        most: dict[str, int] = {}
        async with counting(running, database_url, player.token) as (client, cache, statements):
            for path, where in asked:
                cache.clear()
                statements.clear()
                await client.get(f"http://test{where}")
                most[path] = max(most.get(path, 0), len(statements))
        return most

    most = asyncio.run(count())
    assert most.keys() == BUDGET.keys()
    assert {path: n for path, n in most.items() if n > BUDGET[path]} == {}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_one_query(arena: Arena, running: Stack, database_url: str, path: str) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    for _ in range(2):
        player.submissions.submit(start(player, competition.id).id, "wrong")
    where = path.format(competition=competition.id)
    answer, statements = count_statements(running, database_url, player.token, where)
    assert answer.json()["items"]
    assert len(statements) <= 1 + ALSO.get(path, 1), statements


@pytest.mark.parametrize("path", ADMIN_LISTS)
def test_an_operators_list_is_one_query(
    arena: Arena, running: Stack, database_url: str, path: str
) -> None:
    admin = arena.admin.admin
    until = datetime.now(UTC) + timedelta(hours=1)
    competition = arena.competition("notes", access="private_listed", writeups_until=until)
    for player in (arena.player("Ada"), arena.player("Bob")):
        email = player.me.get().email
        admin.competition_invites.invite(competition.id, email=email)
        admin.competition_admins.grant(competition.id, email=email)
        team = player.competition(competition.id).register()
        admin.awards.give(competition.id, team.id, points=1, reason="thanks")
        ready = start(player, competition.id)
        player.submissions.submit(ready.id, "wrong")
        player.instances.stop(ready.id)
        player.competition(competition.id).writeups.hand_in("notes", "how")
        player.challenges.add_reaction("notes", "learned")
        admin.announcements.create(title="Tea")
        admin.notifications.create(
            name="Tea", kind="webhook", address="https://example.org/", events=["node_unhealthy"]
        )
        admin.images.upload(drawn())
        admin.pages.create(slug=uuid.uuid4().hex, title="Tea")
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
    answer, statements = count_statements(running, database_url, arena.admin.token, where)
    assert len(answer.json()["items"]) >= 2
    assert len(statements) == 1 + ADMIN_ALSO.get(path, 0), statements
