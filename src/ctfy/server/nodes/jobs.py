"""Watching the nodes."""

from __future__ import annotations

from ctfy.server.nodes.service import mark_silent
from ctfy.server.platform import Platform


def register(platform: Platform) -> None:
    """Put this domain's tasks on the job engine."""
    app = platform.jobs.app

    @app.periodic(cron="* * * * * */10")
    @app.task(name="health_check", queueing_lock="health_check")
    async def health_check(timestamp: int) -> None:
        async with platform.database.transaction() as session:
            await mark_silent(session, platform.settings.node_silence_s)
