from __future__ import annotations

import asyncio
from pathlib import Path

from ctfy.sdk import PlatformClient
from ctfy.server.access.caller import Authenticator
from ctfy.server.access.view import Place, View
from ctfy.server.cache import Cache
from ctfy.server.competitions.service import get_competition
from ctfy.server.database.connections import Database
from ctfy.server.domains import DOMAINS
from ctfy.server.kernel import assemble, connected
from ctfy.server.settings import Settings
from ctfy.server.standings.projection import Standings
from ctfy.server.standings.snapshots import take
from ctfy.server.submissions.service import Submissions
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
    arena.admin.admin.teams.update(competition.id, team, standing="hidden")
    assert arena.player().scoreboard.history(team_id=team) == []
    assert PlatformClient(arena.url).scoreboard.history(team_id=team) == []
    assert len(player.scoreboard.history(team_id=team)) == 2


def test_whoever_was_answered_reads_it_also_when_the_standings_were_just_drawn_up(
    arena: Arena, database_url: str, tmp_path: Path
) -> None:
    competition = arena.competition("field-notes")
    player = arena.registered(competition)
    team = player.competitions.get(competition.id).my_team_id

    async def run() -> list[int]:
        settings = Settings(database_url=database_url, data_dir=tmp_path, challenges_dir=CHALLENGES)
        async with connected(assemble(settings, DOMAINS)) as services:
            caller = await services.get(Authenticator).identify(player.token)
            database, cache = services.get(Database), services.get(Cache)
            seen = await get_competition(database, cache, competition.id)
            found = []
            for _ in range(8):
                await services.get(Submissions).submit_without_instance(
                    caller, "field-notes", competition.id, "answer", "wrong"
                )
                standings = await services.get(Standings).seen_by(View(caller), Place(seen))
                found.append(standings.by_team[team].attempts)
            return found

    assert asyncio.run(run()) == list(range(1, 9))
