"""One competition, from inside."""

from __future__ import annotations

from typing import Literal

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.challenges import ChallengeInfo
from ctfy.server.models.competitions import CompetitionDetail
from ctfy.server.models.standings import ScoreboardEntry
from ctfy.server.models.teams import TeamDetail


class Competition:
    """One competition.

    >>> competition = client.competition("…")
    >>> competition.register(mode="solo").name
    """

    def __init__(self, http: BaseHttpClient, competition_id: str) -> None:
        self._http = http
        self._id = competition_id
        self._path = f"/competitions/{competition_id}"

    @property
    def id(self) -> str:
        """The competition's id."""
        return self._id

    def detail(self) -> CompetitionDetail:
        """The competition with its challenges."""
        return self._http.fetch(CompetitionDetail, "GET", self._path)

    def challenges(
        self,
        difficulty: str | None = None,
        tag: str = "",
        q: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> list[ChallengeInfo]:
        """The challenges, in the curator's order."""
        return self._http.fetch_page(
            ChallengeInfo,
            f"{self._path}/challenges",
            difficulty=difficulty or "",
            tag=tag,
            q=q,
            offset=offset,
            limit=limit,
        )

    def register(
        self,
        mode: Literal["solo", "create"] = "solo",
        *,
        name: str = "",
        description: str = "",
    ) -> TeamDetail:
        """Enter the competition, alone or with a new team."""
        body = {"mode": mode, "name": name, "description": description}
        return self._http.fetch(TeamDetail, "POST", f"{self._path}/teams", json=body)

    def scoreboard(self, offset: int = 0, limit: int = 50) -> list[ScoreboardEntry]:
        """The standings, best first."""
        return self._http.fetch_page(
            ScoreboardEntry, f"{self._path}/scoreboard", offset=offset, limit=limit
        )
