"""`/admin/overview` and its like."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCatalogue, TheDatabase, TheSettings
from ctfy.server.models.base import Page
from ctfy.server.models.observability import (
    AdminChallengeLatencyBucket,
    AdminChallengeStatsRow,
    AdminChallengeTimeseries,
    AdminHealthFlags,
    AdminOverview,
    AdminTimeseries,
    AdminTrafficSummary,
    Metric,
)
from ctfy.server.models.standings import AdminSolveMatrix
from ctfy.server.nodes.clients import TheNodeClients
from ctfy.server.nodes.warnings import host_of
from ctfy.server.observability import service
from ctfy.server.standings.projection import TheStandings

router = Router(prefix="/admin", tags=["observability"])

_Window = Annotated[int, Query(ge=60, le=604_800)]
_Bucket = Annotated[int, Query(ge=60, le=86_400)]
_Text = Annotated[str, Query(max_length=200)]


@router.get("/overview")
async def overview(session: Session, _: Admin) -> AdminOverview:
    """Counts of everything."""
    return await service.overview(session)


@router.get("/health-flags")
async def health_flags(
    request: Request,
    settings: TheSettings,
    catalogue: TheCatalogue,
    node_clients: TheNodeClients,
    session: Session,
    _: Admin,
) -> AdminHealthFlags:
    """What to look at now: stuck starts, errors, nodes, challenges nobody answers."""
    hosts = {host_of(settings.url), host_of(f"//{request.headers.get('host', '')}")} - {""}
    return await service.health_flags(session, catalogue, node_clients, hosts)


@router.get("/solve-matrix")
async def solve_matrix(
    catalogue: TheCatalogue,
    standings: TheStandings,
    session: Session,
    _: Admin,
    competition_id: str = "",
) -> AdminSolveMatrix:
    """Who solved what, in one competition or in all published ones."""
    return await service.solve_matrix(session, catalogue, standings, competition_id)


@router.get("/timeseries")
async def timeseries(
    session: Session, _: Admin, metric: Metric, window: _Window = 86_400, bucket: _Bucket = 3600
) -> AdminTimeseries:
    """One metric over time."""
    return await service.timeseries(session, metric, window, bucket)


@router.get("/traffic/summary")
async def traffic_summary(
    database: TheDatabase, catalogue: TheCatalogue, node_clients: TheNodeClients, _: Admin
) -> AdminTrafficSummary:
    """Who sends how much, busiest first."""
    return await service.traffic_summary(database, catalogue, node_clients)


@router.get("/challenges/stats")
async def challenge_stats(
    catalogue: TheCatalogue,
    session: Session,
    paging: Paged,
    _: Admin,
    q: _Text = "",
    tag: _Text = "",
    sort: _Text = "",
    competition_id: _Text = "",
) -> Page[AdminChallengeStatsRow]:
    """How every challenge does: launches, errors, how long they take, who solves it."""
    found = await service.challenge_stats(
        session, catalogue, text_=q, tag=tag, sort=sort, competition_id=competition_id
    )
    return paging.cut(found)


@router.get("/challenges/latency-histogram")
async def latency_histogram(session: Session, _: Admin) -> list[AdminChallengeLatencyBucket]:
    """How long launches take."""
    return await service.latency_histogram(session)


@router.get("/challenges/{challenge_id}/timeseries")
async def challenge_timeseries(
    challenge_id: str,
    catalogue: TheCatalogue,
    session: Session,
    _: Admin,
    window: _Window = 86_400,
    bucket: _Bucket = 3600,
) -> AdminChallengeTimeseries:
    """A challenge's launches over time."""
    return await service.challenge_timeseries(session, catalogue, challenge_id, window, bucket)
