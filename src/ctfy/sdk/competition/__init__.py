"""One competition, from inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from ctfy.sdk.base import BaseHttpClient
from ctfy.sdk.competition.team import CompetitionTeam
from ctfy.sdk.competition.writeups import CompetitionWriteups
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

    def search_teams(self, q: str = "", offset: int = 0, limit: int = 50) -> list[TeamInfo]:
        """The teams whose name holds a text.

        >>> [team.name for team in competition.search_teams("null")]
        """
        return self._http.fetch_page(
            TeamInfo, f"{self._path}/teams/search", q=q, offset=offset, limit=limit
        )

    def register(
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

        >>> competition.register("create", name="Null Pointers").captain_display_name
        >>> competition.register("join", code="ABCD…").name
        """
        if mode == "join":
            path = f"{self._path}/teams/redeem"
            return self._http.fetch(
                TeamDetail, "POST", path, json={"code": code} | _answers(fields)
            )
        body: dict[str, Any] = {"mode": mode, "name": name, "description": description}
        body |= {"bracket": bracket} | _answers(fields)
        return self._http.fetch(TeamDetail, "POST", f"{self._path}/teams", json=body)

    def fields(self) -> list[AnsweredField]:
        """What the competition asks of those who register, with the caller's answers.

        >>> [field.name for field in competition.fields() if field.required]
        """
        return self._http.fetch(ListOf[AnsweredField], "GET", f"{self._path}/fields").root

    def answer(self, fields: Mapping[str, FieldValue | None]) -> list[AnsweredField]:
        """Change the caller's answers, by the names of the fields; None takes one away.

        >>> competition.answer({"t_shirt": "M"})
        """
        body = {"fields": dict(fields)}
        path = f"{self._path}/fields"
        return self._http.fetch(ListOf[AnsweredField], "PATCH", path, json=body).root

    def request_to_join(
        self, team_id: str, *, fields: Mapping[str, FieldValue] | None = None
    ) -> TeamInviteInfo:
        """Ask a team's captain to let the caller in; `fields` as for `register`.

        >>> competition.request_to_join(competition.search_teams("null")[0].id).active
        """
        path = f"{self._path}/teams/{team_id}/join-request"
        return self._http.fetch(TeamInviteInfo, "POST", path, json=_answers(fields) or None)

    def accept_invite(
        self, invite_id: str, *, fields: Mapping[str, FieldValue] | None = None
    ) -> TeamDetail:
        """Accept a direct invite; `fields` as for `register`.

        >>> competition.accept_invite(client.me.inbox().incoming_invites[0].id).name
        """
        path = f"{self._path}/invites/{invite_id}/accept"
        return self._http.fetch(TeamDetail, "POST", path, json=_answers(fields) or None)

    def decline_invite(self, invite_id: str) -> None:
        """Decline a direct invite.

        >>> competition.decline_invite(client.me.inbox().incoming_invites[0].id)
        """
        self._http.call("POST", f"{self._path}/invites/{invite_id}/decline")

    def hints(self, challenge_id: str) -> list[HintInfo]:
        """A challenge's hints with their cost; the text of those that the team took.

        >>> [(hint.id, hint.cost) for hint in competition.hints("notes")]
        """
        path = f"{self._path}/challenges/{challenge_id}/hints"
        return self._http.fetch(ListOf[HintInfo], "GET", path).root

    def unlock_hint(self, challenge_id: str, hint_id: str) -> HintInfo:
        """Take a hint; its cost is taken off the team's points, once.

        >>> competition.unlock_hint("notes", "where").text
        """
        path = f"{self._path}/challenges/{challenge_id}/hints/{hint_id}/unlock"
        return self._http.fetch(HintInfo, "POST", path)

    def scoreboard(self, offset: int = 0, limit: int = 50) -> list[ScoreboardEntry]:
        """The standings, best first."""
        return self._http.fetch_page(
            ScoreboardEntry, f"{self._path}/scoreboard", offset=offset, limit=limit
        )

    def score_history(
        self, *, top: int = 10, team_ids: Sequence[str] = ()
    ) -> CompetitionScoreHistory:
        """The `top` best teams over time, and up to 50 ranked ones of your choice.

        >>> competition.score_history(top=3).series[0].points[-1].score
        """
        params = {"top": top, "team_id": list(team_ids)}
        path = f"{self._path}/score-history"
        return self._http.fetch(CompetitionScoreHistory, "GET", path, params=params)

    def score_distribution(self) -> CompetitionScoreDistribution:
        """How many teams solved how many challenges.

        >>> [(bin.label, bin.count) for bin in competition.score_distribution().bins]
        """
        path = f"{self._path}/scoreboard/distribution"
        return self._http.fetch(CompetitionScoreDistribution, "GET", path)

    def solve_matrix(self) -> AdminSolveMatrix:
        """Who solved what.

        >>> [cell.team_id for cell in competition.solve_matrix().cells if cell.first_blood]
        """
        return self._http.fetch(AdminSolveMatrix, "GET", f"{self._path}/solve-matrix")

    def challenge_breakdown(self) -> CompetitionChallengeBreakdown:
        """Every challenge's solves, attempts and first blood.

        >>> competition.challenge_breakdown().challenges[0].first_blood_team_name
        """
        path = f"{self._path}/challenge-breakdown"
        return self._http.fetch(CompetitionChallengeBreakdown, "GET", path)

    def ctftime(self) -> CtftimeScoreboard:
        """The standings in CTFtime's format; of public competitions.

        >>> competition.ctftime().standings[0].team
        """
        return self._http.fetch(CtftimeScoreboard, "GET", f"{self._path}/ctftime")

    @cached_property
    def team(self) -> CompetitionTeam:
        """The caller's team."""
        return CompetitionTeam(self._http, self._id)

    @cached_property
    def writeups(self) -> CompetitionWriteups:
        """How challenges were solved, as teams wrote it down."""
        return CompetitionWriteups(self._http, self._id)


def _answers(fields: Mapping[str, FieldValue] | None) -> dict[str, Any]:
    """What a body says of them: nothing where there are none, as servers of a version before."""
    return {"fields": dict(fields)} if fields else {}
