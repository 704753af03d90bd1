"""MCP clients as agents have them: over HTTP, and through `ctfy mcp`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from ctfy.sdk import PlatformClient
from tests.processes import PATIENCE_S

# What playing takes, and nothing more.
LEAST = {
    "challenges": "read",
    "submissions": "write",
    "instances": "write",
    "teams": "write",
    "scoreboard": "none",
    "profile": "none",
    "identities": "none",
    "tokens": "none",
}


@asynccontextmanager
async def over_http(url: str, token: str, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S) as http,
        Client(
            streamable_http_client(f"{url}/api/v1/mcp/", http_client=http),
            mode=mode,
        ) as client,
    ):
        yield client


@asynccontextmanager
async def over_stdio(url: str, token: str, mode: str = "auto") -> AsyncIterator[Client]:
    program = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from ctfy.cli.player import main; main()", "mcp"],
        env={**os.environ, "CTFY_URL": url, "CTFY_TOKEN": token},
    )
    async with Client(program, mode=mode) as client:
        yield client


Way = Callable[..., Any]
WAYS = [over_http, over_stdio]


def run(way: Way, url: str, token: str, work: Callable[[Client], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with way(url, token) as client:
            await work(client)

    asyncio.run(whole())


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """What a tool answers; a refusal fails."""
    found = await client.call_tool(tool, arguments)
    assert not found.is_error, found.content
    result = found.structured_content
    assert result is not None
    return result.get("result", result)


async def refusal(client: Client, tool: str, **arguments: Any) -> str:
    found = await client.call_tool(tool, arguments)
    assert found.is_error, found
    return str(found.content[0].text)  # type: ignore[union-attr]


def least_token(player: PlatformClient) -> str:
    return player.auth.mint_token("agent", permissions=LEAST).token
