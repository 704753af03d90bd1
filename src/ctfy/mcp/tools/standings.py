"""Tools about how it stands: the scoreboard, statistics, the latest events."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctfy.mcp.calls import Call, client, fetch_page
from ctfy.mcp.outputs import EventRow, Listing, listing
from ctfy.mcp.tools.arguments import Category, Limit, MaybeId, Offset
from ctfy.server.models.activity import Activity
from ctfy.server.models.standings import ChallengeStats, ScoreboardEntry


async def get_scoreboard(
    call: Call,
    category: Category = "",
    offset: Offset = 0,
    limit: Limit = 50,
    competition_id: Annotated[MaybeId, Field(description="one competition's id")] = "",
) -> Listing[ScoreboardEntry]:
    """The standings, best team first; of one competition, or of all in one category."""
    path, of = "/scoreboard", category
    if competition_id:
        path, of = f"/competitions/{competition_id}/scoreboard", ""
    async with client(call) as c:
        page = await fetch_page(c, ScoreboardEntry, path, category=of, offset=offset, limit=limit)
    return listing(page.items, page.total, offset)


async def get_challenge_stats(
    call: Call, offset: Offset = 0, limit: Limit = 50
) -> Listing[ChallengeStats]:
    """How often each challenge was tried and solved."""
    path = "/scoreboard/challenges"
    async with client(call) as c:
        page = await fetch_page(c, ChallengeStats, path, offset=offset, limit=limit)
    return listing(page.items, page.total, offset)


async def list_events(
    call: Call,
    event: Annotated[str, Field(description="a kind, as flag_correct")] = "",
    challenge_id: Annotated[str, Field(description="one challenge's id")] = "",
    limit: Limit = 20,
    offset: Offset = 0,
) -> Listing[EventRow]:
    """What happened lately, newest first: launches, answers, solves."""
    where = {"event": event, "challenge_id": challenge_id, "offset": offset, "limit": limit}
    async with client(call) as c:
        page = await fetch_page(c, Activity, "/activities", **where)
    return listing(map(_row, page.items), page.total, offset)


def _row(found: Activity) -> EventRow:
    detail = {
        "at": found.timestamp.isoformat() if found.timestamp else "",
        "team_name": found.team_name,
        "challenge_id": found.challenge_id,
        **found.detail.model_dump(mode="json", exclude_none=True),
    }
    return EventRow(event=found.event, detail=detail)
