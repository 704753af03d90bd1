"""Writing standings down, now and then."""

from __future__ import annotations

from ctfy.server.platform import Platform
from ctfy.server.standings.snapshots import take


def register(platform: Platform) -> None:
    """Put this domain's tasks on the job engine."""

    @platform.registry.every(300, "scoreboard_snapshot", "Writes the standings down")
    async def scoreboard_snapshot() -> str:
        await take(platform)
        return "written down"
