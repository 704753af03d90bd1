"""`client.achievements`."""

from __future__ import annotations

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.achievements import (
    AchievementCatalogEntry,
    EasterEggClaim,
    RecentUnlock,
)


class AchievementsResource:
    """What there is to get, and who got it."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def catalog(self, offset: int = 0, limit: int = 50) -> list[AchievementCatalogEntry]:
        """Every achievement, with the caller's progress.

        >>> [a.name for a in client.achievements.catalog() if a.tier == "gold"]
        """
        return self._http.fetch_page(
            AchievementCatalogEntry, "/achievements/catalog", offset=offset, limit=limit
        )

    def recent_unlocks(self, offset: int = 0, limit: int = 50) -> list[RecentUnlock]:
        """Who got what lately.

        >>> [(unlock.team_name, unlock.name) for unlock in client.achievements.recent_unlocks()]
        """
        return self._http.fetch_page(
            RecentUnlock, "/achievements/recent-unlocks", offset=offset, limit=limit
        )

    def claim_easter_egg(self, egg_id: str, competition_id: str = "") -> EasterEggClaim:
        """Take what an easter egg holds.

        >>> client.achievements.claim_easter_egg("…").achievement.name
        """
        params = {"competition_id": competition_id}
        return self._http.fetch(
            EasterEggClaim, "POST", f"/easter-eggs/{egg_id}/claim", params=params
        )
