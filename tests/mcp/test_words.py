"""What an agent reads: refusals in plain words, results and schemas that fit its context."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp_types import Tool

from ctfy.mcp.outputs import MOST_CHARACTERS, EventRow, listing
from tests.conftest import Arena
from tests.mcp.clients import call, least_token, over_http, refusal, run

# A route, or what a library says: an agent has neither.
FOREIGN = re.compile(
    r"(^|[\s`'\"])/[a-z]|/api/|\b(GET|POST|PUT|PATCH|DELETE) |validation error|[Ii]nput should"
    r"|[Ff]ield required|should have at (most|least)|pydantic|httpx|Traceback|Error executing"
    r"|value_error|Value error|NoneType|<html|\[type=|\{'|Bearer"
)
NOTHING = "nothing-there"
BREAKS_NO_TYPE: dict[str, list[Any]] = {
    "string": [[], {"a": 1}, 7],
    "integer": ["soon", 1.5, [1], -1],
    "array": [{"a": 1}, [7]],
    "object": ["S", 7, ["S"], {"shirt": ["S"]}],
}


def misuses(tool: Tool) -> Iterator[dict[str, Any]]:
    """Calls that are each wrong in one thing: an argument missing, empty, or of another type."""
    properties = tool.input_schema["properties"]
    needed = tool.input_schema.get("required", [])
    whole: dict[str, Any] = dict.fromkeys(needed, NOTHING)
    for name in needed:
        yield {k: v for k, v in whole.items() if k != name}
        for empty in ("", "  ", [], None):
            if name != "q":  # words that match everything
                yield {**whole, name: empty}
    for name, schema in properties.items():
        kinds = {way["type"] for way in schema.get("anyOf", [schema])}
        for wrong in BREAKS_NO_TYPE["array" if "array" in kinds else kinds.pop()]:
            yield {**whole, name: wrong}
    yield {**whole, "color": "red"}


def strangers(tool: Tool) -> Iterator[dict[str, Any]]:
    """Calls about things that there are not."""
    needed = tool.input_schema.get("required", [])
    for id_ in (NOTHING, "../x", "a b", "x?y=1", "x" * 5000, "\x00", "ü"):
        if needed and needed != ["q"]:
            yield dict.fromkeys(needed, id_)


def test_every_tool_refuses_in_plain_words(arena: Arena) -> None:
    """Also one that is added tomorrow: the calls are made from its schema."""

    async def misuse(client: Client) -> None:
        for tool in (await client.list_tools()).tools:
            for arguments in [*misuses(tool), *strangers(tool)]:
                words = await refusal(client, tool.name, **arguments)
                assert not FOREIGN.search(words), (tool.name, arguments, words)
                assert words.endswith((".", "]")), (tool.name, arguments, words)

    with arena.player("Clumsy") as player:
        run(over_http, arena.url, player.auth.mint_token("all").token, misuse)


def test_what_is_missing_is_asked_for(arena: Arena) -> None:
    async def ask(client: Client) -> None:
        missing = await refusal(client, "submit_answer", instance_id="x")
        assert missing.startswith("answer is missing: pass the text that you captured")
        empty = await refusal(client, "submit_answer", instance_id="x", answer="")
        assert empty.startswith("answer is empty: pass the text that you captured")
        assert await refusal(client, "list_instances", limit="all") == (
            "limit must be a whole number from 1 to 1000."
        )
        mode = await refusal(client, "register_for_competition", competition_id="x", mode="duo")
        assert mode.startswith("mode must be one of solo, create, join")
        assert "start_instance" in await refusal(client, "no_such_tool")
        assert await refusal(client, "list_competitions", phase="now") == (
            "phase does not fit: pass running, upcoming or past. [validation_error]"
        )
        long = await refusal(client, "submit_answer", instance_id="x", answer="x" * 5000)
        assert long.startswith("answer is too long")
        # What a model leaves out by saying null is left out.
        await call(client, "list_instances", challenge_id=None, limit=None)

    run(over_http, arena.url, least_token(arena.admin), ask)


def test_every_tool_says_what_it_does_to_the_platform(arena: Arena) -> None:
    adds = {
        "register_for_competition", "start_instance", "renew_instance",
        "verify_answer", "submit_answer", "submit_qa_answer",
    }  # fmt: skip
    ends = {"stop_instance", "unlock_hint"}

    async def look(client: Client) -> None:
        for tool in (await client.list_tools()).tools:
            hints = tool.annotations
            assert hints, tool.name
            found = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint)
            expected = (
                (False, False, False)
                if tool.name in adds
                else (tool.name not in ends, tool.name in ends, True)
            )
            assert (tool.name, found) == (tool.name, expected)
            assert hints.open_world_hint is False

    run(over_http, arena.url, least_token(arena.admin), look)


def test_all_tools_take_little_of_a_context(arena: Arena) -> None:
    async def measure(client: Client) -> None:
        tools = [
            tool.model_dump(mode="json", by_alias=True, exclude_none=True)
            for tool in (await client.list_tools()).tools
        ]
        assert len(json.dumps(tools)) < 26_000
        assert len(client.instructions or "") < 600

    run(over_http, arena.url, least_token(arena.admin), measure)


def test_a_result_is_one_line_with_its_fields(arena: Arena) -> None:
    async def look(client: Client) -> None:
        for tool in ("list_challenges", "get_me", "health"):
            found = await client.call_tool(tool, {})
            (text,) = found.content
            assert json.loads(text.text) == found.structured_content  # type: ignore[union-attr]
            assert "\n" not in text.text  # type: ignore[union-attr]

    run(over_http, arena.url, arena.admin.auth.mint_token("all").token, look)


@given(st.lists(st.integers(0, 3 * MOST_CHARACTERS), max_size=12), st.integers(1, 12))
def test_a_listing_fits_and_its_pages_are_the_whole(sizes: list[int], limit: int) -> None:
    rows = [EventRow(event=str(n), detail={"x": "x" * size}) for n, size in enumerate(sizes)]
    seen: list[EventRow] = []
    offset = 0
    while True:
        page = listing(rows[offset : offset + limit], len(rows), offset)
        assert page.total == len(rows)
        most = MOST_CHARACTERS + 200
        assert len(page.result) == 1 or len(page.model_dump_json()) < most
        seen += page.result
        if not page.more:
            break
        offset = int(page.more.rpartition("=")[2].rstrip("."))
    assert seen == rows


def test_a_list_says_how_to_get_the_rest(arena: Arena) -> None:
    competition = arena.competition()

    async def page(client: Client) -> None:
        where = {"competition_id": competition.id, "limit": 2}
        first = await client.call_tool("list_competition_challenges", where)
        assert first.structured_content
        assert first.structured_content["total"] == len(competition.challenge_ids)
        assert first.structured_content["more"] == "Call again with offset=2."
        rest = await client.call_tool(
            "list_competition_challenges", {"competition_id": competition.id, "offset": 2}
        )
        assert rest.structured_content
        assert rest.structured_content["more"] == ""
        rows = first.structured_content["result"] + rest.structured_content["result"]
        assert [row["id"] for row in rows] == competition.challenge_ids

    with arena.registered(competition) as player:
        run(over_http, arena.url, least_token(player), page)


def test_the_parts_of_a_file_are_the_whole_file(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    whole = arena.admin.challenges.download_attachment("field-notes", "notebook.txt")

    async def read(client: Client) -> None:
        text, more = "", "offset=0."
        while more:
            part = await call(
                client,
                "read_attachment",
                filename="notebook.txt",
                challenge_id="field-notes",
                max_bytes=50,
                offset=int(more.rpartition("=")[2].rstrip(".")),
            )
            text, more = text + part["text"], part["more"]
        assert text.encode() == whole

    with arena.registered(competition) as player:
        run(over_http, arena.url, least_token(player), read)


def test_a_stopped_instance_says_so_and_what_to_call(arena: Arena) -> None:
    competition = arena.competition("notes")

    async def use(client: Client) -> None:
        ready = await call(
            client, "start_instance", challenge_id="notes", competition_id=competition.id
        )
        instance_id = ready["id"]
        running = await call(client, "get_instance", instance_id=instance_id)
        assert (running["note"], running["urls"]) == ("", [ready["services"][0]["url"]])
        await call(client, "stop_instance", instance_id=instance_id)
        note = "stopped (reason user): call start_instance for a new one"
        for tool in ("get_instance", "get_instance_status", "wait_until_ready"):
            assert (await call(client, tool, instance_id=instance_id))["note"] == note
        for tool in ("submit_answer", "verify_answer"):
            given = {"instance_id": instance_id, "answer": "x"}
            found = await client.call_tool(tool, given)
            assert found.structured_content
            assert found.structured_content["note"] == note
        for tool in ("renew_instance", "get_traffic"):
            words = await refusal(client, tool, instance_id=instance_id)
            assert "stop_reason: user" in words
            assert "Call start_instance" in words

    with arena.registered(competition) as player:
        run(over_http, arena.url, least_token(player), use)


@pytest.mark.parametrize("answer", ["x", ["x"]])
def test_an_answer_needs_no_question(arena: Arena, answer: str | list[str]) -> None:
    competition = arena.competition("relay-station", "field-notes")

    async def give(client: Client) -> None:
        words = await refusal(
            client,
            "submit_qa_answer",
            challenge_id="field-notes",
            competition_id=competition.id,
            answer=answer,
        )
        assert "answer, algorithm, properties" in words
        assert "[question_id_required]" in words

    with arena.registered(competition) as player:
        run(over_http, arena.url, least_token(player), give)
