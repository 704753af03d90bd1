"""Scoreboards: of a competition, and over all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from ctfy.server.access.caller import Caller, Everybody, MaybeCaller, may
from ctfy.server.access.scopes import Scope
from ctfy.server.competitions.service import check_visible, phase_of, published
from ctfy.server.database.base import now
from ctfy.server.database.engine import Session
from ctfy.server.kept import encoded, keep
from ctfy.server.models.accounts import ScopeLevel
from ctfy.server.models.base import Page
from ctfy.server.models.challenges import ChallengeCategory
from ctfy.server.models.standings import (
    AdminSolveMatrix,
    ChallengeStats,
    CompetitionChallengeBreakdown,
    CompetitionScoreDistribution,
    CompetitionScoreHistory,
    CtftimeScoreboard,
    PublicCompetition,
    ScoreboardEntry,
    ScoreboardSnapshotState,
    UserScoreboardEntry,
    Wall,
)
from ctfy.server.pages import Limit, Offset, fetch_page
from ctfy.server.platform import Platform, ThePlatform
from ctfy.server.standings import everywhere, snapshots, statistics
from ctfy.server.standings.projection import Encoded, Snapshot
from ctfy.server.tables.competitions import Competition

router = APIRouter(tags=["standings"])

_READ = may(Scope.SCOREBOARD, ScopeLevel.READ)
_IN = "/competitions/{competition_id}"


async def _answer(
    request: Request,
    platform: Platform,
    session: Session,
    caller: Caller,
    competition_id: str,
    body: Callable[[Snapshot], Encoded],
) -> Response:
    """Something drawn from the standings that the caller may see; kept until they change."""
    stamp = (
        *caller.stamp,
        *platform.memory.stamp(f"competition:{competition_id}", f"attempts:{competition_id}"),
    )
    await check_visible(platform, session, caller, competition_id)
    live = caller.administers(competition_id)
    snapshot = await platform.standings.get(competition_id, "operators" if live else "players")
    answer = body(snapshot)
    if snapshot.current:
        freeze = await platform.standings.freezes_at(competition_id)
        seconds = None if live or freeze is None else freeze.timestamp()
        keep(request, stamp, caller.expires_at, platform.standings.until_freeze(seconds))
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    return encoded(request, answer.plain, answer.gzipped if zipped else None, answer.tag)


@router.get(_IN + "/scoreboard", response_model=Page[ScoreboardEntry])
async def scoreboard(
    competition_id: str,
    request: Request,
    platform: ThePlatform,
    session: Session,
    caller: Caller = _READ,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Response:
    """The standings, best first; 304 while nothing changed."""
    return await _answer(
        request, platform, session, caller, competition_id, lambda s: s.page(limit, offset)
    )


def _drawn(name: str, make: Callable[[Snapshot], BaseModel]) -> Callable[[Snapshot], Encoded]:
    return lambda snapshot: snapshot.body(name, lambda: make(snapshot))


@router.get(_IN + "/score-history", response_model=CompetitionScoreHistory)
async def score_history(
    competition_id: str,
    request: Request,
    platform: ThePlatform,
    session: Session,
    caller: Caller = _READ,
    top: Annotated[int, Query(ge=1, le=1000)] = 15,
) -> Response:
    """The best teams over time."""
    body = _drawn(f"history {top}", lambda s: statistics.history(s, top))
    return await _answer(request, platform, session, caller, competition_id, body)


@router.get(_IN + "/scoreboard/distribution", response_model=CompetitionScoreDistribution)
async def score_distribution(
    competition_id: str,
    request: Request,
    platform: ThePlatform,
    session: Session,
    caller: Caller = _READ,
) -> Response:
    """How many teams solved how many challenges."""
    body = _drawn("distribution", statistics.distribution)
    return await _answer(request, platform, session, caller, competition_id, body)


@router.get(_IN + "/solve-matrix", response_model=AdminSolveMatrix)
async def solve_matrix(
    competition_id: str,
    request: Request,
    platform: ThePlatform,
    session: Session,
    caller: Caller = _READ,
) -> Response:
    """Who solved what."""
    body = _drawn("matrix", lambda s: statistics.matrix(s, platform.catalogue))
    return await _answer(request, platform, session, caller, competition_id, body)


@router.get(_IN + "/challenge-breakdown", response_model=CompetitionChallengeBreakdown)
async def challenge_breakdown(
    competition_id: str,
    request: Request,
    platform: ThePlatform,
    session: Session,
    caller: Caller = _READ,
) -> Response:
    """Every challenge's solves, attempts and first blood."""
    body = _drawn("breakdown", lambda s: statistics.breakdown(s, platform.catalogue))
    return await _answer(request, platform, session, caller, competition_id, body)


