"""Tools about challenges: their descriptions, files and hints."""

from __future__ import annotations

import base64
import codecs
from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from ctfy.mcp.calls import Call, client, fetch_page
from ctfy.mcp.outputs import ChallengeRow, FileContent, Listing, listing
from ctfy.mcp.tools.arguments import (
    Category,
    ChallengeId,
    CompetitionId,
    Difficulty,
    Id,
    Limit,
    MaybeId,
    Offset,
    Tag,
    Text,
)
from ctfy.server.models.challenges import AttachmentList, ChallengeInfo, HintInfo

_MOST_FILE = 16 * 1024


async def search_challenges(
    call: Call,
    q: Annotated[str, Field(description="words of the name, description or tags")],
    difficulty: Difficulty = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Listing[ChallengeRow]:
    """Challenges with these words."""
    return await _challenges(call, offset, limit, q=q, difficulty=difficulty)


async def list_challenges(
    call: Call,
    difficulty: Difficulty = None,
    tag: Tag = "",
    category: Category = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> Listing[ChallengeRow]:
    """The challenges of every competition that you are in."""
    given = {"difficulty": difficulty, "tag": tag, "category": category}
    return await _challenges(call, offset, limit, **given)


async def _challenges(
    call: Call, offset: int, limit: int, **given: str | None
) -> Listing[ChallengeRow]:
    async with client(call) as c:
        page = await fetch_page(
            c, ChallengeInfo, "/challenges", offset=offset, limit=limit, **given
        )
    return listing(map(ChallengeRow.of, page.items), page.total, offset)


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
    filename: Annotated[Text, Field(description="a `name` of list_challenge_attachments")],
    challenge_id: Annotated[MaybeId, Field(description="the challenge that the file is of")] = "",
    instance_id: Annotated[MaybeId, Field(description="the instance that it is of, instead")] = "",
    max_bytes: Annotated[int, Field(ge=1, le=1024 * 1024)] = _MOST_FILE,
    offset: Offset = 0,
) -> FileContent:
    """A file of a challenge or an instance, as text or base64, a part at a time."""
    if bool(challenge_id) == bool(instance_id):
        raise ToolError("Pass either challenge_id or instance_id.")
    async with client(call) as c:
        if instance_id:
            content = await c.instances.download_attachment(instance_id, filename)
        else:
            content = await c.challenges.download_attachment(challenge_id, filename)
    part = content[offset : offset + max_bytes]
    end = offset + len(part)
    file = FileContent(name=filename, size=len(content), truncated=end < len(content))
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        file.text = decoder.decode(part, final=not file.truncated)
        end -= len(decoder.getstate()[0])  # a character that the cut went through
    except UnicodeDecodeError:
        file.text = ""
    if part and not file.text:
        end = offset + len(part)
        file.base64 = base64.b64encode(part).decode()
    if file.truncated:
        file.more = f"Call again with offset={end}."
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
    hint_id: Annotated[Id, Field(description="an `id` of list_hints")],
) -> HintInfo:
    """Take a hint, for the points that it costs."""
    async with client(call) as c:
        return await c.competition(competition_id).unlock_hint(challenge_id, hint_id)
