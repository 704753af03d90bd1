# Written by tools/async_sdk.py from ctfy/sdk/resources/users.py.
# Change that file, then run the tool.
"""`client.users`."""

from __future__ import annotations

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.accounts import ProfileStats, UserInfo, UserSolveTrend


class UsersResource:
    """Other people, as far as they show themselves."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def get(self, user_id: str) -> UserInfo:
        """A person; what they hide is absent."""
        return await self._http.fetch(UserInfo, "GET", f"/users/{user_id}")

    async def solve_trend(self, user_id: str, days: int = 30) -> UserSolveTrend:
        """What a person answered in the last days, a point per day."""
        path = f"/users/{user_id}/solve-trend"
        return await self._http.fetch(UserSolveTrend, "GET", path, params={"days": days})

    async def profile_stats(self, user_id: str, days: int = 30) -> ProfileStats:
        """What a person did, by day, tag and difficulty."""
        path = f"/users/{user_id}/profile-stats"
        return await self._http.fetch(ProfileStats, "GET", path, params={"days": days})
