"""A competition's solves in memory: loaded once, kept up to date by the events."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.metadata import Value
from ctfy.server.database.connections import Database
from ctfy.server.events.relay import RelayedEvent
from ctfy.server.events.types import Event, OnBoard
from ctfy.server.models.challenges import ChallengeState
from ctfy.server.standings.scoring import (
    RankBy,
    Score,
    decisive,
    share,
    value_after,
)


class QuestionSolve(NamedTuple):
    """A question that a team answered."""

    at: float
    user_id: str
    solve_time_s: float


@dataclass(slots=True)
class BoardTeam:
    """A team, what it paid for hints, and how often it tried. Times in Unix seconds, 0: never.

    `awards`: points that no answer brought, each with when.
    """

    id: str
    name: str
    bracket: str
    created_at: float
    attempts: int = 0
    last_active_at: float = 0.0
    hint_costs: int = 0
    awards: list[tuple[float, int]] = field(default_factory=list)
    logo_url: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a competition makes of a challenge. No `value`: it is worth what the challenge says."""

    state: ChallengeState = "visible"
    value: int | Value | None = None


@dataclass(frozen=True)
class Rules:
    """The competition's own rules, and its challenges in the curator's order."""

    rank_by: RankBy
    first_blood_bonus: int
    offers: Mapping[str, Offer]

    @cached_property
    def challenge_ids(self) -> tuple[str, ...]:
        """Those that players see."""
        return tuple(id_ for id_, offer in self.offers.items() if offer.state == "visible")


