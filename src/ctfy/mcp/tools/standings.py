"""Tools about how it stands: the scoreboard, statistics, the latest events."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctfy.mcp.calls import Call, client
from ctfy.mcp.outputs import EventRow
from ctfy.mcp.tools.arguments import Limit, Offset
from ctfy.server.models.standings import ChallengeStats, ScoreboardEntry


async def get_scoreboard(
    call: Call,
    category: Annotated[str, Field(description="Count only this category")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
    competition_id: Annotated[str, Field(description="Of one competition; empty: all")] = "",
) -> list[ScoreboardEntry]:
    """The standings, best team first."""
    async with client(call) as c:
        if competition_id:
            return await c.competition(competition_id).scoreboard(offset, limit)
        return await c.scoreboard.get(category, offset, limit)


async def get_challenge_stats(
    call: Call, offset: Offset = 0, limit: Limit = 50
) -> list[ChallengeStats]:
    """How often each challenge was tried and solved."""
    async with client(call) as c:
        return await c.scoreboard.challenge_stats(offset, limit)


async def list_events(
    call: Call,
    event: Annotated[str, Field(description="Only this kind, as flag_correct")] = "",
    challenge_id: Annotated[str, Field(description="Only with this challenge")] = "",
    limit: Limit = 20,
) -> list[EventRow]:
    """What happened lately, newest first: launches, answers, solves."""
    async with client(call) as c:
        found = await c.activities.list("", challenge_id, event, 0, limit)
    return [
        EventRow(
            event=one.event,
            detail={
                "at": one.timestamp.isoformat() if one.timestamp else "",
                "team_name": one.team_name,
                "challenge_id": one.challenge_id,
                **one.detail.model_dump(mode="json", exclude_none=True),
            },
        )
        for one in found
    ]
