"""An agent plays a competition through MCP: `CTFY_URL=… CTFY_TOKEN=pf_… play_mcp.py COMMAND`.

COMMAND is as in play_sdk.py. A model that calls tools itself needs none of this: give it the server
at `$CTFY_URL/api/v1/mcp/` and the prompt `play_competition`.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

sys.path.insert(0, str(Path(__file__).parent))
from play_sdk import ask

from ctfy.server.models.challenges import ChallengeInfo


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """What a tool answers. Raises RuntimeError with its words when it refuses."""
    found = await client.call_tool(tool, arguments)
    if found.is_error:
        raise RuntimeError(getattr(found.content[0], "text", "refused"))
    result = found.structured_content or {}
    return result.get("result", result)


async def main(command: list[str]) -> int:
    """Play CTFY_COMPETITION_ID, else the first running one; how many challenges were solved."""
    headers = {"Authorization": f"Bearer {os.environ['CTFY_TOKEN']}"}
    url = os.environ["CTFY_URL"].rstrip("/") + "/api/v1/mcp/"
    async with (
        httpx2.AsyncClient(headers=headers, timeout=300) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        competition = (
            os.environ.get("CTFY_COMPETITION_ID")
            or (await call(client, "list_competitions", phase="running"))[0]["id"]
        )
        details = await call(client, "get_competition", competition_id=competition)
        if not details["is_registered"]:
            await call(client, "register_for_competition", competition_id=competition)
        solved: set[str] = set()
        tried: set[str] = set()
        while left := await _open(client, competition, tried):  # a solve may unlock others
            for challenge_id in left:
                tried.add(challenge_id)
                try:
                    won = await play(client, competition, challenge_id, command)
                except RuntimeError as error:
                    print(f"{challenge_id}: {error}", flush=True)
                    continue
                if won:
                    solved.add(challenge_id)
                print(f"{challenge_id}: {'solved' if won else 'not solved'}", flush=True)
        return len(solved)


async def _open(client: Client, competition: str, tried: set[str]) -> list[str]:
    rows = await call(client, "list_competition_challenges", competition_id=competition)
    return [r["id"] for r in rows if not (r["solved"] or r["locked"] or r["id"] in tried)]


async def play(client: Client, competition: str, challenge_id: str, command: list[str]) -> bool:
    """Start a challenge, ask the agent, submit what it says, stop; whether it is solved."""
    challenge = ChallengeInfo.model_validate(
        await call(client, "get_challenge", challenge_id=challenge_id)
    )
    if challenge.is_qa_only:
        names = [file.name for file in challenge.attachments]
        folder = await save(client, names, challenge_id=challenge_id)
        answers = await asyncio.to_thread(ask, command, challenge, [], folder)
        graded = [
            await call(
                client,
                "submit_qa_answer",
                challenge_id=challenge_id,
                competition_id=competition,
                answer=answer,
                question_id=question,
            )
            for question, answer in answers.items()
        ]
        return any(one["challenge_fully_solved"] for one in graded)
    instance = await call(
        client, "start_instance", challenge_id=challenge_id, competition_id=competition
    )
    try:
        names = [file["name"] for file in instance["provided_files"]]
        folder = await save(client, names, instance_id=instance["id"])
        urls = [service["url"] for service in instance["services"]]
        answers = await asyncio.to_thread(ask, command, challenge, urls, folder)
        solved = False
        for question in challenge.questions:  # in their order, so that each is unlocked in time
            if question.id in answers:
                graded = await call(
                    client,
                    "submit_answer",
                    instance_id=instance["id"],
                    answer=answers[question.id],
                    question_id=question.id,
                )
                solved = graded["challenge_fully_solved"]
        return solved
    finally:
        await call(client, "stop_instance", instance_id=instance["id"])


async def save(client: Client, names: list[str], **whose: str) -> Path:
    """Files in a folder for the agent."""
    folder = Path(tempfile.mkdtemp(prefix="ctfy-agent-"))
    for name in names:
        content, size = b"", 1
        while len(content) < size:
            given = {"filename": name, "offset": len(content), **whose}
            part = await call(client, "read_attachment", **given)
            content += part["text"].encode() or base64.b64decode(part["base64"])
            size = part["size"]
        (folder / Path(name).name).write_bytes(content)
    return folder


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: play_mcp.py COMMAND [ARGUMENT…], with CTFY_URL and CTFY_TOKEN set")
    print(f"{asyncio.run(main(sys.argv[1:]))} solved")
