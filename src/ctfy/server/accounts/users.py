"""`/users`: other people, as far as they show themselves; and what people and teams did."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from ctfy.server.access.caller import AnyToken
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.accounts import profiles, statistics
from ctfy.server.kernel import TheCatalogue, TheDatabase
from ctfy.server.models.accounts import ProfileStats, UserInfo, UserSolveTrend

router = Router(tags=["users"])

_Days = Annotated[int, Query(ge=7, le=365)]


@router.get("/users/{user_id}")
async def get_user(user_id: str, database: TheDatabase, caller: AnyToken) -> UserInfo:
    """A person; what they hide is absent."""
    return await profiles.user_info(database, View(caller), user_id)


@router.get("/users/{user_id}/solve-trend")
async def solve_trend(
    user_id: str, database: TheDatabase, caller: AnyToken, days: _Days = 30
) -> UserSolveTrend:
    """What a person answered in the last days."""
    points = await statistics.trend(database, View(caller), user_id, days)
    return UserSolveTrend(solve_trend=points)


@router.get("/users/{user_id}/profile-stats")
async def user_stats(
    user_id: str,
    database: TheDatabase,
    catalogue: TheCatalogue,
    caller: AnyToken,
    days: _Days = 365,
) -> ProfileStats:
    """What a person did, by day, tag and difficulty."""
    return await statistics.profile_stats(
        database, View(caller), catalogue, "user_id", user_id, days
    )


@router.get("/teams/{team_id}/profile-stats")
async def team_stats(
    team_id: str,
    database: TheDatabase,
    catalogue: TheCatalogue,
    caller: AnyToken,
    days: _Days = 365,
) -> ProfileStats:
    """What a team did, by day, tag and difficulty."""
    return await statistics.profile_stats(
        database, View(caller), catalogue, "team_id", team_id, days
    )
