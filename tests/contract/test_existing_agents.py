"""The published `ctfy mcp`, as an agent starts it, against our server."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.available import PUBLISHED, needs
from tests.contract.existing import Platform

pytestmark = [needs("published"), pytest.mark.xdist_group("existing")]
CONTRACT = (Path(__file__).parent / "mcp.txt").read_text()
TOOLS = set(re.findall(r"^(\w+)\(.*\)\n    ->", CONTRACT, re.M))
MCP = PUBLISHED.parent / "ctfy"


def test_every_tool_is_answered(platform: Platform) -> None:
    competition = platform.arena.competition("notes", "field-notes")
    with platform.arena.registered(competition) as player:
        token = player.auth.mint_token("agent").token
    environment = {**os.environ, "CTFY_PLATFORM_URL": platform.arena.url, "CTFY_TOKEN": token}
    program = StdioServerParameters(command=str(MCP), args=["mcp"], env=environment)
    called: set[str] = set()

    async def play() -> None:
        async with Client(program) as client:

            async def call(tool: str, **arguments: Any) -> Any:
                called.add(tool)
                found = await client.call_tool(tool, arguments)
                assert not found.is_error, (tool, found.content)
                assert found.structured_content is not None
                return found.structured_content

            cup = {"competition_id": competition.id}
            await call("health")
            await call("get_me")
            assert (await call("list_competitions", phase="running"))["result"]
            assert (await call("get_competition", **cup))["id"] == competition.id
            assert len((await call("list_competition_challenges", **cup))["result"]) == 2
            assert (await call("search_challenges", q="notes"))["result"]
            assert (await call("list_challenges", difficulty="easy"))["result"]
            assert (await call("get_challenge", challenge_id="notes"))["id"] == "notes"
            listed = await call("list_challenge_attachments", challenge_id="field-notes")
            assert listed["files"]
            assert (await call("start_instance", challenge_id="notes", **cup))["services"]
            ((instance,),) = [(await call("list_instances"))["result"]]
            this = {"instance_id": instance["id"]}
            assert (await call("get_instance", **this))["status"] == "ready"
            assert (await call("get_instance_status", **this))["status"] == "ready"
            await call("renew_instance", **this, ttl=3600)
            assert (await call("verify_answer", **this, answer="x"))["result"] is False
            assert (await call("submit_answer", **this, answer="x"))["correct"] is False
            assert (await call("list_submissions"))["result"]
            await call("get_scoreboard")
            await call("get_challenge_stats")
            await call("stop_instance", **this)

    asyncio.run(play())
    assert TOOLS - called == set()
