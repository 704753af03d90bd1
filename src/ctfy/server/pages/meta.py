"""`/health`, `/meta` and what a node needs to join."""

from __future__ import annotations

import functools
import socket
import time

from sqlalchemy import BigInteger, func, select

from ctfy import __version__
from ctfy.core.errors import Unavailable
from ctfy.server.access.caller import AnyToken, Everybody, MaybeCaller
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import Sight, View
from ctfy.server.database.statement import Statement
from ctfy.server.kernel import (
    TheBackground,
    TheCatalogue,
    TheDatabase,
    TheRelay,
    TheServices,
    TheSettings,
)
from ctfy.server.models.meta import (
    ClusterInfo,
    HealthResponse,
    MetaChallenges,
    MetaPlatform,
    MetaResponse,
)
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition, CompetitionChallenge
from ctfy.server.tables.instances import ON_NODE, Instance
from ctfy.server.tables.nodes import Node
from ctfy.server.tables.submissions import ChallengeSolve
from ctfy.server.tables.teams import Team

router = Router(tags=["meta"])
_ANYTHING = Statement(select(1))
_ON_NODES = select(func.count()).where(Instance.state.in_(ON_NODE))
_RUNNING = _ON_NODES.scalar_subquery()
_CAPACITY = (
    select(func.coalesce(func.sum(Node.capacity), 0)).where(Node.is_healthy).scalar_subquery()
)

_LOAD = Statement(select(_RUNNING, _CAPACITY))
_FOR_CALLERS = {
    "teams_total": select(func.count(Team.id)),
    "users_total": select(func.count(User.id)),
    "nodes_total": select(func.count(Node.id)),
    "nodes_healthy": select(func.count(Node.id)).where(Node.is_healthy),
    "running_instances": _ON_NODES,
}


@router.get("/health", dependencies=[Everybody])
async def health(database: TheDatabase) -> HealthResponse:
    """Alive, and which version."""
    running, capacity = (await database.read(_LOAD))[0]
    return HealthResponse(
        hostname=socket.gethostname(),
        running_instances=running,
        capacity=capacity,
        version=__version__,
        idempotency_keys=True,
    )


@router.get("/health/live", dependencies=[Everybody])
async def live() -> dict[str, str]:
    """Whether this process answers at all; asks nothing else."""
    return {"status": "ok"}


@router.get("/health/ready", dependencies=[Everybody])
async def ready(background: TheBackground, relay: TheRelay) -> dict[str, str]:
    """Whether requests should come here: the database answers and events are followed."""
    try:
        await background.read(_ANYTHING)
    except Unavailable as error:
        raise Unavailable("not_ready", "The database does not answer.") from error
    if not relay.following:
        raise Unavailable("not_ready", "Events are not followed yet.")
    return {"status": "ok"}


@router.get("/cluster-info")
async def cluster_info(settings: TheSettings, _: AnyToken) -> ClusterInfo:
    """What a node needs to join. No `node_image`: nodes run from the package."""
    return ClusterInfo(platform_url=settings.url, node_image=settings.node_image)


@functools.cache
def _counts(sight: Sight) -> Statement:
    # Competition by competition: of each the index knows how many, and few are looked at.
    shown = sight.counts_solves_at(ChallengeSolve.solved_at)
    solves = (
        select(func.count())
        .where(ChallengeSolve.competition_id == Competition.id, shown)
        .correlate(Competition)
        .scalar_subquery()
    )
    total = func.coalesce(func.sum(solves), 0).cast(BigInteger)
    asked = {"solves_total": select(total).where(sight.competitions())}
    if sight.is_visitor:
        known = func.count(CompetitionChallenge.challenge_id.distinct())
        asked["challenges"] = (
            select(known)
            .join(Competition)
            .where(sight.challenges_of_visitors(), CompetitionChallenge.state == "visible")
        )
    else:
        asked |= _FOR_CALLERS
    return Statement(
        select(*(query.scalar_subquery().label(name) for name, query in asked.items()))
    )


@router.get("/meta")
async def meta(
    settings: TheSettings,
    catalogue: TheCatalogue,
    services: TheServices,
    database: TheDatabase,
    caller: MaybeCaller,
) -> MetaResponse:
    """Version, origin and counts; for visitors, of what they may see."""
    view = View(caller)
    counts = dict((await database.read(_counts(view.sight), **view.values))[0])
    total = counts.pop("challenges", len(catalogue.challenges))
    return MetaResponse(
        version=__version__,
        platform=MetaPlatform(),
        challenges=MetaChallenges(total=total),
        started_at_ts=services.started_at,
        server_time_ts=time.time(),
        admin_shell_enabled=caller is not None and settings.admin_shell_enabled,
        **counts,
    )
