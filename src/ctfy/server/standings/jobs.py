"""Writing standings down, now and then."""

from __future__ import annotations

from ctfy.server.platform import Platform
from ctfy.server.standings.snapshots import take


def register(platform: Platform) -> None:
    """Put this domain's tasks on the job engine."""
    app = platform.jobs.app

    @app.periodic(cron=platform.settings.snapshot_cron)
    @app.task(name="scoreboard_snapshot", queueing_lock="scoreboard_snapshot")
    async def scoreboard_snapshot(timestamp: int) -> None:
        await take(platform)