@router.get(_IN + "/ctftime", response_model=CtftimeScoreboard)
async def ctftime(
    competition_id: str, request: Request, platform: ThePlatform, session: Session, _: MaybeCaller
) -> Response:
    """The standings in CTFtime's format, as players see them; open for public competitions."""
    await everywhere.require_public(session, competition_id)
    snapshot = await platform.standings.get(competition_id)
    answer = snapshot.body("ctftime", lambda: statistics.ctftime(snapshot, platform.catalogue))
    return encoded(request, answer.plain, None, answer.tag)


@router.get("/scoreboard")
async def global_scoreboard(
    platform: ThePlatform,
    session: Session,
    _: MaybeCaller,
    category: ChallengeCategory | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page[ScoreboardEntry]:
    """The teams of all public competitions, best first; at most a second old."""
    entries = await everywhere.teams(platform, session, category)
    return _page(entries, limit, offset)


@router.get("/scoreboard/challenges")
async def challenge_stats(
    platform: ThePlatform, session: Session, _: MaybeCaller, limit: Limit = 50, offset: Offset = 0
) -> Page[ChallengeStats]:
    """The challenges of all public competitions, most solved first."""
    return _page(await everywhere.challenges(platform, session), limit, offset)


@router.get("/scoreboard/users")
async def user_scoreboard(
    platform: ThePlatform, session: Session, _: MaybeCaller, limit: Limit = 50, offset: Offset = 0
) -> Page[UserScoreboardEntry]:
    """The people of all public competitions, by what they answered themselves."""
    return _page(await everywhere.users(platform, session), limit, offset)


def _page(items: list[Any], limit: int, offset: int) -> Page[Any]:
    return Page(items=items[offset : offset + limit], total=len(items), limit=limit, offset=offset)


@router.get("/scoreboard/history")
async def scoreboard_history(
    session: Session,
    _: MaybeCaller,
    team_id: Annotated[str, Query(max_length=64)] = "",
    days: Annotated[int, Query(ge=1, le=3650)] = 7,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page[ScoreboardSnapshotState]:
    """The standings of public competitions as they were, newest first."""
    rows, total = await fetch_page(session, snapshots.recent(team_id, days), limit, offset)
    items = [snapshots.state(row) for row in rows]
    return Page(items=items, total=total, limit=limit, offset=offset)


@router.get("/walls", dependencies=[Everybody])
async def list_walls(
    session: Session, limit: Limit = 50, offset: Offset = 0
) -> Page[PublicCompetition]:
    """The public competitions, the newest first; for visitors who have not signed in."""
    query = published().order_by(Competition.created_at.desc(), Competition.id)
    rows, total = await fetch_page(session, query, limit, offset)
    items = [_public(row.Competition) for row in rows]
    return Page(items=items, total=total, limit=limit, offset=offset)


@router.get("/walls/{competition_id}", response_model=Wall)
async def wall(
    competition_id: str,
    request: Request,
    platform: ThePlatform,
    session: Session,
    caller: MaybeCaller,
) -> Response:
    """A competition for a big screen, as players see it; 304 while nothing changed.

    A public one for everybody, any other for those who may see it.
    """
    found = await session.scalar(published().where(Competition.id == competition_id))
    if found is None and caller is not None:
        caller.check_scope(Scope.SCOREBOARD, ScopeLevel.READ)
        found = await check_visible(platform, session, caller, competition_id)
    if found is None:
        raise everywhere.no_public()
    competition = _public(found)
    snapshot = await platform.standings.get(competition_id)
    answer = snapshot.body(
        ("wall", competition.model_dump_json()),
        lambda: Wall(
            competition=competition,
            teams=len(snapshot.entries),
            entries=snapshot.entries[:_ON_WALL],
            series=statistics.history(snapshot, _DRAWN_ON_WALL).series,
            challenges=statistics.breakdown(snapshot, platform.catalogue).challenges,
            latest=statistics.latest(snapshot, platform.catalogue, _ON_WALL),
        ),
    )
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    return encoded(request, answer.plain, answer.gzipped if zipped else None, answer.tag)


def _public(competition: Competition) -> PublicCompetition:
    names = PublicCompetition.model_fields.keys() - {"phase"}
    fields = {name: getattr(competition, name) for name in names}
    return PublicCompetition(phase=phase_of(competition, now()), **fields)


_ON_WALL = 50
_DRAWN_ON_WALL = 10
