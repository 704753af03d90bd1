"""Tools about competitions: which there are, and taking part."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ctfy.mcp.calls import Call, client, fetch_page
from ctfy.mcp.outputs import ChallengeRow, Competition, CompetitionRow, Listing, listing
from ctfy.mcp.tools.arguments import CompetitionId, Difficulty, Limit, Offset, Tag
from ctfy.server.models.challenges import ChallengeInfo
from ctfy.server.models.competitions import CompetitionInfo
from ctfy.server.models.teams import TeamDetail


async def list_competitions(
    call: Call,
    phase: Annotated[str, Field(description="running, upcoming or past")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> Listing[CompetitionRow]:
    """Competitions that you may see. Start here, with phase="running"."""
    where = {"phase": phase, "offset": offset, "limit": limit}
    async with client(call) as c:
        page = await fetch_page(c, CompetitionInfo, "/competitions", **where)
    return listing(map(CompetitionRow.of, page.items), page.total, offset)


async def get_competition(call: Call, competition_id: CompetitionId) -> Competition:
    """One competition: rules, times, your team and rank, challenges."""
    async with client(call) as c:
        return Competition.of(await c.competitions.get(competition_id))


async def list_competition_challenges(
    call: Call,
    competition_id: CompetitionId,
    difficulty: Difficulty = None,
    tag: Tag = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> Listing[ChallengeRow]:
    """The challenges of one competition, and which your team has solved."""
    where = {"difficulty": difficulty, "tag": tag, "offset": offset, "limit": limit}
    path = f"/competitions/{competition_id}/challenges"
    async with client(call) as c:
        page = await fetch_page(c, ChallengeInfo, path, **where)
    return listing(map(ChallengeRow.of, page.items), page.total, offset)


async def register_for_competition(
    call: Call,
    competition_id: CompetitionId,
    mode: Annotated[
        Literal["solo", "create", "join"],
        Field(description="`solo`, `create` with a name, or `join` with a code"),
    ] = "solo",
    name: Annotated[str, Field(description="the new team's name")] = "",
    code: Annotated[str, Field(description="the team's code")] = "",
    fields: Annotated[
        dict[str, str | float | bool] | None,
        Field(description="answers by the name of the field, where the competition asks for more"),
    ] = None,
) -> TeamDetail:
    """Take part in a competition; needed once, before start_instance."""
    async with client(call) as c:
        return await c.competition(competition_id).register(
            mode, name=name, code=code, fields=fields
        )
