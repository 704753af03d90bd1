"""`/competitions`: what somebody sees, with their own place in each."""

from __future__ import annotations

import functools
from typing import Literal

from sqlalchemy import func, select

from ctfy.server.access.caller import AnyToken
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import Sight, View
from ctfy.server.challenges.service import infos
from ctfy.server.challenges.visibility import TheChallenges
from ctfy.server.competitions import service
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Paged
from ctfy.server.database.statement import Statement
from ctfy.server.kernel import TheCatalogue, TheDatabase
from ctfy.server.models.base import Page
from ctfy.server.models.competitions import (
    CompetitionDetail,
    CompetitionInfo,
    CompetitionMembershipInfo,
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
    items = []
    for competition, row in page.items:
        standing = await _own(standings, competition, row.team_id)
        info = service.competition_info(view, competition, row, standing)
        items.append(CompetitionInfo(**info))
    return paging.of(items, page.total)


@router.get("/competitions/{competition_id}")
async def get_competition(
    competition_id: str,
    database: TheDatabase,
    catalogue: TheCatalogue,
    standings: TheStandings,
    challenges: TheChallenges,
    caller: AnyToken,
) -> CompetitionDetail:
    """One competition with its challenges."""
    view = View(caller)
    row = await service.read_visible(database, view, competition_id)
    competition = Competition.of(row)
    standing = await _own(standings, competition, row.team_id)
    return CompetitionDetail(
        **service.competition_info(view, competition, row, standing),
        challenges=infos(catalogue, await challenges.of_competition(view, competition_id)),
        registered_at=row.joined_at,
    )


async def _own(
    standings: Standings, competition: Competition, team_id: str | None
) -> ScoreboardEntry | None:
    """The standing of the caller's own team in a competition, as players see it."""
    if not team_id:
        return None
    return (await standings.seen_by(View(), competition)).by_team.get(team_id)


@functools.cache
def _memberships(sight: Sight) -> Statement:
    running = (
        select(func.count())
        .where(Instance.team_id == TeamMember.team_id, Instance.state.in_(ALIVE))
        .scalar_subquery()
    )
    return Statement(
        service.with_membership(sight)
        .where(TeamMember.team_id.is_not(None))
        .add_columns(running.label("running"))
    )


async def memberships(
    database: Database, standings: Standings, view: View
) -> list[CompetitionMembershipInfo]:
    """Where the caller plays, newest competition first."""
    result = []
    for row in await database.read(_memberships(view.sight), **view.values):
        competition = Competition.of(row)
        standing = await _own(standings, competition, row.team_id)
        result.append(
            CompetitionMembershipInfo(
                competition_id=competition.id,
                competition_title=competition.title,
                competition_phase=competition.phase_at(view.moment),
                team_id=row.team_id,
                team_name=row.team_name,
                role=row.role,
                running_instances=row.running,
                starts_at=competition.starts_at,
                ends_at=competition.ends_at,
                my_rank=standing.rank if standing else -1,
                competition_team_count=row.registered_count,
            )
        )
    return result
