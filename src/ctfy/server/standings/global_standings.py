"""Standings over all public competitions; drawn up at most once a second."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.core.enums import ChallengeCategory
from ctfy.server.access.view import PUBLIC, Place, View
from ctfy.server.accounts.profiles import shown
from ctfy.server.cache import Cache
from ctfy.server.models.standings import (
    ChallengeFlagStats,
    ChallengeStats,
    ScoreboardEntry,
    UserScoreboardEntry,
)
from ctfy.server.standings.board import Board
from ctfy.server.standings.projection import Standings, moment
from ctfy.server.standings.scoring import Score, ranked
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition

_FRESH_S = 1.0


async def _boards(session: AsyncSession, standings: Standings) -> list[Board]:
    """The boards of all public competitions whose standings are, too, as visitors see them."""
    visitor = View()
    shown = visitor.sight.sees_standings()
    found = await session.scalars(select(Competition).where(PUBLIC, shown))
    return [(await standings.seen_by(visitor, Place(each))).board for each in found.all()]


async def _drawn_once(
    cache: Cache, standings: Standings, key: Hashable, draw: Callable[[], Awaitable[Any]]
) -> Any:
    """What was drawn within the last second; who comes while it is drawn waits for that."""
    place = ("global standings", key)
    known = cache.get(place)
    if known is None:
        async with standings.drawing[key]:
            known = cache.get(place)
            if known is None:
                known = await draw()
                cache.put(place, known, (), time.time() + _FRESH_S)
    return known


async def teams(
    session: AsyncSession,
    catalogue: Catalogue,
    cache: Cache,
    standings: Standings,
    category: ChallengeCategory | None,
) -> list[ScoreboardEntry]:
    """Every team, by challenges solved, then questions answered, then who was earlier."""
    key = ("teams", category)
    entries: list[ScoreboardEntry] = await _drawn_once(
        cache, standings, key, lambda: _teams(session, catalogue, standings, category)
    )
    return entries


async def _teams(
    session: AsyncSession,
    catalogue: Catalogue,
    standings: Standings,
    category: ChallengeCategory | None,
) -> list[ScoreboardEntry]:
    counted = _of(catalogue, category)
    scores: list[tuple[tuple[float, str], Score]] = []
    found: dict[str, tuple[Board, int]] = {}
    for board in await _boards(session, standings):
        for (created_at, team_id), score in board.scores():
            tried = board.teams[team_id].attempts
            if category is not None:
                score = _score_in(board, team_id, counted)
                tried = sum(
                    board.attempts.get((team_id, id_), 0)
                    for id_ in board.counting
                    if id_ in counted
                )
            found[team_id] = (board, tried)
            scores.append(((created_at, team_id), score))
    entries = []
    for rank, (_, team_id), score in ranked(scores, "solved"):
        board, tried = found[team_id]
        team = board.teams[team_id]
        entries.append(
            ScoreboardEntry(
                rank=rank,
                team_id=team_id,
                team_name=team.name,
                solved=score.solved,
                flags_solved=score.flags,
                attempts=tried,
                last_solve_at=moment(score.last_solve_at),
                last_active_at=moment(max(team.last_active_at, team.created_at)),
                points=score.points,
                avatar_url=team.logo_url,
                bracket=team.bracket,
                competition_id=board.competition_id,
            )
        )
    return entries


def _of(catalogue: Catalogue, category: ChallengeCategory | None) -> frozenset[str]:
    challenges = catalogue.challenges.values()
    return frozenset(c.id for c in challenges if c.metadata.category == category)


def _score_in(board: Board, team_id: str, challenges: frozenset[str]) -> Score:
    """A team's score in some challenges alone; points are not split by challenge."""
    solves = board.solves.get(team_id, {})
    counting = [id_ for id_ in board.counting if id_ in challenges]
    answers = [solved.at for id_ in counting for solved in solves.get(id_, {}).values()]
    whole = sum(1 for id_ in counting if team_id in board.challenge_solves.get(id_, {}))
    last = max(answers, default=0.0)
    return Score(whole, len(answers), 0, last or math.inf, last)


