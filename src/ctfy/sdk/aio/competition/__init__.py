# Written by tools/async_sdk.py from ctfy/sdk/competition/__init__.py.
# Change that file, then run the tool.
"""One competition, from inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.sdk.aio.competition.team import CompetitionTeam
from ctfy.sdk.aio.competition.writeups import CompetitionWriteups
from ctfy.sdk.competition import _answers
from ctfy.server.models.base import ListOf
from ctfy.server.models.challenges import ChallengeInfo, HintInfo
from ctfy.server.models.competitions import CompetitionDetail
from ctfy.server.models.fields import AnsweredField, FieldValue
from ctfy.server.models.standings import (
    AdminSolveMatrix,
    CompetitionChallengeBreakdown,
    CompetitionScoreDistribution,
    CompetitionScoreHistory,
    CtftimeScoreboard,
    ScoreboardEntry,
)
from ctfy.server.models.teams import TeamDetail, TeamInfo, TeamInviteInfo


class Competition:
    """One competition."""

    def __init__(self, http: AsyncBaseHttpClient, competition_id: str) -> None:
        self._http = http
        self._id = competition_id
        self._path = f"/competitions/{competition_id}"

    @property
    def id(self) -> str:
        """The competition's id."""
        return self._id

    async def detail(self) -> CompetitionDetail:
        """The competition with its challenges."""
        return await self._http.fetch(CompetitionDetail, "GET", self._path)

    async def challenges(
        self,
        difficulty: str | None = None,
        tag: str = "",
        q: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> list[ChallengeInfo]:
        """The challenges, in the curator's order."""
        return await self._http.fetch_page(
            ChallengeInfo,
            f"{self._path}/challenges",
            difficulty=difficulty or "",
            tag=tag,
            q=q,
            offset=offset,
            limit=limit,
        )

    async def search_teams(self, q: str = "", offset: int = 0, limit: int = 50) -> list[TeamInfo]:
        """The teams whose name holds a text."""
        return await self._http.fetch_page(
            TeamInfo, f"{self._path}/teams/search", q=q, offset=offset, limit=limit
        )

    async def register(
        self,
        mode: Literal["solo", "create", "join"] = "solo",
        *,
        name: str = "",
        description: str = "",
        code: str = "",
        bracket: str = "",
        fields: Mapping[str, FieldValue] | None = None,
    ) -> TeamDetail:
        """Enter the competition: alone, with a new team, or on a team by its code.

        `fields` answer what the competition asks, by their names; see `fields()`.
        """
        if mode == "join":
            path = f"{self._path}/teams/redeem"
            return await self._http.fetch(
                TeamDetail, "POST", path, json={"code": code} | _answers(fields)
            )
        body: dict[str, Any] = {"mode": mode, "name": name, "description": description}
        body |= {"bracket": bracket} | _answers(fields)
        return await self._http.fetch(TeamDetail, "POST", f"{self._path}/teams", json=body)

    async def fields(self) -> list[AnsweredField]:
        """What the competition asks of those who register, with the caller's answers."""
        return (await self._http.fetch(ListOf[AnsweredField], "GET", f"{self._path}/fields")).root

    async def answer(self, fields: Mapping[str, FieldValue | None]) -> list[AnsweredField]:
        """Change the caller's answers, by the names of the fields; None takes one away."""
        body = {"fields": dict(fields)}
        path = f"{self._path}/fields"
        return (await self._http.fetch(ListOf[AnsweredField], "PATCH", path, json=body)).root

    async def request_to_join(
        self, team_id: str, *, fields: Mapping[str, FieldValue] | None = None
    ) -> TeamInviteInfo:
        """Ask a team's captain to let the caller in; `fields` as for `register`."""
        path = f"{self._path}/teams/{team_id}/join-request"
        return await self._http.fetch(TeamInviteInfo, "POST", path, json=_answers(fields) or None)

    async def accept_invite(
        self, invite_id: str, *, fields: Mapping[str, FieldValue] | None = None
    ) -> TeamDetail:
        """Accept a direct invite; `fields` as for `register`."""
        path = f"{self._path}/invites/{invite_id}/accept"
        return await self._http.fetch(TeamDetail, "POST", path, json=_answers(fields) or None)

    async def decline_invite(self, invite_id: str) -> None:
        """Decline a direct invite."""
        await self._http.call("POST", f"{self._path}/invites/{invite_id}/decline")

    async def hints(self, challenge_id: str) -> list[HintInfo]:
        """A challenge's hints with their cost; the text of those that the team took."""
        path = f"{self._path}/challenges/{challenge_id}/hints"
        return (await self._http.fetch(ListOf[HintInfo], "GET", path)).root

    async def unlock_hint(self, challenge_id: str, hint_id: str) -> HintInfo:
        """Take a hint; its cost is taken off the team's points, once."""
        path = f"{self._path}/challenges/{challenge_id}/hints/{hint_id}/unlock"
        return await self._http.fetch(HintInfo, "POST", path)

    async def scoreboard(self, offset: int = 0, limit: int = 50) -> list[ScoreboardEntry]:
        """The standings, best first."""
        return await self._http.fetch_page(
            ScoreboardEntry, f"{self._path}/scoreboard", offset=offset, limit=limit
        )

    async def score_history(
        self, *, top: int = 10, team_ids: Sequence[str] = ()
    ) -> CompetitionScoreHistory:
        """The `top` best teams over time, and up to 50 ranked ones of your choice."""
        params = {"top": top, "team_id": list(team_ids)}
        path = f"{self._path}/score-history"
        return await self._http.fetch(CompetitionScoreHistory, "GET", path, params=params)

    async def score_distribution(self) -> CompetitionScoreDistribution:
        """How many teams solved how many challenges."""
        path = f"{self._path}/scoreboard/distribution"
        return await self._http.fetch(CompetitionScoreDistribution, "GET", path)

    async def solve_matrix(self) -> AdminSolveMatrix:
        """Who solved what."""
        return await self._http.fetch(AdminSolveMatrix, "GET", f"{self._path}/solve-matrix")

    async def challenge_breakdown(self) -> CompetitionChallengeBreakdown:
        """Every challenge's solves, attempts and first blood."""
        path = f"{self._path}/challenge-breakdown"
        return await self._http.fetch(CompetitionChallengeBreakdown, "GET", path)

    async def ctftime(self) -> CtftimeScoreboard:
        """The standings in CTFtime's format; of public competitions."""
        return await self._http.fetch(CtftimeScoreboard, "GET", f"{self._path}/ctftime")

    @cached_property
    def team(self) -> CompetitionTeam:
        """The caller's team."""
        return CompetitionTeam(self._http, self._id)

    @cached_property
    def writeups(self) -> CompetitionWriteups:
        """How challenges were solved, as teams wrote it down."""
        return CompetitionWriteups(self._http, self._id)
