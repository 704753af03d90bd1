"""Standings as they were: written every few minutes, a row per team whose place changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from ctfy.server.access.view import PUBLIC, Place, View
from ctfy.server.competitions.service import running
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.models.standings import ScoreboardSnapshotState
from ctfy.server.standings.projection import Standings
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.standings import StandingSnapshot
from ctfy.server.tables.teams import Team


def recent(view: View, team_id: str, days: int) -> Select[StandingSnapshot, str]:
    """The snapshots of public competitions of the last days, newest first, best first.

    Of ranked teams, and of the caller's own.
    """
    query = (
        select(StandingSnapshot, Team.name.label("team_name"))
        .join(Team, Team.id == StandingSnapshot.team_id)
        .join(Competition, Competition.id == StandingSnapshot.competition_id)
        .where(
            PUBLIC,
            view.bind(view.sight.ranked()),
            view.bind(view.sight.sees_standings()),
            StandingSnapshot.taken_at > now() - timedelta(days=days),
        )
        .order_by(StandingSnapshot.taken_at.desc(), StandingSnapshot.rank, Team.id)
    )
    return query.where(StandingSnapshot.team_id == team_id) if team_id else query


def state(row: Row[*tuple[Any, ...]]) -> ScoreboardSnapshotState:
    """A row of `recent` on the wire."""
    taken: StandingSnapshot = row.StandingSnapshot
    return ScoreboardSnapshotState(
        snapshot_at=taken.taken_at,
        snapshot_at_ts=taken.taken_at.timestamp(),
        team_id=taken.team_id,
        team_name=row.team_name,
        rank=taken.rank,
        solved=taken.solved,
        attempts=taken.attempts,
        points=taken.points,
        competition_id=taken.competition_id,
    )


async def take(database: Database, standings: Standings) -> str:
    """Write down every running competition's standings as players see them; what was, in words."""
    visitor, written = View(), 0
    moment, shown = visitor.moment, visitor.sight.sees_standings()
    async with database.transaction() as session:
        query = select(Competition).where(running(moment), shown)
        competitions = (await session.scalars(query)).all()
    for competition in competitions:
        competition_id = competition.id
        entries = (await standings.seen_by(visitor, Place(competition))).entries
        async with database.transaction() as session:
            newest = await session.scalars(
                select(StandingSnapshot)
                .ext(distinct_on(StandingSnapshot.team_id))
                .where(StandingSnapshot.competition_id == competition_id)
                .order_by(StandingSnapshot.team_id, StandingSnapshot.taken_at.desc())
            )
            before = {s.team_id: (s.rank, s.solved, s.attempts, s.points) for s in newest}
            rows = [
                StandingSnapshot(
                    team_id=e.team_id,
                    taken_at=moment,
                    competition_id=competition_id,
                    rank=e.rank,
                    solved=e.solved,
                    attempts=e.attempts,
                    points=e.points,
                )
                for e in entries
                if before.get(e.team_id) != (e.rank, e.solved, e.attempts, e.points)
            ]
            session.add_all(rows)
            written += len(rows)
    return f"{written} rows written"
