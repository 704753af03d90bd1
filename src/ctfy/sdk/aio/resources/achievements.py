# Written by tools/async_sdk.py from ctfy/sdk/resources/achievements.py.
# Change that file, then run the tool.
"""`client.achievements`."""

from __future__ import annotations

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.achievements import AchievementCatalogEntry, EasterEggClaim, RecentUnlock


class AchievementsResource:
    """What there is to get, and who got it."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def catalog(self, offset: int = 0, limit: int = 50) -> list[AchievementCatalogEntry]:
        """Every achievement, with the caller's progress."""
        return await self._http.fetch_page(
            AchievementCatalogEntry, "/achievements/catalog", offset=offset, limit=limit
        )

    async def recent_unlocks(self, offset: int = 0, limit: int = 50) -> list[RecentUnlock]:
        """Who got what lately."""
        return await self._http.fetch_page(
            RecentUnlock, "/achievements/recent-unlocks", offset=offset, limit=limit
        )

    async def claim_easter_egg(self, egg_id: str, competition_id: str = "") -> EasterEggClaim:
        """Take what an easter egg holds."""
        params = {"competition_id": competition_id}
        return await self._http.fetch(
            EasterEggClaim, "POST", f"/easter-eggs/{egg_id}/claim", params=params
        )
