"""History, matrix, distribution and breakdown: drawn from a board."""

from __future__ import annotations

import bisect
import heapq
import time
from collections import defaultdict
from collections.abc import Sequence

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.models.standings import (
    AdminSolveCell,
    AdminSolveMatrix,
    AdminSolveMatrixChallenge,
    AdminSolveMatrixTeam,
    CompetitionChallengeBreakdown,
    CompetitionChallengeRow,
    CompetitionScoreDistribution,
    CompetitionScoreHistory,
    CtftimeScoreboard,
    CtftimeStanding,
    ScoreBucket,
    ScoreHistoryPoint,
    ScoreHistorySeries,
    WallSolve,
)
from ctfy.server.standings.board import Board
from ctfy.server.standings.projection import Snapshot, moment
from ctfy.server.standings.scoring import share

_MOST_BINS = 11


def history(snapshot: Snapshot, top: int, team_ids: Sequence[str] = ()) -> CompetitionScoreHistory:
    """The `top` best teams and those asked for over time: a point per answer, with its rank.

    The score is points where the competition ranks by them, else answered questions. Values are
    those of now, so that the last point is the team's present score. Who is not ranked is left out.
    """
    best = [entry.team_id for entry in snapshot.entries[:top]]
    wanted = [id_ for id_ in dict.fromkeys([*best, *team_ids]) if id_ in snapshot.by_team]
    courses = snapshot.keep("courses", _courses)
    return CompetitionScoreHistory(
        series=[
            ScoreHistorySeries(
                team_id=id_,
                team_name=snapshot.by_team[id_].team_name,
                points=[
                    ScoreHistoryPoint(ts=at, score=score, rank=rank)
                    for at, score, rank in courses.get(id_, [])
                ],
            )
            for id_ in wanted
        ],
        generated_at=time.time(),
    )


def _courses(snapshot: Snapshot) -> dict[str, list[tuple[float, int, int]]]:
    """Each team's way as (time, score, rank): whoever is asked for, it is gone once."""
    board = snapshot.board
    courses: defaultdict[str, list[tuple[float, int, int]]] = defaultdict(list)
    scores: defaultdict[str, int] = defaultdict(int)
    standing = [0] * len(board.teams)  # everybody's score, ascending
    for at, team_id, gained in _gains(board):
        before = scores[team_id]
        scores[team_id] = before + gained
        standing.pop(bisect.bisect_left(standing, before))
        bisect.insort(standing, scores[team_id])
        rank = len(standing) - bisect.bisect_right(standing, scores[team_id]) + 1
        courses[team_id].append((at, scores[team_id], rank))
    return dict(courses)


def _gains(board: Board) -> list[tuple[float, str, int]]:
    """Every answer and award as (time, team, what it added), in order of time."""
    by_points = board.rules.rank_by == "points"
    gains = []
    for challenge_id in board.counting:
        value, most = board.value_of(challenge_id), board.questions_of(challenge_id)
        first_blood = board.first_blood(challenge_id) if board.rules.first_blood_bonus else ""
        for team_id, challenges in board.solves.items():
            answers = challenges.get(challenge_id)
            if team_id not in board.teams or not answers:
                continue
            first = first_blood == team_id
            questions = max(most, len(answers))
            ordered = sorted(solved.at for solved in answers.values())
            for number, at in enumerate(ordered, 1):
                gained = 1
                if by_points:
                    gained = share(value, number, questions) - share(value, number - 1, questions)
                    if first and number == len(ordered):
                        gained += board.rules.first_blood_bonus
                gains.append((at, team_id, gained))
    if by_points:
        gains += [
            (at, team.id, given) for team in board.teams.values() for at, given in team.awards
        ]
    return sorted(gains)


