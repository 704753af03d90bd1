# Written by tools/async_sdk.py from ctfy/sdk/resources/scoreboard.py.
# Change that file, then run the tool.
"""`client.scoreboard`."""

from __future__ import annotations

from typing import Any

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.standings import (
    ChallengeStats,
    ScoreboardEntry,
    ScoreboardSnapshotState,
    UserScoreboardEntry,
)


class ScoreboardResource:
    """Standings over all public competitions."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def get(
        self, category: str = "", offset: int = 0, limit: int = 50
    ) -> list[ScoreboardEntry]:
        """The teams, best first; in one category of challenges when it is named."""
        params: dict[str, Any] = {"offset": offset, "limit": limit}
        if category:
            params["category"] = category
        return await self._http.fetch_page(ScoreboardEntry, "/scoreboard", **params)

    async def challenge_stats(self, offset: int = 0, limit: int = 50) -> list[ChallengeStats]:
        """The challenges, most solved first."""
        return await self._http.fetch_page(
            ChallengeStats, "/scoreboard/challenges", offset=offset, limit=limit
        )

    async def history(
        self, *, team_id: str = "", days: int = 30, offset: int = 0, limit: int = 50
    ) -> list[ScoreboardSnapshotState]:
        """The standings as they were, newest first."""
        return await self._http.fetch_page(
            ScoreboardSnapshotState,
            "/scoreboard/history",
            team_id=team_id,
            days=days,
            offset=offset,
            limit=limit,
        )

    async def users(self, offset: int = 0, limit: int = 50) -> list[UserScoreboardEntry]:
        """The people, by what they answered themselves."""
        return await self._http.fetch_page(
            UserScoreboardEntry, "/scoreboard/users", offset=offset, limit=limit
        )
