"""`client.scoreboard`."""

from __future__ import annotations

from typing import Any

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.standings import (
    ChallengeStats,
    ScoreboardEntry,
    ScoreboardSnapshotState,
    UserScoreboardEntry,
)


class ScoreboardResource:
    """Standings over all public competitions."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def get(self, category: str = "", offset: int = 0, limit: int = 50) -> list[ScoreboardEntry]:
        """The teams, best first; in one category of challenges when it is named.

        >>> [(entry.rank, entry.team_name) for entry in client.scoreboard.get()]
        """
        params: dict[str, Any] = {"offset": offset, "limit": limit}
        if category:
            params["category"] = category
        return self._http.fetch_page(ScoreboardEntry, "/scoreboard", **params)

    def challenge_stats(self, offset: int = 0, limit: int = 50) -> list[ChallengeStats]:
        """The challenges, most solved first.

        >>> client.scoreboard.challenge_stats()[0].success_rate
        """
        return self._http.fetch_page(
            ChallengeStats, "/scoreboard/challenges", offset=offset, limit=limit
        )

    def history(
        self, *, team_id: str = "", days: int = 30, offset: int = 0, limit: int = 50
    ) -> list[ScoreboardSnapshotState]:
        """The standings as they were, newest first.

        >>> [s.rank for s in client.scoreboard.history(team_id=team.id)]
        """
        return self._http.fetch_page(
            ScoreboardSnapshotState,
            "/scoreboard/history",
            team_id=team_id,
            days=days,
            offset=offset,
            limit=limit,
        )

    def users(self, offset: int = 0, limit: int = 50) -> list[UserScoreboardEntry]:
        """The people, by what they answered themselves.

        >>> client.scoreboard.users()[0].display_name
        """
        return self._http.fetch_page(
            UserScoreboardEntry, "/scoreboard/users", offset=offset, limit=limit
        )