class Board:
    """All that standings, history, matrix and statistics of one competition are drawn from.

    It knows every solve of the teams that somebody is on. What counts of them is asked when they
    are read: those of challenges that are in the competition, and in the catalogue, now.

    Events are applied once each: what a replica's load has seen already is skipped by the load's
    own snapshot of transactions. `cutoff`: nothing later counts (a freeze). `ends`: nor does what
    teams solve from the end on, which is known for their own people alone.
    """

    def __init__(self, competition_id: str, catalogue: Catalogue, rules: Rules) -> None:
        self.competition_id = competition_id
        self.rules = rules
        self.version = 0
        self.stale = False
        self.cutoff: float | None = None
        self.ends = math.inf
        self.teams: dict[str, BoardTeam] = {}
        self.apart: set[str] = set()  # teams that play, and count nowhere
        # What was solved and counts nowhere, by those or after the end: team, challenge; and the
        # questions of each that were answered after the end.
        self.solved_apart: set[tuple[str, str]] = set()
        self.practised: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.solves: dict[
            str, dict[str, dict[str, QuestionSolve]]
        ] = {}  # team, challenge, question
        # Challenge, team: when it solved the last question.
        self.challenge_solves: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self.attempts: defaultdict[tuple[str, str], int] = defaultdict(int)  # team, challenge
        self.launches: defaultdict[str, int] = defaultdict(int)
        self.answered: defaultdict[str, defaultdict[str, int]] = defaultdict(
            lambda: defaultdict(int)
        )  # challenge, question: teams
        # Challenge: what it was last drawn from, and how; whoever draws compares.
        self.drawn_challenges: dict[str, tuple[object, Any]] = {}
        self._catalogue = catalogue
        self._xmin = self._xmax = 0
        self._open: frozenset[int] = frozenset()
        self._ahead: set[str] = set()  # submissions applied before the relay brought them
        self._relayed = 0  # the transaction of the last event that the relay brought
        self.answered_by: dict[str, int] = {}  # person: the version with their newest, if from here

    def answers(self, challenge_id: str, question_id: str) -> int:
        """How many teams answered a question."""
        return self.answered[challenge_id][question_id] if challenge_id in self.answered else 0

    # -- filling

    def add_team(self, team: BoardTeam) -> None:
        """A team that takes part."""
        self.teams.setdefault(team.id, team)

    def add_solve(
        self, team_id: str, challenge_id: str, question_id: str, solve: QuestionSolve
    ) -> None:
        """A question answered; a second time changes nothing.

        What a team that counts nowhere answered is known for its own people alone; and so is what
        any team did after the end.
        """
        counts = team_id in self.teams
        if counts and solve.at >= self.ends:
            self.practised[team_id, challenge_id].add(question_id)
            return
        questions = self.solves.setdefault(team_id, {}).setdefault(challenge_id, {})
        if question_id in questions or not (counts or team_id in self.apart):
            return
        questions[question_id] = solve
        if counts:
            self.answered[challenge_id][question_id] += 1

    def add_challenge_solve(self, team_id: str, challenge_id: str, at: float) -> None:
        """A challenge solved whole; a second time changes nothing."""
        if team_id in self.teams and at < self.ends:
            self.challenge_solves[challenge_id].setdefault(team_id, at)
        elif team_id in self.teams or team_id in self.apart:
            self.solved_apart.add((team_id, challenge_id))

    def has_solved(self, team_id: str, challenge_id: str) -> bool:
        """Whether a team solved a challenge whole, also one that counts nowhere."""
        solved = team_id in self.challenge_solves.get(challenge_id, {})
        return solved or (team_id, challenge_id) in self.solved_apart

    def answered_by_team(self, team_id: str, challenge_id: str) -> set[str]:
        """The questions of a challenge that a team answered, whether that counts or not."""
        counted = self.solves.get(team_id, {}).get(challenge_id, {})
        return self.practised.get((team_id, challenge_id), set()).union(counted)

    def add_attempts(self, team_id: str, challenge_id: str, count: int, last_at: float) -> None:
        """Submissions, right or wrong."""
        team = self.teams.get(team_id)
        if team is not None:
            self.attempts[team_id, challenge_id] += count
            team.attempts += count
            team.last_active_at = max(team.last_active_at, last_at)

    # -- following

    def apply(self, event: RelayedEvent) -> None:
        """Apply an event of this competition that neither the load nor this process has seen."""
        self._relayed = event.position.xact
        effect = event.kind.board if event.kind else None
        if effect is None or self._seen(event.position.xact):
            return
        submission_id = event.payload.get("submission_id", "")
        if submission_id in self._ahead:
            self._ahead.remove(submission_id)
            return
        self._apply(effect, event.payload)
        if submission_id:  # given by way of another server
            self.answered_by[event.payload["user_id"]] = self.version

    def apply_committed(self, event: Event, payload: dict[str, Any], xact: int) -> None:
        """Apply a graded answer whose transaction just committed, unless the relay was quicker."""
        if event.board is not None and xact > self._relayed and not self._seen(xact):
            self._ahead.add(payload["submission_id"])
            self._apply(event.board, payload)
        self.answered_by[payload["user_id"]] = self.version

    def reload(self) -> None:
        """Have it loaded again before it is read."""
        self.stale = True

    def _apply(self, effect: OnBoard, payload: dict[str, Any]) -> None:
        team_id, challenge_id = str(payload["team_id"]), str(payload["challenge_id"])
        match effect:
            case OnBoard.RELOAD:
                self.stale = True
            case OnBoard.LAUNCH:
                if team_id not in self.apart:
                    self.launches[challenge_id] += 1
            case OnBoard.ATTEMPT | OnBoard.ANSWER | OnBoard.SOLVE:
                at = float(payload["submitted_at_ts"])
                if self.cutoff is not None and at >= self.cutoff:
                    return
                if at < self.ends:
                    self.add_attempts(team_id, challenge_id, 1, at)
                if effect != OnBoard.ATTEMPT:
                    took = float(payload["solve_time_s"])
                    solve = QuestionSolve(at, payload["user_id"], took)
                    self.add_solve(team_id, challenge_id, payload["question_id"], solve)
                if effect == OnBoard.SOLVE:
                    self.add_challenge_solve(team_id, challenge_id, at)
        self.version += 1

    def _seen(self, xact: int) -> bool:
        return xact < self._xmin or (xact < self._xmax and xact not in self._open)

    # -- reading

    @property
    def counting(self) -> list[str]:
        """The challenges that count, in the curator's order.

        One that was hidden from players counts where somebody answered it before.
        """
        return [
            id_
            for id_, offer in self.rules.offers.items()
            if (offer.state == "visible" or (offer.state == "hidden" and id_ in self.answered))
            and self._catalogue.get(id_) is not None
        ]

    def questions_of(self, challenge_id: str) -> int:
        """How many questions a challenge has."""
        challenge = self._catalogue.get(challenge_id)
        return len(challenge.metadata.questions) if challenge else 1

    def value_of(self, challenge_id: str, solves: int | None = None) -> int:
        """What a challenge is worth now, or after so many solves."""
        challenge = self._catalogue.get(challenge_id)
        offer = self.rules.offers.get(challenge_id, Offer())
        value = offer.value
        if value is None:
            value = challenge.metadata.value if challenge else 0
        if solves is None:
            solves = len(self.challenge_solves.get(challenge_id, ()))
        return value_after(value, solves)

    def solvers(self, challenge_id: str) -> list[str]:
        """The teams that solved a challenge, the first one first."""
        solved_at = self.challenge_solves[challenge_id]
        return sorted(solved_at, key=lambda team_id: (solved_at[team_id], team_id))

    def first_blood(self, challenge_id: str) -> str:
        """The team that solved a challenge first; empty: nobody yet."""
        solved_at = self.challenge_solves[challenge_id]
        return min(solved_at, key=lambda id_: (solved_at[id_], id_)) if solved_at else ""

    def scores(self) -> list[tuple[tuple[float, str], Score]]:
        """Every team's score, named by when and as what it came, for `ranked`."""
        counting = self.counting
        values = {id_: self.value_of(id_) for id_ in counting}
        questions = {id_: self.questions_of(id_) for id_ in counting}
        bonus: defaultdict[str, int] = defaultdict(int)
        if self.rules.first_blood_bonus:
            for challenge_id in counting:
                bonus[self.first_blood(challenge_id)] += self.rules.first_blood_bonus
        return [
            ((team.created_at, team.id), self._score(team, values, questions, bonus[team.id]))
            for team in self.teams.values()
        ]

    def score_alone(self, team_id: str) -> Score:
        """A team's score as it were if nobody else had solved anything."""
        counting = self.counting
        values = {id_: self.value_of(id_, solves=0) for id_ in counting}
        questions = {id_: self.questions_of(id_) for id_ in counting}
        return self._score(self.teams[team_id], values, questions, 0)

    def _score(
        self, team: BoardTeam, values: dict[str, int], questions: dict[str, int], bonus: int
    ) -> Score:
        by_points = self.rules.rank_by == "points"
        points, solved, flags, last, reached = bonus - team.hint_costs, 0, 0, 0.0, 0.0
        for challenge_id, answers in self.solves.get(team.id, {}).items():
            if challenge_id not in values:
                continue
            moments = sorted(answer.at for answer in answers.values())
            whole = team.id in self.challenge_solves[challenge_id]
            most = max(questions[challenge_id], len(moments))
            value, answered = values[challenge_id], most if whole else len(moments)
            points += share(value, answered, most)
            solved += whole
            flags += len(moments)
            last = max(last, moments[-1])
            needed = decisive(value, len(moments), most) if by_points else len(moments)
            if needed:
                reached = max(reached, moments[needed - 1])
        for at, given in team.awards:
            points += given
            if by_points and given:
                reached = max(reached, at)
        return Score(solved, flags, points, reached or math.inf, last)


