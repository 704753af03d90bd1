"""Tools about challenges: their descriptions, files and hints."""

from __future__ import annotations

import base64
from typing import Annotated

from pydantic import Field

from ctfy.mcp.calls import Call, client
from ctfy.mcp.outputs import ChallengeRow, FileContent
from ctfy.mcp.tools.arguments import ChallengeId, CompetitionId, Difficulty, Limit, Offset, Tag
from ctfy.server.models.challenges import AttachmentList, ChallengeInfo, HintInfo

_MOST_FILE = 64 * 1024


async def search_challenges(
    call: Call,
    q: Annotated[str, Field(description="Words of the name, description or tags")],
    difficulty: Difficulty = None,
    limit: Limit = 20,
) -> list[ChallengeRow]:
    """Challenges with these words."""
    async with client(call) as c:
        found = await c.challenges.list(difficulty, q=q, limit=limit)
    return [ChallengeRow.of(one) for one in found]


async def list_challenges(
    call: Call,
    difficulty: Difficulty = None,
    tag: Tag = "",
    category: Annotated[str, Field(description="web, pwn, reverse, crypto or misc")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> list[ChallengeRow]:
    """The challenges of every competition that you are in."""
    async with client(call) as c:
        found = await c.challenges.list(difficulty, tag, category, "", offset, limit)
    return [ChallengeRow.of(one) for one in found]


async def get_challenge(call: Call, challenge_id: ChallengeId) -> ChallengeInfo:
    """One challenge whole: its description, questions and files."""
    async with client(call) as c:
        return await c.challenges.get(challenge_id)


async def list_challenge_attachments(call: Call, challenge_id: ChallengeId) -> AttachmentList:
    """The files of a challenge; read_attachment reads one."""
    async with client(call) as c:
        return await c.challenges.attachments(challenge_id)


async def read_attachment(
    call: Call,
    filename: Annotated[str, Field(description="As the list of files names it")],
    challenge_id: Annotated[str, Field(description="A challenge's file, or")] = "",
    instance_id: Annotated[str, Field(description="an instance's: give one of both")] = "",
    max_bytes: Annotated[int, Field(ge=1, le=1024 * 1024)] = _MOST_FILE,
) -> FileContent:
    """A file that comes with a challenge or an instance, as text or base64."""
    async with client(call) as c:
        if instance_id:
            content = await c.instances.download_attachment(instance_id, filename)
        else:
            content = await c.challenges.download_attachment(challenge_id, filename)
    start = content[:max_bytes]
    file = FileContent(name=filename, size=len(content), truncated=len(start) < len(content))
    try:
        file.text = start.decode()
    except UnicodeDecodeError:
        file.base64 = base64.b64encode(start).decode()
    return file


async def list_hints(
    call: Call, competition_id: CompetitionId, challenge_id: ChallengeId
) -> list[HintInfo]:
    """A challenge's hints, what each costs, and the text of those you took."""
    async with client(call) as c:
        return await c.competition(competition_id).hints(challenge_id)


async def unlock_hint(
    call: Call,
    competition_id: CompetitionId,
    challenge_id: ChallengeId,
    hint_id: Annotated[str, Field(description="As list_hints names it")],
) -> HintInfo:
    """Take a hint, for the points that it costs."""
    async with client(call) as c:
        return await c.competition(competition_id).unlock_hint(challenge_id, hint_id)
