"""`/competitions`: what somebody sees, with their own place in each."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.access.caller import AnyToken, Caller
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.challenges.service import infos
from ctfy.server.challenges.visibility import TheChallenges
from ctfy.server.competitions import service
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCatalogue
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
    session: Session,
    paging: Paged,
    standings: TheStandings,
    caller: AnyToken,
    phase: Literal["", "upcoming", "running", "past"] = "",
    competition_id: str = "",
) -> Page[CompetitionInfo]:
    """The competitions that the caller may know of, newest first."""
    view = View(caller)
    query = service.with_membership(view, phase=phase or None, id_=competition_id)
    rows, total = await paging.rows(session, query)
    items = [
        CompetitionInfo(**service.competition_info(view, row, await _own(standings, row)))
        for row in rows
    ]
    return paging.of(items, total)


@router.get("/competitions/{competition_id}")
async def get_competition(
    competition_id: str,
    session: Session,
    catalogue: TheCatalogue,
    standings: TheStandings,
    challenges: TheChallenges,
    caller: AnyToken,
) -> CompetitionDetail:
    """One competition with its challenges."""
    view = View(caller)
    row = await service.get_visible(session, caller, competition_id)
    return CompetitionDetail(
        **service.competition_info(view, row, await _own(standings, row)),
        challenges=infos(catalogue, await challenges.of_competition(session, view, competition_id)),
        registered_at=row.joined_at,
    )


async def _own(standings: Standings, row: Row[Any]) -> ScoreboardEntry | None:
    """The standing of the caller's own team in the competition of a row, as players see it."""
    if not row.team_id:
        return None
    return (await standings.seen_by(View(), row.Competition)).by_team.get(row.team_id)


async def memberships(
    session: AsyncSession, standings: Standings, caller: Caller
) -> list[CompetitionMembershipInfo]:
    """Where the caller plays, newest competition first."""
    view = View(caller)
    running = (
        select(func.count())
        .where(Instance.team_id == TeamMember.team_id, Instance.state.in_(ALIVE))
        .scalar_subquery()
    )
    rows = await session.execute(
        service.with_membership(view)
        .where(TeamMember.team_id.is_not(None))
        .add_columns(running.label("running"))
    )
    result = []
    for row in rows.all():
        competition: Competition = row.Competition
        standing = await _own(standings, row)
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