_SNAPSHOT = text("SELECT pg_current_snapshot()::text")
_COMPETITION = text(
    """
    SELECT c.rank_by, c.first_blood_bonus, c.ends_at, (
      SELECT jsonb_agg(jsonb_build_array(challenge_id, state, value) ORDER BY position)
      FROM competition_challenges WHERE competition_id = c.id) AS offers
    FROM competitions c WHERE c.id = :competition
    """
)
_TEAMS = text(
    """
    SELECT t.id, t.name, t.bracket, t.standing, t.logo_url,
           extract(epoch FROM t.created_at)::float AS created_at,
           coalesce((SELECT sum(cost) FROM hint_unlocks h
                     WHERE h.team_id = t.id AND h.unlocked_at < :cutoff
                       AND h.unlocked_at < :ends), 0)::int AS hint_costs
    FROM teams t WHERE t.competition_id = :competition AND
      EXISTS (SELECT FROM team_members m JOIN users u ON u.id = m.user_id
              WHERE m.team_id = t.id AND u.suspended_at IS NULL)
    """
)
_SOLVES = text(
    """
    SELECT s.team_id, s.challenge_id, s.question_id,
           extract(epoch FROM s.solved_at)::float, s.user_id, b.solve_time_s
    FROM solves s JOIN submissions b ON b.id = s.submission_id
    WHERE s.competition_id = :competition AND s.solved_at < :cutoff
    """
)
_CHALLENGE_SOLVES = text(
    """
    SELECT team_id, challenge_id, extract(epoch FROM solved_at)::float
    FROM challenge_solves WHERE competition_id = :competition AND solved_at < :cutoff
    """
)
# A right answer given again is no attempt: no event brings it.
_ATTEMPTS = text(
    """
    SELECT b.team_id, b.challenge_id, count(*), extract(epoch FROM max(b.submitted_at))::float
    FROM submissions b
    LEFT JOIN solves s ON s.competition_id = b.competition_id AND s.submission_id = b.id
    WHERE b.competition_id = :competition AND b.submitted_at < :cutoff AND b.submitted_at < :ends
      AND (NOT b.correct OR s.submission_id IS NOT NULL)
    GROUP BY b.team_id, b.challenge_id
    """
)
_AWARDS = text(
    """
    SELECT team_id, extract(epoch FROM awarded_at)::float, points
    FROM awards WHERE competition_id = :competition AND awarded_at < :cutoff
      AND (revoked_at IS NULL OR revoked_at >= :cutoff)
    """
)
_LAUNCHES = text(
    """
    SELECT i.challenge_id, count(*) FROM instances i JOIN teams t ON t.id = i.team_id
    WHERE i.competition_id = :competition AND t.standing = 'ranked'
    GROUP BY i.challenge_id
    """
)


