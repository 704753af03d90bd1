"""Which challenges a caller may know of, and through which competitions."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Annotated

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.core.errors import Conflict, Forbidden, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import Sight, View
from ctfy.server.cache import Cache
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement, one_of, texts
from ctfy.server.services import provided
from ctfy.server.standings.board import Board
from ctfy.server.standings.projection import Standings
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.submissions import ChallengeSolve
from ctfy.server.tables.teams import TeamMember


@dataclass(frozen=True)
class ChallengeView:
    """The challenges that somebody sees, and what they see of them.

    `ids`: in the curators' order. `boards`: of the competitions that they see them through, as
    they are shown to them. `own`: their team per competition, with the board that has its newest
    solves.
    """

    ids: list[str]
    boards: list[Board]
    own: list[tuple[Board, str]] = field(default_factory=list)
    sees_locked: bool = False

    def solved_questions(self, challenge_id: str) -> set[str]:
        """The questions of a challenge that any of the caller's teams answered."""
        return {
            question_id
            for board, team_id in self.own
            for question_id in board.solves.get(team_id, {}).get(challenge_id, {})
        }

    def is_solved(self, challenge_id: str) -> bool:
        """Whether any of the caller's teams solved a challenge whole."""
        return any(
            team_id in board.challenge_solves.get(challenge_id, {}) for board, team_id in self.own
        )

    def missing(self, challenge: Challenge) -> list[str]:
        """What keeps a challenge locked for the caller: the challenges to solve first.

        A challenge is open where any of the competitions has it open.
        """
        if self.sees_locked or not challenge.metadata.unlocked_by:
            return []
        teams = {board.competition_id: (board, team_id) for board, team_id in self.own}
        fewest: list[str] | None = None
        for board in self.boards:
            if challenge.id not in board.rules.challenge_ids:
                continue
            live, team_id = teams.get(board.competition_id, (board, ""))
            needed = [
                id_
                for id_ in challenge.metadata.unlocked_by
                if id_ in board.rules.challenge_ids
                and team_id not in live.challenge_solves.get(id_, {})
            ]
            fewest = needed if fewest is None or len(needed) < len(fewest) else fewest
        return fewest or []


@functools.cache
def _known(sight: Sight) -> Statement:
    newest_first = (Competition.created_at.desc(), Competition.id)
    return Statement(select(Competition).where(sight.competitions()).order_by(*newest_first))


@functools.cache
def _those(sight: Sight) -> Statement:
    named = one_of(Competition.id, texts("ids"))
    return Statement(select(Competition).where(named, sight.reaches(Competition.id)))


_TEAMS = Statement(
    select(TeamMember.competition_id, TeamMember.team_id).where(
        TeamMember.user_id == bindparam("user_id")
    )
)


