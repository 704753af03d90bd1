# Written by tools/async_sdk.py from ctfy/sdk/resources/teams.py.
# Change that file, then run the tool.
"""`client.teams`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.accounts import ProfileStats
from ctfy.server.models.achievements import TeamAchievement
from ctfy.server.models.awards import TeamAward
from ctfy.server.models.teams import TeamDetail, TeamInfo


class TeamsResource:
    """Teams of every competition."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(self, offset: int = 0, limit: int = 50) -> builtins.list[TeamInfo]:
        """The teams that the caller may know of, oldest first."""
        return await self._http.fetch_page(TeamInfo, "/teams", offset=offset, limit=limit)

    def iterate(self) -> AsyncIterator[TeamInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(TeamInfo, "/teams")

    async def get(self, team_id: str) -> TeamDetail:
        """One team with its members."""
        return await self._http.fetch(TeamDetail, "GET", f"/teams/{team_id}")

    async def profile_stats(self, team_id: str, days: int = 365) -> ProfileStats:
        """What a team did, by day, tag and difficulty."""
        path = f"/teams/{team_id}/profile-stats"
        return await self._http.fetch(ProfileStats, "GET", path, params={"days": days})

    async def achievements(
        self, team_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[TeamAchievement]:
        """What a team has been honoured for, newest first."""
        path = f"/teams/{team_id}/achievements"
        return await self._http.fetch_page(TeamAchievement, path, offset=offset, limit=limit)

    async def awards(
        self, team_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[TeamAward]:
        """The points that a team was given, or that were taken off it, and why; newest first."""
        path = f"/teams/{team_id}/awards"
        return await self._http.fetch_page(TeamAward, path, offset=offset, limit=limit)