async def challenges(
    session: AsyncSession, catalogue: Catalogue, cache: Cache, standings: Standings
) -> list[ChallengeStats]:
    """Every challenge's solves and attempts, most solved first."""
    stats: list[ChallengeStats] = await _drawn_once(
        cache, standings, "challenges", lambda: _challenges(session, catalogue, standings)
    )
    return stats


async def _challenges(
    session: AsyncSession, catalogue: Catalogue, standings: Standings
) -> list[ChallengeStats]:
    boards = await _boards(session, standings)
    solves: defaultdict[str, int] = defaultdict(int)
    tried: defaultdict[str, int] = defaultdict(int)
    answered: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for board in boards:
        for challenge_id in board.counting:
            solves[challenge_id] += len(board.challenge_solves[challenge_id])
            for question_id, count in board.answered[challenge_id].items():
                answered[challenge_id][question_id] += count
        for (_, challenge_id), count in board.attempts.items():
            tried[challenge_id] += count
    stats = []
    for challenge_id in solves:
        challenge = catalogue.get(challenge_id)
        if challenge is None:
            continue
        meta, attempts = challenge.metadata, tried[challenge_id]
        stats.append(
            ChallengeStats(
                challenge_id=challenge_id,
                name=meta.name,
                category=meta.category,
                difficulty=meta.difficulty,
                solves_count=solves[challenge_id],
                total_attempts=attempts,
                success_rate=solves[challenge_id] / attempts if attempts else 0.0,
                flag_stats=[
                    ChallengeFlagStats(flag_id=q.id, solves_count=answered[challenge_id][q.id])
                    for q in meta.questions
                ],
            )
        )
    stats.sort(key=lambda s: (-s.solves_count, s.name, s.challenge_id))
    return stats


async def users(
    session: AsyncSession, cache: Cache, standings: Standings
) -> list[UserScoreboardEntry]:
    """Everybody who answered something, by the challenges they finished and questions answered."""
    entries: list[UserScoreboardEntry] = await _drawn_once(
        cache, standings, "users", lambda: _users(session, standings)
    )
    return entries


async def _users(session: AsyncSession, standings: Standings) -> list[UserScoreboardEntry]:
    solved: defaultdict[str, int] = defaultdict(int)
    flags: defaultdict[str, int] = defaultdict(int)
    last: defaultdict[str, float] = defaultdict(float)
    for board in await _boards(session, standings):
        counting = board.counting
        for team_id, tried in board.solves.items():
            if team_id not in board.teams:
                continue
            for challenge_id in filter(tried.__contains__, counting):
                answers = sorted(tried[challenge_id].values())
                if team_id in board.challenge_solves[challenge_id]:
                    solved[answers[-1].user_id] += 1  # whoever gave the last answer finished it
                for answer in answers:
                    flags[answer.user_id] += 1
                    last[answer.user_id] = max(last[answer.user_id], answer.at)
    people = await _people(session, flags)
    scores = [
        ((0.0, id_), Score(solved[id_], flags[id_], 0, last[id_], last[id_]))
        for id_ in flags
        if id_ in people
    ]
    return [
        UserScoreboardEntry(
            rank=rank,
            user_id=user_id,
            display_name=people[user_id].display_name,
            avatar_url=people[user_id].avatar_url,
            country=shown(people[user_id], "country") or "",
            flags_solved=score.flags,
            solved=score.solved,
            last_solve_at=moment(score.last_solve_at),
        )
        for rank, (_, user_id), score in ranked(scores, "solved")
    ]


async def _people(session: AsyncSession, ids: Iterable[str]) -> dict[str, User]:
    """The people of these ids who are neither gone nor suspended."""
    found = await session.scalars(
        select(User).where(
            User.id.in_(list(ids)), User.deleted_at.is_(None), User.suspended_at.is_(None)
        )
    )
    return {user.id: user for user in found}
