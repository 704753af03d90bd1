"""Registering for a competition."""

from __future__ import annotations

from fastapi import APIRouter

from ctfy.server.access.caller import Caller, may
from ctfy.server.access.scopes import Scope
from ctfy.server.database.engine import Session
from ctfy.server.models.accounts import ScopeLevel
from ctfy.server.models.teams import RegisterTeamRequest, TeamDetail
from ctfy.server.teams import service

router = APIRouter(tags=["teams"])


@router.post("/competitions/{competition_id}/teams", status_code=201)
async def register(
    competition_id: str,
    body: RegisterTeamRequest,
    session: Session,
    caller: Caller = may(Scope.TEAMS, ScopeLevel.WRITE),
) -> TeamDetail:
    """Enter a competition, alone or with a new team."""
    return await service.register(session, caller, competition_id, body)
