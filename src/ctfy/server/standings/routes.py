"""The scoreboard of a competition."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from ctfy.server.access.caller import Caller, may
from ctfy.server.access.scopes import Scope
from ctfy.server.competitions.service import check_visible
from ctfy.server.database.engine import Session
from ctfy.server.models.accounts import ScopeLevel
from ctfy.server.models.base import Page
from ctfy.server.models.standings import ScoreboardEntry
from ctfy.server.pages import Limit, Offset
from ctfy.server.platform import ThePlatform

router = APIRouter(tags=["standings"])


@router.get("/competitions/{competition_id}/scoreboard", response_model=Page[ScoreboardEntry])
async def scoreboard(
    competition_id: str,
    platform: ThePlatform,
    session: Session,
    caller: Caller = may(Scope.SCOREBOARD, ScopeLevel.READ),
    limit: Limit = 50,
    offset: Offset = 0,
    if_none_match: Annotated[str, Header(max_length=256)] = "",
) -> Response:
    """The standings, best first; 304 while nothing changed."""
    await check_visible(session, caller, competition_id)
    body, tag = (await platform.standings.get(competition_id)).body(limit, offset)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in (part.strip() for part in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
