"""`admin.awards`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.awards import AwardInfo


class AdminAwardsResource:
    """Points that no answer brought: awards, and penalties."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(
        self, competition_id: str, *, team_id: str = "", offset: int = 0, limit: int = 50
    ) -> builtins.list[AwardInfo]:
        """What the teams of a competition were given, or one of them, newest first."""
        path = f"/admin/competitions/{competition_id}/awards"
        return self._http.fetch_page(AwardInfo, path, team_id=team_id, offset=offset, limit=limit)

    def iterate(self, competition_id: str, *, team_id: str = "") -> Iterator[AwardInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        path = f"/admin/competitions/{competition_id}/awards"
        return self._http.pages(AwardInfo, path, team_id=team_id)

    def give(self, competition_id: str, team_id: str, *, points: int, reason: str) -> AwardInfo:
        """Give a team points, or take some off it: then they are negative.

        >>> admin.awards.give(competition.id, team.id, points=50, reason="the best write-up")
        """
        path = f"/admin/competitions/{competition_id}/teams/{team_id}/awards"
        body = {"points": points, "reason": reason}
        return self._http.fetch(AwardInfo, "POST", path, json=body)

    def revoke(self, competition_id: str, award_id: str) -> None:
        """Take an award, or a penalty, back."""
        self._http.call("DELETE", f"/admin/competitions/{competition_id}/awards/{award_id}")