def distribution(snapshot: Snapshot) -> CompetitionScoreDistribution:
    """How many teams solved how many challenges, in at most eleven bins."""
    most = len(snapshot.board.counting)
    width = max(1, -(-most // (_MOST_BINS - 1)))
    bins = [ScoreBucket(label="0")]
    for first in range(1, most + 1, width):
        last = min(first + width - 1, most)
        bins.append(ScoreBucket(label=str(first) if first == last else f"{first}-{last}"))
    for entry in snapshot.entries:
        place = 0 if entry.solved == 0 else 1 + (entry.solved - 1) // width
        bins[min(place, len(bins) - 1)].count += 1
    return CompetitionScoreDistribution(total_teams=len(snapshot.entries), bins=bins)


def matrix(snapshot: Snapshot, catalogue: Catalogue) -> AdminSolveMatrix:
    """Who solved what: teams by rank, challenges in the curator's order, tried cells only."""
    board = snapshot.board
    cells = []
    counting = board.counting
    bloods = {id_: board.first_blood(id_) for id_ in counting}
    for entry in snapshot.entries:
        for challenge_id in counting:
            tried = board.attempts.get((entry.team_id, challenge_id), 0)
            if not tried:
                continue
            whole = board.challenge_solves[challenge_id].get(entry.team_id)
            answers = board.solves.get(entry.team_id, {}).get(challenge_id, {})
            took = max((solved.solve_time_s for solved in answers.values()), default=0.0)
            cells.append(
                AdminSolveCell(
                    team_id=entry.team_id,
                    challenge_id=challenge_id,
                    solved=whole is not None,
                    solved_at=moment(whole) if whole else None,
                    solve_time_s=took if whole else 0.0,
                    attempts=tried,
                    first_blood=bloods[challenge_id] == entry.team_id,
                )
            )
    return AdminSolveMatrix(
        teams=[
            AdminSolveMatrixTeam(team_id=e.team_id, name=e.team_name, solved=e.solved)
            for e in snapshot.entries
        ],
        challenges=[
            AdminSolveMatrixChallenge(
                challenge_id=challenge_id,
                name=challenge.metadata.name,
                category=challenge.metadata.category,
                difficulty=challenge.metadata.difficulty,
                solves_count=len(board.challenge_solves[challenge_id]),
            )
            for challenge_id in counting
            if (challenge := catalogue.get(challenge_id))
        ],
        cells=cells,
    )


def breakdown(snapshot: Snapshot, catalogue: Catalogue) -> CompetitionChallengeBreakdown:
    """Every challenge's solves, attempts and first blood, in the curator's order."""
    board = snapshot.board
    attempts: defaultdict[str, int] = defaultdict(int)
    for (_, challenge_id), count in board.attempts.items():
        attempts[challenge_id] += count
    rows = []
    for challenge_id in board.counting:
        challenge = catalogue.get(challenge_id)
        if challenge is None:
            continue
        solvers, first = board.challenge_solves[challenge_id], board.first_blood(challenge_id)
        tried = attempts[challenge_id]
        rows.append(
            CompetitionChallengeRow(
                challenge_id=challenge_id,
                name=challenge.metadata.name,
                category=challenge.metadata.category,
                difficulty=challenge.metadata.difficulty,
                solves_count=len(solvers),
                attempts=tried,
                success_rate=len(solvers) / tried if tried else 0.0,
                first_blood_team_id=first,
                first_blood_team_name=board.teams[first].name if first else "",
                first_blood_at=moment(solvers[first]) if first else None,
                value=board.value_of(challenge_id),
            )
        )
    return CompetitionChallengeBreakdown(challenges=rows, generated_at=time.time())


def ctftime(snapshot: Snapshot, catalogue: Catalogue) -> CtftimeScoreboard:
    """CTFtime's feed. The score is points, or answered questions where solves are ranked."""
    by_points = snapshot.board.rules.rank_by == "points"
    found = map(catalogue.get, snapshot.board.counting)
    return CtftimeScoreboard(
        tasks=[challenge.metadata.name for challenge in found if challenge],
        standings=[
            CtftimeStanding(
                pos=place,
                team=entry.team_name,
                score=entry.points if by_points else entry.flags_solved,
                lastAccept=int(entry.last_solve_at.timestamp()) if entry.last_solve_at else 0,
            )
            for place, entry in enumerate(snapshot.entries, 1)
        ],
    )


def latest(snapshot: Snapshot, catalogue: Catalogue, most: int) -> list[WallSolve]:
    """The challenges that were solved last, newest first."""
    board = snapshot.board
    solves = (
        (board.challenge_solves[challenge_id][team_id], challenge_id, team_id, rank)
        for challenge_id in board.counting
        for rank, team_id in enumerate(board.solvers(challenge_id), 1)
    )
    return [
        WallSolve(
            team_id=team_id,
            team_name=board.teams[team_id].name,
            challenge_id=challenge_id,
            challenge_name=challenge.metadata.name,
            rank=rank,
            solved_at=moment(at),
        )
        for at, challenge_id, team_id, rank in heapq.nlargest(most, solves)
        if (challenge := catalogue.get(challenge_id))
    ]
