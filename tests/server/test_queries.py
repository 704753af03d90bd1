"""Every list is one query, however long it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event

from ctfy.server.app import create_app
from ctfy.server.settings import Settings
from tests.conftest import Arena
from tests.processes import CHALLENGES, Stack
from tests.server.test_instances import start

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


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_one_query(
    arena: Arena, running: Stack, database_url: str, path: str, tmp_path: Path
) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    for _ in range(2):
        player.submissions.submit(start(player, competition.id).id, "wrong")
    settings = Settings(
        database_url=database_url,
        data_dir=running.folder / "platform",
        challenges_dir=CHALLENGES,
        secret_key="x",
    )
    statements: list[str] = []

    async def count() -> httpx.Response:
        app = create_app(settings, with_worker=False)
        platform = app.state.platform
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {player._http.token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test/api/v1", headers=headers
        ) as client:
            where = path.format(competition=competition.id)
            await client.get("/me")  # the token's last use is noted once a minute
            await client.get("/competitions")  # a projection is computed once per change
            event.listen(
                platform.database.engine.sync_engine,
                "before_cursor_execute",
                lambda _c, _cur, statement, *_: statements.append(statement),
            )
            answer = await client.get(where)
        await platform.database.close()
        return answer

    answer = asyncio.run(count())
    assert answer.status_code == 200
    assert answer.json()["items"]
    assert len(statements) <= 1 + ALSO.get(path, 1), statements
