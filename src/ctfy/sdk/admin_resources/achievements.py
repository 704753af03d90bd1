"""`admin.achievements`."""

from __future__ import annotations

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.achievements import TeamAchievement


class AdminAchievementsResource:
    """Awards by hand."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def grant(self, team_id: str, achievement_id: str) -> TeamAchievement:
        """Give a team an achievement."""
        path = f"/admin/teams/{team_id}/achievements/{achievement_id}"
        return self._http.fetch(TeamAchievement, "POST", path)

    def revoke(self, team_id: str, achievement_id: str) -> None:
        """Take an achievement from a team."""
        self._http.call("DELETE", f"/admin/teams/{team_id}/achievements/{achievement_id}")
