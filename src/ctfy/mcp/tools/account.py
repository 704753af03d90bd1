"""Tools about the caller and the server."""

from __future__ import annotations

from ctfy.mcp.calls import Call, client
from ctfy.server.models.accounts import MeResponse
from ctfy.server.models.meta import HealthResponse


async def get_me(call: Call) -> MeResponse:
    """Who you are, and the teams you are on."""
    async with client(call) as c:
        return await c.me.get()


async def health(call: Call) -> HealthResponse:
    """Whether the server is well, its version, and how full it is."""
    async with client(call) as c:
        return await c.health()
