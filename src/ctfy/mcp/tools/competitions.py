"""Tools about competitions: which there are, and taking part."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ctfy.mcp.calls import Call, client
from ctfy.mcp.outputs import ChallengeRow, CompetitionRow
from ctfy.mcp.tools.arguments import CompetitionId, Difficulty, Limit, Offset, Tag
from ctfy.server.models.competitions import CompetitionDetail
from ctfy.server.models.teams import TeamDetail


async def list_competitions(
    call: Call,
    phase: Annotated[str, Field(description="running, upcoming, past; empty: all")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> list[CompetitionRow]:
    """Competitions that you may see. Start here, with phase="running"."""
    async with client(call) as c:
        found = await c.competitions.list(phase, offset, limit)
    return [CompetitionRow.of(one) for one in found]


async def get_competition(call: Call, competition_id: CompetitionId) -> CompetitionDetail:
    """One competition whole: rules, times, your team and rank, challenges."""
    async with client(call) as c:
        return await c.competitions.get(competition_id)


async def list_competition_challenges(
    call: Call,
    competition_id: CompetitionId,
    difficulty: Difficulty = None,
    tag: Tag = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> list[ChallengeRow]:
    """The challenges of one competition, and which your team has solved."""
    async with client(call) as c:
        competition = c.competition(competition_id)
        found = await competition.challenges(difficulty, tag, "", offset, limit)
    return [ChallengeRow.of(one) for one in found]


async def register_for_competition(
    call: Call,
    competition_id: CompetitionId,
    mode: Annotated[
        Literal["solo", "create", "join"],
        Field(description="Alone, with a new team of that name, or by a team's code"),
    ] = "solo",
    name: Annotated[str, Field(description="The new team's name")] = "",
    code: Annotated[str, Field(description="The team's code, to join")] = "",
) -> TeamDetail:
    """Take part in a competition; needed once, before start_instance."""
    async with client(call) as c:
        return await c.competition(competition_id).register(mode, name=name, code=code)
