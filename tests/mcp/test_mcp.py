"""The tools, called by a real MCP client: over HTTP, and through `ctfy mcp`."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from ctfy.server.models.competitions import CompetitionInfo
from tests.conftest import Arena
from tests.mcp.clients import WAYS, Way, call, least_token, over_http, over_stdio, refusal, run
from tests.processes import CHALLENGES, PATIENCE_S

CONTRACT = (Path(__file__).parent.parent / "contract" / "mcp.txt").read_text()
PROMISED = re.findall(r"^(\w+)\((.*)\)\n    -> \{(.*)\}", CONTRACT, re.M)


def solved(url: str) -> str:
    """The flag of the web example, found as its solver finds it."""
    command = [sys.executable, str(CHALLENGES / "notes" / "solve.py"), url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def competition(arena: Arena) -> CompetitionInfo:
    return arena.competition()


@pytest.mark.parametrize("way", WAYS)
def test_an_agent_finds_joins_launches_solves_and_stops(
    arena: Arena, competition: CompetitionInfo, way: Way
) -> None:
    async def play(client: Client) -> None:
        running = await call(client, "list_competitions", phase="running")
        assert competition.id in {one["id"] for one in running}
        refused = await refusal(
            client, "start_instance", challenge_id="notes", competition_id=competition.id
        )
        assert "register_for_competition" in refused
        await call(client, "register_for_competition", competition_id=competition.id)
        rows = await call(client, "list_competition_challenges", competition_id=competition.id)
        (row,) = (one for one in rows if one["id"] == "notes")
        assert (row["solved"], row["question_ids"]) == (False, ["flag"])
        described = await client.read_resource("ctfy://challenges/notes")
        assert "Pocket Notes" in described.contents[0].text  # type: ignore[union-attr]

        told: list[str | None] = []

        async def progress(_: float, __: float | None, message: str | None) -> None:
            told.append(message)

        ready = await client.call_tool(
            "start_instance",
            {"challenge_id": "notes", "competition_id": competition.id},
            progress_callback=progress,
        )
        instance = ready.structured_content
        assert instance
        assert told
        assert told[-1] == "ready"
        answer = solved(instance["services"][0]["url"])

        assert await call(client, "verify_answer", instance_id=instance["id"], answer="x") is False
        wrong = await call(client, "submit_answer", instance_id=instance["id"], answer="x")
        assert wrong["correct"] is False
        graded = await call(client, "submit_answer", instance_id=instance["id"], answer=answer)
        assert (graded["correct"], graded["challenge_fully_solved"]) == (True, True)
        (exchange,) = (await call(client, "get_traffic", instance_id=instance["id"]))[-1:]
        assert exchange["status"] == 200
        assert await call(client, "stop_instance", instance_id=instance["id"]) == "stopped"
        unknown = await refusal(client, "stop_instance", instance_id="nothing")
        assert "list_instances" in unknown

    with arena.player("Agent") as player:
        run(way, arena.url, least_token(player), play)


@pytest.mark.parametrize("way", WAYS)
def test_a_token_reaches_no_further_than_its_scopes(
    arena: Arena, competition: CompetitionInfo, way: Way
) -> None:
    async def overreach(client: Client) -> None:
        words = await refusal(client, "get_me")
        assert "[token_missing_scope]" in words
        assert "Ask for a token with that scope" in words

    with arena.player("Narrow") as player:
        run(way, arena.url, least_token(player), overreach)


@pytest.mark.parametrize(("name", "arguments", "fields"), PROMISED, ids=[p[0] for p in PROMISED])
def test_a_tool_of_the_contract(arena: Arena, name: str, arguments: str, fields: str) -> None:
    """Every promised tool is there with its arguments, defaults and fields."""

    async def look(client: Client) -> None:
        (tool,) = (tool for tool in (await client.list_tools()).tools if tool.name == name)
        assert tool.description
        properties = tool.input_schema.get("properties", {})
        promised = re.findall(r"(\w+): ([^=]+?)(?: = ('[^']*'|\w+))?(?:, |$)", arguments)
        assert {argument for argument, _, _ in promised} <= set(properties)
        required = {argument for argument, _, default in promised if not default}
        assert set(tool.input_schema.get("required", [])) == required
        for argument, _, default in promised:
            if default:
                given = None if default == "None" else json.loads(default.replace("'", '"'))
                assert properties[argument].get("default") == given, argument
        assert tool.input_schema["additionalProperties"] is False
        output = set((tool.output_schema or {}).get("properties", {}))
        assert set(fields.split(", ")) <= output

    run(over_http, arena.url, least_token(arena.admin), look)


def test_every_tool_and_argument_is_described(arena: Arena) -> None:
    async def look(client: Client) -> None:
        for tool in (await client.list_tools()).tools:
            assert tool.description, tool.name
            assert tool.output_schema, tool.name
            for name, schema in tool.input_schema["properties"].items():
                assert (
                    name in ("limit", "offset")
                    or schema.get("description")
                    or schema.get("default") not in (None, "")
                ), (tool.name, name)

    run(over_http, arena.url, least_token(arena.admin), look)


def test_an_unknown_argument_is_refused_with_the_known_ones(arena: Arena) -> None:
    async def ask(client: Client) -> None:
        words = await refusal(client, "get_challenge", challenge_id="notes", color="red")
        assert "color" in words
        assert "It takes: challenge_id" in words
        assert "challenge_id" in await refusal(client, "get_challenge")
        assert "list_challenges" in await refusal(client, "get_challenge", challenge_id="nothing")

    run(over_http, arena.url, least_token(arena.admin), ask)


def test_what_agents_lacked(arena: Arena, competition: CompetitionInfo) -> None:
    """Files, hints, questions without instance, waiting, events, a prompt."""

    async def use(client: Client) -> None:
        file = await call(
            client, "read_attachment", filename="notebook.txt", challenge_id="field-notes"
        )
        assert file["text"]
        assert not file["truncated"]
        cut = await call(
            client,
            "read_attachment",
            filename="notebook.txt",
            challenge_id="field-notes",
            max_bytes=10,
        )
        assert (len(cut["text"]), cut["truncated"]) == (10, True)
        graded = await call(
            client,
            "submit_qa_answer",
            challenge_id="field-notes",
            competition_id=competition.id,
            answer=["Collision resistance", "Preimage resistance"],
            question_id="properties",
        )
        assert graded["correct"]
        hints = await call(
            client, "list_hints", competition_id=competition.id, challenge_id="notes"
        )
        taken = await call(
            client,
            "unlock_hint",
            competition_id=competition.id,
            challenge_id="notes",
            hint_id=hints[0]["id"],
        )
        assert taken["text"]
        ready = await call(
            client, "start_instance", challenge_id="notes", competition_id=competition.id
        )
        waited = await call(client, "wait_until_ready", instance_id=ready["id"])
        assert waited["status"] == "ready"
        assert "no VPN" in await refusal(client, "get_vpn_config", instance_id=ready["id"])
        expiry = await call(client, "renew_instance", instance_id=ready["id"], ttl=900)
        listed = await call(client, "list_instances", status="ready")
        assert [(row["id"], row["expires_at"]) for row in listed] == [(ready["id"], expiry)]
        events = await call(client, "list_events", challenge_id="notes")
        assert events
        await call(client, "stop_instance", instance_id=ready["id"])
        prompt = await client.get_prompt("play_competition", {"competition_id": competition.id})
        assert competition.id in prompt.messages[0].content.text  # type: ignore[union-attr]

    with arena.registered(competition) as player:
        run(over_http, arena.url, player.auth.mint_token("all").token, use)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("way", WAYS)
def test_clients_of_older_and_newer_protocols_are_served(arena: Arena, way: Way, mode: str) -> None:
    async def look() -> None:
        async with way(arena.url, least_token(arena.admin), mode) as client:
            assert (await call(client, "health"))["status"] == "ok"

    asyncio.run(look())


@pytest.mark.parametrize("token", ["", "pf_nonsense"])
def test_nobody_is_served_without_a_token(arena: Arena, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    refused = httpx.post(f"{arena.url}/api/v1/mcp/", json={}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    assert refused.headers["www-authenticate"] == "Bearer"


def test_the_address_needs_no_slash_at_its_end(arena: Arena) -> None:
    """A client that follows no redirect, or not with its token, is served as any other."""

    async def look() -> None:
        headers = {"Authorization": f"Bearer {least_token(arena.admin)}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S, follow_redirects=False) as http,
            Client(streamable_http_client(f"{arena.url}/api/v1/mcp", http_client=http)) as client,
        ):
            assert (await call(client, "health"))["status"] == "ok"

    asyncio.run(look())


def test_a_server_that_is_away_is_told(arena: Arena) -> None:
    async def ask() -> None:
        async with over_stdio("http://127.0.0.1:9", "pf_x") as client:
            assert "does not answer" in await refusal(client, "health")

    asyncio.run(ask())
