from __future__ import annotations

import asyncio
from pathlib import Path

from ctfy.server.domains import DOMAINS
from ctfy.server.kernel import assemble, connected
from ctfy.server.settings import Settings
from ctfy.server.standings.snapshots import take
from tests.conftest import Arena
from tests.processes import CHALLENGES


def test_standings_are_written_down_when_they_change(
    arena: Arena, database_url: str, tmp_path: Path
) -> None:
    competition = arena.competition()
    player = arena.registered(competition, "Chronicler")
    team = player.competitions.get(competition.id).my_team_id

    def write() -> None:
        async def run() -> None:
            settings = Settings(
                database_url=database_url, data_dir=tmp_path, challenges_dir=CHALLENGES
            )
            async with connected(assemble(settings, DOMAINS)) as services:
                await services.bind(take)()

        asyncio.run(run())

    write()
    write()
    player.submissions.submit_qa("field-notes", competition.id, "wrong")
    write()
    history = player.scoreboard.history(team_id=team)
    assert [(s.rank, s.solved, s.attempts, s.team_name) for s in history] == [
        (1, 0, 1, "Chronicler"),
        (1, 0, 0, "Chronicler"),
    ]
    assert history[0].snapshot_at_ts > history[1].snapshot_at_ts
