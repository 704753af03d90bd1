"""Which challenges a caller may know of, and through which competitions."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from sqlalchemy import bindparam, null, select

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access.view import ME, OWN_TEAM, Place, Sight, View
from ctfy.server.cache import Cache
from ctfy.server.competitions.challenges import out_of_competition
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement, one_of, texts
from ctfy.server.services import provided
from ctfy.server.standings.board import Board, Offer
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

    def offer(self, challenge_id: str) -> Offer:
        """What the first of their competitions that shows a challenge makes of it."""
        found = [board.rules.offers.get(challenge_id) for board in self.boards]
        offers = sorted(filter(None, found), key=lambda offer: offer.state != "visible")
        return offers[0] if offers else Offer()

    def solved_questions(self, challenge_id: str) -> set[str]:
        """The questions of a challenge that any of the caller's teams answered."""
        return {
            question_id
            for board, team_id in self.own
            for question_id in board.answered_by_team(team_id, challenge_id)
        }

    def is_solved(self, challenge_id: str) -> bool:
        """Whether any of the caller's teams solved a challenge whole."""
        return any(board.has_solved(team_id, challenge_id) for board, team_id in self.own)

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
                if id_ in board.rules.challenge_ids and not live.has_solved(team_id, id_)
            ]
            fewest = needed if fewest is None or len(needed) < len(fewest) else fewest
        return fewest or []


@functools.cache
def _known(sight: Sight) -> Statement:
    """The competitions that they may know of, the newest first."""
    team = null().label("team_id") if sight.is_visitor else OWN_TEAM
    newest_first = (Competition.created_at.desc(), Competition.id)
    return Statement(select(Competition, team).where(sight.competitions()).order_by(*newest_first))


@functools.cache
def _played(sight: Sight) -> Statement:
    """Those that the caller is in, whatever has become of them."""
    its_member = (TeamMember.competition_id == Competition.id) & (TeamMember.user_id == ME)
    return Statement(
        select(Competition, TeamMember.team_id)
        .join(TeamMember, its_member)
        .where(sight.reaches(Competition.id))
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
        place = await view.place(self._database, self._cache, competition_id)
        return await self.of_place(view, place)

    async def of_place(self, view: View, place: Place) -> ChallengeView:
        """The same, where it is known that they may know of the competition."""
        operates = view.is_operator(place.competition.id)
        return await self._through(view, [place], sees_locked=operates)

    async def of_all(self, view: View) -> ChallengeView:
        """Those of every competition that they may see; for administrators, the whole catalogue."""
        rows = await self._database.read(_known(view.sight), **view.values)
        found = await self._through(view, [Place(Competition.of(r), r.team_id) for r in rows])
        if view.caller is None or not view.caller.is_admin:
            return found
        return ChallengeView(
            list(self._catalogue.challenges), found.boards, found.own, sees_locked=True
        )

    async def of_own_teams(self, view: View, competition_id: str = "") -> ChallengeView:
        """Those of the competitions that a caller is in, once they have started; or of one."""
        rows = await self._database.read(_played(view.sight), **view.values)
        places = [Place(Competition.of(row), row.team_id) for row in rows]
        wanted = [p for p in places if competition_id in ("", p.competition.id)]
        return await self._through(view, wanted)

    async def _through(
        self, view: View, places: list[Place], *, sees_locked: bool = False
    ) -> ChallengeView:
        boards: list[Board] = []
        own: list[tuple[Board, str]] = []
        ids: dict[str, None] = {}
        for place in places:
            competition, team_id = place
            if not view.challenges_are_open(competition):
                continue
            board = (await self._standings.seen_by(view, place)).board
            boards.append(board)
            operates = view.is_operator(competition.id)
            ids |= dict.fromkeys(board.rules.offers if operates else board.rules.challenge_ids)
            if team_id is not None:
                newest = await self._standings.live(competition.id)
                own.append((newest.board, team_id))
        return ChallengeView(list(ids), boards, own, sees_locked)

    async def get(
        self, view: View, challenge_id: str, competition_id: str = ""
    ) -> tuple[Challenge, ChallengeView]:
        """One challenge that they may know of, and what they see of it.

        Raises `challenge_not_found`; with a competition `competition_not_found` and
        `challenge_out_of_competition`.
        """
        if competition_id and view.caller is not None:
            place = await view.place(self._database, self._cache, competition_id)
            seen = await self.of_place(view, place)
            started = view.challenges_are_open(place.competition)
            if started and challenge_id not in seen.ids and self._catalogue.get(challenge_id):
                raise out_of_competition()
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


_SOLVED = Statement(
    select(ChallengeSolve.challenge_id).where(
        ChallengeSolve.team_id == bindparam("team_id"),
        one_of(ChallengeSolve.challenge_id, texts("ids")),
    )
)


async def require_unlocked(
    database: Database, team_id: str, challenge: Challenge, in_competition: Sequence[str]
) -> None:
    """Raise `challenge_locked` until a team solved what the challenge is unlocked by."""
    needed = [id_ for id_ in challenge.metadata.unlocked_by if id_ in in_competition]
    if not needed:
        return
    solved = await database.read(_SOLVED, team_id=team_id, ids=needed)
    _require_solved(sorted(set(needed) - {row.challenge_id for row in solved}))


def _require_solved(missing: list[str]) -> None:
    if missing:
        raise Conflict(
            "challenge_locked", f"Solve {', '.join(missing)} first.", unlocked_by=missing
        )