async def load(
    database: Database,
    catalogue: Catalogue,
    competition_id: str,
    cutoff: datetime | None = None,
    is_open: bool = True,
) -> Board:
    """The board of a competition as of now, or as of `cutoff`, from one consistent read.

    One that is not open has no challenges.
    """
    async with database.transaction() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return await read(session, catalogue, competition_id, cutoff, is_open=is_open)


async def read(
    session: AsyncSession,
    catalogue: Catalogue,
    competition_id: str,
    cutoff: datetime | None = None,
    *,
    is_open: bool = True,
) -> Board:
    """The board of a competition as a transaction sees it, which reads one consistent state."""
    values = {"competition": competition_id, "cutoff": cutoff or "infinity"}
    snapshot = str(await session.scalar(_SNAPSHOT))
    row = (await session.execute(_COMPETITION, values)).one_or_none()
    rules = Rules(
        row.rank_by if row else "solved",
        row.first_blood_bonus if row else 0,
        {
            id_: Offer(state, Value.model_validate(value) if isinstance(value, dict) else value)
            for id_, state, value in (row.offers if row and is_open else None) or ()
        },
    )
    board = Board(competition_id, catalogue, rules)
    board.cutoff = cutoff.timestamp() if cutoff else None
    ends_at = row.ends_at if row else None
    board.ends = ends_at.timestamp() if ends_at else math.inf
    values["ends"] = ends_at or "infinity"
    board._xmin, board._xmax, board._open = _parse(snapshot)
    for team in await session.execute(_TEAMS, values):
        if team.standing != "ranked":
            board.apart.add(team.id)
            continue
        board.add_team(
            BoardTeam(
                team.id,
                team.name,
                team.bracket,
                team.created_at,
                hint_costs=team.hint_costs,
                logo_url=team.logo_url,
            )
        )
    for team_id, challenge_id, question_id, at, user_id, took in await session.execute(
        _SOLVES, values
    ):
        board.add_solve(team_id, challenge_id, question_id, QuestionSolve(at, user_id, took))
    for team_id, challenge_id, at in await session.execute(_CHALLENGE_SOLVES, values):
        board.add_challenge_solve(team_id, challenge_id, at)
    for team_id, challenge_id, count, last_at in await session.execute(_ATTEMPTS, values):
        board.add_attempts(team_id, challenge_id, count, last_at)
    for team_id, at, points in await session.execute(_AWARDS, values):
        if team_id in board.teams:
            board.teams[team_id].awards.append((at, points))
    for challenge_id, count in await session.execute(_LAUNCHES, values):
        board.launches[challenge_id] = count
    return board


def _parse(snapshot: str) -> tuple[int, int, frozenset[int]]:
    """The `xmin:xmax:xip,xip` of PostgreSQL's snapshot text."""
    xmin, xmax, running = snapshot.split(":")
    return int(xmin), int(xmax), frozenset(int(x) for x in running.split(",") if x)
