"""Watching the nodes."""

from __future__ import annotations

from ctfy.server.nodes.service import mark_silent
from ctfy.server.platform import Platform


def register(platform: Platform) -> None:
    """Put this domain's tasks on the job engine."""

    @platform.registry.every(10, "health_check", "Marks nodes that have fallen silent")
    async def health_check() -> str:
        async with platform.database.transaction() as session:
            silent = await mark_silent(session, platform.settings.node_silence_s)
        return f"{silent} fell silent"
