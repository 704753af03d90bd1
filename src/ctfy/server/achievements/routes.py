"""`/achievements`, easter eggs, and awards by hand."""

from __future__ import annotations

from typing import Annotated

import httpx
from fastapi import Query, Response
from sqlalchemy import select

from ctfy.core.enums import ScopeLevel
from ctfy.server.access.caller import Admin, Caller, MaybeCaller, may
from ctfy.server.access.idempotency import Router
from ctfy.server.access.scopes import Scope
from ctfy.server.access.view import View
from ctfy.server.achievements import service
from ctfy.server.achievements.catalogue import ACHIEVEMENTS
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheDatabase, TheSettings
from ctfy.server.models.achievements import (
    AchievementCatalogEntry,
    EasterEggClaim,
    MyAchievementsResponse,
    RecentUnlock,
    StarGazerVerifyResponse,
    TeamAchievement,
)
from ctfy.server.models.base import Page
from ctfy.server.settings import Settings
from ctfy.server.tables.accounts import Identity

router = Router(tags=["achievements"])

_READ = may(Scope.PROFILE, ScopeLevel.READ)
_WRITE = may(Scope.PROFILE, ScopeLevel.WRITE)
_CompetitionId = Annotated[str, Query(max_length=64)]


@router.get("/achievements/catalog")
async def catalog(
    database: TheDatabase, paging: Paged, caller: Caller = _READ
) -> Page[AchievementCatalogEntry]:
    """Every achievement, with the caller's progress; secret ones without their names."""
    return paging.cut(await service.catalogue(database, caller))


@router.get("/achievements/recent-unlocks")
async def recent_unlocks(
    database: TheDatabase, paging: Paged, caller: MaybeCaller
) -> Page[RecentUnlock]:
    """Who got what lately; secret ones are left out."""
    view = View(caller)
    listing = service.recent(view.sight)
    return await paging.read(database, listing, service.recent_unlock, **view.values)


@router.get("/teams/{team_id}/achievements")
async def team_achievements(
    team_id: str, database: TheDatabase, paging: Paged, caller: MaybeCaller
) -> Page[TeamAchievement]:
    """What a team has, newest first; secret ones keep their name to the team."""
    return await service.of_team(database, paging, caller, team_id)


@router.get("/me/achievements")
async def my_achievements(
    database: TheDatabase, caller: Caller = _READ, competition_id: _CompetitionId = ""
) -> MyAchievementsResponse:
    """What the caller's teams have, and what there is to get."""
    return await service.mine(database, caller, competition_id)


@router.post("/easter-eggs/{egg_id}/claim")
async def claim_easter_egg(
    egg_id: str, session: Session, caller: Caller = _WRITE, competition_id: _CompetitionId = ""
) -> EasterEggClaim:
    """Take what an easter egg holds."""
    return await service.claim_egg(session, caller, egg_id, competition_id)


@router.post("/me/star-gazer/verify")
async def verify_star_gazer(
    settings: TheSettings,
    session: Session,
    caller: Caller = _WRITE,
    competition_id: _CompetitionId = "",
) -> StarGazerVerifyResponse:
    """Look on GitHub whether the caller starred the project."""
    login = await session.scalar(
        select(Identity.login).where(
            Identity.user_id == caller.user_id, Identity.provider == "github"
        )
    )
    reason = "" if login else "Link your GitHub account first."
    if not reason and not await service.own_teams(session, caller, competition_id):
        reason = "Achievements go to a team: enter a competition first."
    reason = reason or await _why_no_star(settings, login or "")
    if reason:
        return StarGazerVerifyResponse(verified=False, reason=reason, achievement=None)
    star = ACHIEVEMENTS["star_gazer"]
    unlocked, new = await service.give(session, caller, star, competition_id)
    return StarGazerVerifyResponse(verified=True, achievement=unlocked, already_unlocked=not new)


async def _why_no_star(settings: Settings, login: str) -> str:
    """Empty when the account starred the project."""
    repository = settings.github_repository
    provider = settings.oauth_providers.get("github")
    if not repository or provider is None:
        return "This server names no GitHub repository to star."
    try:
        async with httpx.AsyncClient(timeout=10) as http:
            for page in range(1, 11):
                found = await http.get(
                    f"{provider.api_url}/users/{login}/starred",
                    params={"per_page": 100, "page": page},
                )
                found.raise_for_status()
                names = [str(r["full_name"]).lower() for r in found.json()]
                if repository.lower() in names:
                    return ""
                if len(names) < 100:
                    break
    except (httpx.HTTPError, ValueError, KeyError):
        return "GitHub did not answer. Try again later."
    return f"You have not starred {repository}."


@router.post("/admin/teams/{team_id}/achievements/{achievement_id}")
async def grant_achievement(
    team_id: str, achievement_id: str, session: Session, caller: Admin
) -> TeamAchievement:
    """Give a team an achievement by hand."""
    return await service.grant(session, caller, team_id, achievement_id)


@router.delete(
    "/admin/teams/{team_id}/achievements/{achievement_id}",
    status_code=204,
    response_class=Response,
)
async def revoke_achievement(
    team_id: str, achievement_id: str, session: Session, caller: Admin
) -> None:
    """Take an achievement from a team."""
    await service.revoke(session, caller, team_id, achievement_id)
