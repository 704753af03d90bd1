"""`client.teams`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.accounts import ProfileStats
from ctfy.server.models.achievements import TeamAchievement
from ctfy.server.models.awards import TeamAward
from ctfy.server.models.teams import TeamDetail, TeamInfo


class TeamsResource:
    """Teams of every competition."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(self, offset: int = 0, limit: int = 50) -> builtins.list[TeamInfo]:
        """The teams that the caller may know of, oldest first.

        >>> [team.name for team in client.teams.list()]
        """
        return self._http.fetch_page(TeamInfo, "/teams", offset=offset, limit=limit)

    def iterate(self) -> Iterator[TeamInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(TeamInfo, "/teams")

    def get(self, team_id: str) -> TeamDetail:
        """One team with its members.

        >>> [member.display_name for member in client.teams.get(team_id).members]
        """
        return self._http.fetch(TeamDetail, "GET", f"/teams/{team_id}")

    def profile_stats(self, team_id: str, days: int = 365) -> ProfileStats:
        """What a team did, by day, tag and difficulty.

        >>> client.teams.profile_stats(team_id).by_difficulty
        """
        path = f"/teams/{team_id}/profile-stats"
        return self._http.fetch(ProfileStats, "GET", path, params={"days": days})

    def achievements(
        self, team_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[TeamAchievement]:
        """What a team has been honoured for, newest first.

        >>> [a.name for a in client.teams.achievements(team_id)]
        """
        path = f"/teams/{team_id}/achievements"
        return self._http.fetch_page(TeamAchievement, path, offset=offset, limit=limit)

    def awards(self, team_id: str, offset: int = 0, limit: int = 50) -> builtins.list[TeamAward]:
        """The points that a team was given, or that were taken off it, and why; newest first.

        >>> [(award.points, award.reason) for award in client.teams.awards(team_id)]
        """
        path = f"/teams/{team_id}/awards"
        return self._http.fetch_page(TeamAward, path, offset=offset, limit=limit)
