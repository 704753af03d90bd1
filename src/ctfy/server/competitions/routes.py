"""`/competitions` and their administration."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from ctfy.server.access.caller import Admin, AnyToken, Caller, may
from ctfy.server.access.scopes import Scope
from ctfy.server.challenges.service import ChallengeFilter, competition_challenges
from ctfy.server.competitions import service
from ctfy.server.competitions.tables import Competition
from ctfy.server.database.base import now
from ctfy.server.database.engine import Session
from ctfy.server.models.accounts import ScopeLevel
from ctfy.server.models.base import Page
from ctfy.server.models.challenges import ChallengeInfo
from ctfy.server.models.competitions import (
    CompetitionCreate,
    CompetitionDetail,
    CompetitionInfo,
    Phase,
)
from ctfy.server.pages import Limit, Offset, fetch_page
from ctfy.server.platform import ThePlatform

router = APIRouter(tags=["competitions"])


@router.get("/competitions")
async def list_competitions(
    platform: ThePlatform,
    session: Session,
    caller: AnyToken,
    phase: Literal["", "upcoming", "running", "past"] = "",
    competition_id: str = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page[CompetitionInfo]:
    """The competitions that the caller may know of, newest first."""
    wanted: Phase | None = phase or None
    query = service.visible(caller, phase=wanted, id_=competition_id)
    rows, total = await fetch_page(session, query, limit, offset)
    items = [
        CompetitionInfo(
            **service.competition_info(
                row, await platform.standings.get(row.Competition.id) if row.team_id else None
            )
        )
        for row in rows
    ]
    return Page(items=items, total=total, limit=limit, offset=offset)


@router.get("/competitions/{competition_id}")
async def get_competition(
    competition_id: str, platform: ThePlatform, session: Session, caller: AnyToken
) -> CompetitionDetail:
    """One competition with its challenges."""
    row = await service.get_visible(session, caller, competition_id)
    challenges = await competition_challenges(
        session, platform.catalogue, competition_id, ChallengeFilter()
    )
    shown = challenges if _may_see_challenges(row.Competition, caller) else []
    standings = await platform.standings.get(competition_id)
    return CompetitionDetail(
        **service.competition_info(row, standings), challenges=shown, registered_at=row.joined_at
    )


@router.get("/competitions/{competition_id}/challenges")
async def list_challenges(
    competition_id: str,
    platform: ThePlatform,
    session: Session,
    caller: Caller = may(Scope.CHALLENGES, ScopeLevel.READ),
    difficulty: Annotated[str, Query(max_length=32)] = "",
    tag: Annotated[str, Query(max_length=64)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page[ChallengeInfo]:
    """The competition's challenges, in the curator's order."""
    row = await service.get_visible(session, caller, competition_id)
    wanted = ChallengeFilter(difficulty=difficulty, tag=tag, text=q)
    found = await competition_challenges(session, platform.catalogue, competition_id, wanted)
    if not _may_see_challenges(row.Competition, caller):
        found = []
    return Page(items=found[offset : offset + limit], total=len(found), limit=limit, offset=offset)


def _may_see_challenges(competition: Competition, caller: Caller) -> bool:
    """Challenges stay closed until the competition has started, but to administrators."""
    return caller.is_admin or service.phase_of(competition, now()) != "upcoming"


@router.post("/admin/competitions", status_code=201)
async def create_competition(
    body: CompetitionCreate, platform: ThePlatform, session: Session, caller: Admin
) -> CompetitionInfo:
    """Create a competition."""
    competition_id = await service.create(session, platform.catalogue, caller.user_id, body)
    await session.flush()
    row = await service.get_visible(session, caller, competition_id)
    return CompetitionInfo(**service.competition_info(row, None))
