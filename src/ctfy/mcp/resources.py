"""What agents read without calling a tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctfy.mcp.calls import Call, client

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from ctfy.mcp.calls import Clients


async def challenge(challenge_id: str, call: Call) -> str:
    """A challenge's description and questions, as Markdown."""
    async with client(call) as c:
        found = await c.challenges.get(challenge_id)
    lines = [f"# {found.name}", f"{found.category}, {found.difficulty}", found.description]
    for question in found.questions:
        choices = "".join(f"\n  - {choice}" for choice in question.choices or [])
        note = question.input.note if question.input else ""
        lines.append(f"- `{question.id}`: {question.prompt} {note}".rstrip() + choices)
    lines += [f"- file `{file.name}`, {file.size} bytes" for file in found.attachments]
    return "\n\n".join(lines)


async def competition(competition_id: str, call: Call) -> str:
    """A competition's description and its challenges, as Markdown."""
    async with client(call) as c:
        found = await c.competitions.get(competition_id)
    lines = [f"# {found.title}", f"{found.phase}", found.description]
    lines += [
        f"- [{one.name}](ctfy://challenges/{one.id}), {one.category}, {one.difficulty}"
        for one in found.challenges
    ]
    return "\n\n".join(lines)


def register(server: MCPServer[Clients]) -> None:
    """Add every resource."""
    markdown = "text/markdown"
    server.resource("ctfy://challenges/{challenge_id}", mime_type=markdown)(challenge)
    server.resource("ctfy://competitions/{competition_id}", mime_type=markdown)(competition)
