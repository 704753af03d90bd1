"""Scoreboards: of a competition, and over all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, StringConstraints

from ctfy.core.enums import ChallengeCategory, ScopeLevel
from ctfy.server.access.caller import Caller, MaybeCaller, may
from ctfy.server.access.idempotency import Router
from ctfy.server.access.scopes import Scope
from ctfy.server.access.view import View
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCache, TheCatalogue, TheDatabase
from ctfy.server.models.base import Page
from ctfy.server.models.standings import (
    AdminSolveMatrix,
    ChallengeStats,
    CompetitionChallengeBreakdown,
    CompetitionScoreDistribution,
    CompetitionScoreHistory,
    CtftimeScoreboard,
    ScoreboardEntry,
    ScoreboardSnapshotState,
    UserScoreboardEntry,
)
from ctfy.server.response_cache import cache_response, encoded
from ctfy.server.standings import global_standings, snapshots, statistics
from ctfy.server.standings.projection import Encoded, Snapshot, TheStandings, encode

router = Router(tags=["standings"])

_READ = may(Scope.SCOREBOARD, ScopeLevel.READ)
_IN = "/competitions/{competition_id}"


_MOST_COMPARED = 50
TeamId = Annotated[str, StringConstraints(min_length=1, max_length=64)]

Draw = Callable[[Snapshot], Encoded]


async def _answer(
    competition_id: str,
    request: Request,
    cache: TheCache,
    standings: TheStandings,
    database: TheDatabase,
    caller: Caller = _READ,
) -> Callable[[Draw], Response]:
    """Answers with something drawn from the standings that the caller may see.

    The response is cached until they change.
    """
    topics = cache.stamp(f"competition:{competition_id}", f"attempts:{competition_id}")
    view = View(caller)
    place = await view.place(database, cache, competition_id)
    view.require_standings(place)
    snapshot = await standings.seen_by(view, place)

    def answer(draw: Draw) -> Response:
        body = draw(snapshot)
        if snapshot.current:
            stamp = (*caller.stamp, *topics)
            cache_response(request, stamp, caller.expires_at, view.until_changes(place.competition))
        zipped = "gzip" in request.headers.get("accept-encoding", "")
        return encoded(request, body.plain, body.gzipped if zipped else None, body.tag)

    return answer


Answer = Annotated[Callable[[Draw], Response], Depends(_answer, scope="function")]


@router.get(_IN + "/scoreboard", response_model=Page[ScoreboardEntry])
async def scoreboard(answer: Answer, paging: Paged) -> Response:
    """The standings, best first; 304 while nothing changed."""
    return answer(lambda s: s.page(paging.limit, paging.offset))


def _drawn(name: str, make: Callable[[Snapshot], BaseModel]) -> Draw:
    return lambda snapshot: snapshot.body(name, lambda: make(snapshot))


@router.get(_IN + "/score-history", response_model=CompetitionScoreHistory)
async def score_history(
    answer: Answer,
    top: Annotated[int, Query(ge=0, le=1000)] = 15,
    team_id: Annotated[list[TeamId] | None, Query(max_length=_MOST_COMPARED)] = None,
) -> Response:
    """The `top` best teams over time, and those of `team_id`; with `top=0` those alone.

    Teams that are not ranked are left out.
    """
    if not team_id:
        return answer(_drawn(f"history {top}", lambda s: statistics.history(s, top)))
    # Few ask for the same ones: theirs push nobody else's out.
    return answer(lambda s: encode(statistics.history(s, top, team_id)))


@router.get(_IN + "/scoreboard/distribution", response_model=CompetitionScoreDistribution)
async def score_distribution(answer: Answer) -> Response:
    """How many teams solved how many challenges."""
    return answer(_drawn("distribution", statistics.distribution))


@router.get(_IN + "/solve-matrix", response_model=AdminSolveMatrix)
async def solve_matrix(answer: Answer, catalogue: TheCatalogue) -> Response:
    """Who solved what."""
    return answer(_drawn("matrix", lambda s: statistics.matrix(s, catalogue)))


@router.get(_IN + "/challenge-breakdown", response_model=CompetitionChallengeBreakdown)
async def challenge_breakdown(answer: Answer, catalogue: TheCatalogue) -> Response:
    """Every challenge's solves, attempts and first blood."""
    return answer(_drawn("breakdown", lambda s: statistics.breakdown(s, catalogue)))


@router.get(_IN + "/ctftime", response_model=CtftimeScoreboard)
async def ctftime(
    competition_id: str,
    request: Request,
    catalogue: TheCatalogue,
    cache: TheCache,
    standings: TheStandings,
    database: TheDatabase,
    _: MaybeCaller,
) -> Response:
    """The standings in CTFtime's format, as players see them; open for public competitions."""
    visitor = View()
    place = await visitor.place(database, cache, competition_id)
    visitor.require_standings(place)
    snapshot = await standings.seen_by(visitor, place)
    answer = snapshot.body("ctftime", lambda: statistics.ctftime(snapshot, catalogue))
    return encoded(request, answer.plain, None, answer.tag)


@router.get("/scoreboard")
async def global_scoreboard(
    catalogue: TheCatalogue,
    cache: TheCache,
    standings: TheStandings,
    session: Session,
    paging: Paged,
    _: MaybeCaller,
    category: ChallengeCategory | None = None,
) -> Page[ScoreboardEntry]:
    """The teams of all public competitions, best first; at most a second old."""
    entries = await global_standings.teams(session, catalogue, cache, standings, category)
    return paging.cut(entries)


@router.get("/scoreboard/challenges")
async def challenge_stats(
    catalogue: TheCatalogue,
    cache: TheCache,
    standings: TheStandings,
    session: Session,
    paging: Paged,
    _: MaybeCaller,
) -> Page[ChallengeStats]:
    """The challenges of all public competitions, most solved first."""
    return paging.cut(await global_standings.challenges(session, catalogue, cache, standings))


@router.get("/scoreboard/users")
async def user_scoreboard(
    cache: TheCache,
    standings: TheStandings,
    session: Session,
    paging: Paged,
    _: MaybeCaller,
) -> Page[UserScoreboardEntry]:
    """The people of all public competitions, by what they answered themselves."""
    return paging.cut(await global_standings.users(session, cache, standings))


@router.get("/scoreboard/history")
async def scoreboard_history(
    session: Session,
    paging: Paged,
    caller: MaybeCaller,
    team_id: Annotated[str, Query(max_length=64)] = "",
    days: Annotated[int, Query(ge=1, le=3650)] = 7,
) -> Page[ScoreboardSnapshotState]:
    """The standings of public competitions as they were, newest first."""
    query = snapshots.recent(View(caller), team_id, days)
    return await paging.fetch(session, query, snapshots.state)
