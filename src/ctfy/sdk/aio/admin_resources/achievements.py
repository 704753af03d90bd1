# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/achievements.py.
# Change that file, then run the tool.
"""`admin.achievements`."""

from __future__ import annotations

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.achievements import TeamAchievement


class AdminAchievementsResource:
    """Awards by hand."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def grant(self, team_id: str, achievement_id: str) -> TeamAchievement:
        """Give a team an achievement."""
        path = f"/admin/teams/{team_id}/achievements/{achievement_id}"
        return await self._http.fetch(TeamAchievement, "POST", path)

    async def revoke(self, team_id: str, achievement_id: str) -> None:
        """Take an achievement from a team."""
        await self._http.call("DELETE", f"/admin/teams/{team_id}/achievements/{achievement_id}")