class VisibleChallenges:
    """Says which challenges somebody sees; refuses the others as if there were none."""

    def __init__(
        self, database: Database, catalogue: Catalogue, standings: Standings, cache: Cache
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._standings = standings
        self._cache = cache

    async def of_competition(self, view: View, competition_id: str) -> ChallengeView:
        """Those of one competition; none before it has started.

        Raises `competition_not_found`, `token_competition_forbidden`.
        """
        competition = await view.competition(self._database, self._cache, competition_id)
        operates = view.is_operator(competition_id)
        return await self._through(view, [competition], sees_locked=operates)

    async def of_all(self, view: View) -> ChallengeView:
        """Those of every competition that they may see; for administrators, the whole catalogue."""
        rows = await self._database.read(_known(view.sight), **view.values)
        found = await self._through(view, list(map(Competition.of, rows)))
        if view.caller is None or not view.caller.is_admin:
            return found
        return ChallengeView(
            list(self._catalogue.challenges), found.boards, found.own, sees_locked=True
        )

    async def _through(
        self,
        view: View,
        competitions: list[Competition],
        *,
        sees_locked: bool = False,
    ) -> ChallengeView:
        teams = await self.teams_of(view.caller) if view.caller else {}
        boards: list[Board] = []
        own: list[tuple[Board, str]] = []
        for competition in filter(view.challenges_are_open, competitions):
            boards.append((await self._standings.seen_by(view, competition)).board)
            if competition.id in teams:
                newest = await self._standings.live(competition.id)
                own.append((newest.board, teams[competition.id]))
        ids = list(dict.fromkeys(id_ for board in boards for id_ in board.rules.challenge_ids))
        return ChallengeView(ids, boards, own, sees_locked)

    async def of_own_teams(self, view: View, competition_id: str = "") -> ChallengeView:
        """Those of the competitions that a caller is in, once they have started; or of one."""
        teams = await self.teams_of(view.caller) if view.caller else {}
        wanted = [id_ for id_ in teams if competition_id in ("", id_)]
        rows = await self._database.read(_those(view.sight), ids=wanted, **view.values)
        return await self._through(view, list(map(Competition.of, rows)))

    async def teams_of(self, caller: Caller) -> dict[str, str]:
        """The caller's team per competition; cached."""
        key = ("teams", caller.user_id)
        known: dict[str, str] | None = self._cache.get(key)
        if known is not None:
            return known
        stamp = self._cache.stamp(f"user:{caller.user_id}")
        rows = await self._database.read(_TEAMS, user_id=caller.user_id)
        found = {row.competition_id: row.team_id for row in rows}
        self._cache.put(key, found, stamp)
        return found

    async def get(
        self, view: View, challenge_id: str, competition_id: str = ""
    ) -> tuple[Challenge, ChallengeView]:
        """One challenge that they may know of, and what they see of it.

        Raises `challenge_not_found`; with a competition `competition_not_found` and
        `challenge_out_of_competition`.
        """
        if competition_id and view.caller is not None:
            competition = await view.competition(self._database, self._cache, competition_id)
            seen = await self.of_competition(view, competition_id)
            started = view.challenges_are_open(competition)
            if started and challenge_id not in seen.ids and self._catalogue.get(challenge_id):
                raise Forbidden(
                    "challenge_out_of_competition",
                    "This challenge is not part of that competition.",
                )
        else:
            seen = await self.of_all(view)
        challenge = self._catalogue.get(challenge_id) if challenge_id in seen.ids else None
        if challenge is None:
            raise NotFound("challenge_not_found", "There is no such challenge.")
        return challenge, seen

    async def get_open(
        self, view: View, challenge_id: str, competition_id: str = ""
    ) -> tuple[Challenge, ChallengeView]:
        """Like `get`, and raises `challenge_locked` while they have to solve others first."""
        challenge, seen = await self.get(view, challenge_id, competition_id)
        _require_solved(seen.missing(challenge))
        return challenge, seen


TheChallenges = Annotated[VisibleChallenges, provided(VisibleChallenges)]


def get_challenge(catalogue: Catalogue, challenge_id: str) -> Challenge:
    """The challenge of an id, whoever asks. Raises `unknown_challenge`."""
    challenge = catalogue.get(challenge_id)
    if challenge is None:
        raise NotFound(
            "unknown_challenge", "There is no such challenge.", challenge_id=challenge_id
        )
    return challenge


async def require_unlocked(
    session: AsyncSession, team_id: str, challenge: Challenge, in_competition: list[str]
) -> None:
    """Raise `challenge_locked` until a team solved what the challenge is unlocked by."""
    needed = [id_ for id_ in challenge.metadata.unlocked_by if id_ in in_competition]
    if not needed:
        return
    solved = await session.scalars(
        select(ChallengeSolve.challenge_id).where(
            ChallengeSolve.team_id == team_id, ChallengeSolve.challenge_id.in_(needed)
        )
    )
    _require_solved(sorted(set(needed) - set(solved)))


def _require_solved(missing: list[str]) -> None:
    if missing:
        raise Conflict(
            "challenge_locked", f"Solve {', '.join(missing)} first.", unlocked_by=missing
        )
