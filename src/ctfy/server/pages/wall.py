"""`/walls`: a competition for a big screen, and for visitors."""

from __future__ import annotations

from fastapi import Request, Response
from sqlalchemy import select

from ctfy.core.enums import ScopeLevel
from ctfy.core.errors import NotFound
from ctfy.server.access.caller import Caller, Everybody, MaybeCaller
from ctfy.server.access.idempotency import Router
from ctfy.server.access.scopes import Scope
from ctfy.server.access.view import PUBLIC, Place, View
from ctfy.server.cache import Cache
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing, Paged
from ctfy.server.kernel import TheCache, TheCatalogue, TheDatabase
from ctfy.server.models.base import Page
from ctfy.server.models.standings import PublicCompetition, Wall
from ctfy.server.response_cache import encoded
from ctfy.server.standings import statistics
from ctfy.server.standings.projection import TheStandings
from ctfy.server.tables.competitions import Competition

router = Router(tags=["standings"])


@router.get("/walls", dependencies=[Everybody])
async def list_walls(database: TheDatabase, paging: Paged) -> Page[PublicCompetition]:
    """The public competitions, the newest first; for visitors who have not signed in."""
    return await paging.read(database, _LISTED, lambda row: _public(Competition.of(row)))


_LISTED = Listing(
    select(Competition).where(PUBLIC).order_by(Competition.created_at.desc(), Competition.id)
)


@router.get("/walls/{competition_id}", response_model=Wall)
async def wall(
    competition_id: str,
    request: Request,
    catalogue: TheCatalogue,
    cache: TheCache,
    standings: TheStandings,
    database: TheDatabase,
    caller: MaybeCaller,
) -> Response:
    """A competition for a big screen, as players see it; 304 while nothing changed.

    A public one for everybody, any other for those who may see it. Whoever may not see the
    standings, or runs a competition whose players do not, has the clock and the challenges alone.
    """
    visitor = View()
    try:
        found = await visitor.place(database, cache, competition_id)
        if caller is not None and not visitor.sees_standings(found):
            found = await _own_place(caller, database, cache, competition_id)
    except NotFound:
        if caller is None:
            raise
        found = await _own_place(caller, database, cache, competition_id)
    competition = _public(found.competition)
    snapshot = await standings.seen_by(visitor, found)
    shows = visitor.sees_standings(found)
    answer = snapshot.body(
        ("wall", competition.model_dump_json()),
        lambda: Wall(
            competition=competition,
            teams=len(snapshot.entries),
            entries=snapshot.entries[:_ON_WALL] if shows else [],
            series=statistics.history(snapshot, _DRAWN_ON_WALL).series if shows else [],
            challenges=statistics.breakdown(snapshot, catalogue).challenges,
            latest=statistics.latest(snapshot, catalogue, _ON_WALL),
        ),
    )
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    return encoded(request, answer.plain, answer.gzipped if zipped else None, answer.tag)


async def _own_place(
    caller: Caller, database: Database, cache: Cache, competition_id: str
) -> Place:
    """Where the caller is in a competition; whoever runs it sees what its players do."""
    caller.check_scope(Scope.SCOREBOARD, ScopeLevel.READ)
    view = View(caller)
    place = await view.place(database, cache, competition_id)
    return place._replace(team_id="") if view.is_operator(competition_id) else place


def _public(competition: Competition) -> PublicCompetition:
    names = PublicCompetition.model_fields.keys() - {"phase"}
    fields = {name: getattr(competition, name) for name in names}
    return PublicCompetition(phase=competition.phase_at(now()), **fields)


_ON_WALL = 50
_DRAWN_ON_WALL = 10
