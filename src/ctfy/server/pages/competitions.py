"""`/competitions`: what somebody sees, with their own place in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Select, func, select

from ctfy.server.access.caller import AnyToken, Everybody
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import Place, Sight, View
from ctfy.server.cache import Cache
from ctfy.server.challenges.service import infos
from ctfy.server.challenges.visibility import TheChallenges
from ctfy.server.competitions import service
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCache, TheCatalogue, TheDatabase
from ctfy.server.models.base import Page
from ctfy.server.models.competitions import (
    CompetitionDetail,
    CompetitionInfo,
    CompetitionMembershipInfo,
    PublicCompetitionDetail,
)
from ctfy.server.models.standings import ScoreboardEntry
from ctfy.server.standings.projection import Standings, TheStandings
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.instances import ALIVE, Instance
from ctfy.server.tables.teams import TeamMember

router = Router(tags=["competitions"])


@router.get("/competitions")
async def list_competitions(
    database: TheDatabase,
    cache: TheCache,
    paging: Paged,
    standings: TheStandings,
    caller: AnyToken,
    phase: Literal["", "upcoming", "running", "past"] = "",
    competition_id: str = "",
) -> Page[CompetitionInfo]:
    """The competitions that the caller may know of, newest first."""
    view = View(caller)
    values = view.values | ({"competition_id": competition_id} if competition_id else {})
    listing = service.listed(view.sight, phase or None, of_one=bool(competition_id))
    page = await paging.read(database, listing, lambda row: (Competition.of(row), row), **values)
    ids = [competition.id for competition, _ in page.items]
    counts = await service.registered_counts(database, cache, ids)
    items = []
    for competition, row in page.items:
        standing = await _own(standings, competition, row.team_id)
        info = service.competition_info(
            view, competition, row, counts.get(competition.id, 0), standing
        )
        items.append(CompetitionInfo(**info))
    return paging.of(items, page.total)


@router.get("/competitions/{competition_id}")
async def get_competition(
    competition_id: str,
    database: TheDatabase,
    cache: TheCache,
    catalogue: TheCatalogue,
    standings: TheStandings,
    challenges: TheChallenges,
    caller: AnyToken,
) -> CompetitionDetail:
    """One competition with its challenges."""
    view = View(caller)
    row = await service.read_visible(database, view, competition_id)
    competition = Competition.of(row)
    counts = await service.registered_counts(database, cache, [competition_id])
    standing = await _own(standings, competition, row.team_id)
    return CompetitionDetail(
        **service.competition_info(view, competition, row, counts.get(competition_id, 0), standing),
        challenges=infos(
            catalogue, await challenges.of_place(view, Place(competition, row.team_id))
        ),
        registered_at=row.joined_at,
        rules=competition.rules,
        prizes=competition.prizes,
    )


@router.get("/competitions/{competition_id}/about", dependencies=[Everybody])
async def get_public_competition(
    competition_id: str,
    database: TheDatabase,
    cache: TheCache,
    catalogue: TheCatalogue,
    challenges: TheChallenges,
) -> PublicCompetitionDetail:
    """What a public competition is: description, rules, prizes, dates; for visitors, too."""
    visitor = View()
    place = await visitor.place(database, cache, competition_id)
    competition = place.competition
    counts = await service.registered_counts(database, cache, [competition_id])
    shown = infos(catalogue, await challenges.of_place(visitor, place))
    names = PublicCompetitionDetail.model_fields.keys() - {"phase", "teams", "challenges"}
    return PublicCompetitionDetail(
        **{name: getattr(competition, name) for name in names},
        phase=competition.phase_at(visitor.moment),
        teams=counts.get(competition_id, 0),
        challenges=len(shown),
    )


async def _own(
    standings: Standings, competition: Competition, team_id: str | None
) -> ScoreboardEntry | None:
    """The standing of the caller's own team in a competition, as players see it."""
    return await standings.own(competition, team_id) if team_id else None


def membership(sight: Sight) -> Select[Any]:
    """Where the caller plays, newest competition first; it needs `View.values`."""
    running = (
        select(func.count())
        .where(Instance.team_id == TeamMember.team_id, Instance.state.in_(ALIVE))
        .scalar_subquery()
    )
    query = service.with_membership(sight).where(TeamMember.team_id.is_not(None))
    return query.add_columns(running.label("running"))


async def memberships(
    database: Database,
    cache: Cache,
    standings: Standings,
    view: View,
    rows: Sequence[Mapping[str, Any]],
) -> list[CompetitionMembershipInfo]:
    """Rows of `membership` on the wire."""
    counts = await service.registered_counts(database, cache, [row["id"] for row in rows])
    result = []
    for row in rows:
        competition = Competition.of(row)
        standing = await _own(standings, competition, row["team_id"])
        result.append(
            CompetitionMembershipInfo(
                competition_id=competition.id,
                competition_title=competition.title,
                competition_phase=competition.phase_at(view.moment),
                team_id=row["team_id"],
                team_name=row["team_name"],
                role=row["role"],
                running_instances=row["running"],
                starts_at=competition.starts_at,
                ends_at=competition.ends_at,
                paused_at=competition.paused_at,
                my_rank=standing.rank if standing else -1,
                competition_team_count=counts.get(competition.id, 0),
            )
        )
    return result
