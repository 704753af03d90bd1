"""The platform at a glance: counts, flags, series."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import NotFound, field_error
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.instances.service import WIRE_STATUS
from ctfy.server.models.nodes import NodeInstanceState
from ctfy.server.models.observability import (
    AdminChallengeLastError,
    AdminChallengeLatencyBucket,
    AdminChallengeStatsRow,
    AdminChallengeTimeseries,
    AdminChallengeTimeseriesBucket,
    AdminHealthFlags,
    AdminOverview,
    AdminOverviewCounts,
    AdminRecentError,
    AdminSilentChallenge,
    AdminStuckInstance,
    AdminTimeseries,
    AdminTimeseriesBucket,
    AdminTrafficInstanceRow,
    AdminTrafficSummary,
    AdminTrafficTeamRow,
    AdminUnhealthyNode,
    Metric,
)
from ctfy.server.models.standings import AdminSolveMatrix
from ctfy.server.nodes.clients import NODE_FAILURES, NodeClients
from ctfy.server.nodes.warnings import node_warnings
from ctfy.server.standings.projection import Standings
from ctfy.server.standings.statistics import matrix
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.incidents import Incident
from ctfy.server.tables.instances import ON_NODE, Instance, State
from ctfy.server.tables.nodes import Node
from ctfy.server.tables.records import InstanceRecord
from ctfy.server.tables.submissions import ChallengeSolve
from ctfy.server.tables.tasks import Task
from ctfy.server.tables.teams import Team

_STUCK = timedelta(minutes=1)
_LATELY = timedelta(days=1)
_SILENT_LAUNCHES = 3
_SILENT = timedelta(days=7)
_MOST_FLAGS = 100
_NODE_ANSWER_S = 3.0


async def overview(session: AsyncSession) -> AdminOverview:
    """Counts of everything, in one query."""
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    day = now() - _LATELY

    def count(column: Any, *conditions: Any) -> Any:
        return select(func.count(column)).where(*conditions).scalar_subquery()

    people = User.deleted_at.is_(None)
    counts: dict[str, Any] = {
        "nodes_total": count(Node.id),
        "nodes_healthy": count(Node.id, Node.is_healthy),
        "draining_nodes": count(Node.id, Node.draining),
        "capacity": select(func.coalesce(func.sum(Node.capacity), 0))
        .where(Node.is_healthy, ~Node.draining)
        .scalar_subquery(),
        "running_instances": count(Instance.id, Instance.state.in_(ON_NODE)),
        "queued_instances": count(Instance.id, Instance.state == State.REQUESTED),
        "teams_total": count(Team.id),
        "solves_total": count(ChallengeSolve.rank),
        "solves_today": count(ChallengeSolve.rank, ChallengeSolve.solved_at >= today),
        "users_total": count(User.id, people),
        "users_active_24h": count(User.id, people, User.last_active_at >= day),
        "users_new_24h": count(User.id, people, User.created_at >= day),
        "open_incidents": count(Incident.id, Incident.status == "open"),
        "running_tasks": count(Task.id, Task.status.in_(("pending", "running"))),
    }
    row = (await session.execute(select(*(c.label(name) for name, c in counts.items())))).one()
    values = dict(row._mapping)
    nodes = AdminOverviewCounts(
        total=values.pop("nodes_total"), healthy=values.pop("nodes_healthy")
    )
    return AdminOverview(nodes=nodes, **values)


async def health_flags(
    session: AsyncSession, catalogue: Catalogue, node_clients: NodeClients, hosts: set[str]
) -> AdminHealthFlags:
    """What an operator should look at now; `hosts` are the platform's own host names."""
    moment = now()
    stuck = await session.scalars(
        select(Instance)
        .where(
            Instance.state.in_((State.REQUESTED, State.STARTING)),
            Instance.requested_at < moment - _STUCK,
        )
        .order_by(Instance.requested_at)
        .limit(_MOST_FLAGS)
    )
    errors = await session.scalars(
        select(Instance)
        .where(
            Instance.state.in_((State.STOPPED, State.ERROR)),
            Instance.state == State.ERROR,
            Instance.stopped_at > moment - _LATELY,
        )
        .order_by(Instance.stopped_at.desc())
        .limit(_MOST_FLAGS)
    )
    nodes = (await session.scalars(select(Node).order_by(Node.last_heartbeat))).all()
    silent = await session.execute(_SILENT_CHALLENGES, {"since": moment - _SILENT})
    flags = AdminHealthFlags(
        stuck_starting=[
            AdminStuckInstance(
                instance_id=i.id,
                challenge_id=i.challenge_id,
                team_id=i.team_id,
                node_id=i.node_id or "",
                requested_at=i.requested_at.timestamp(),
                stuck_for_s=(moment - i.requested_at).total_seconds(),
            )
            for i in stuck
        ],
        recent_errors=[
            AdminRecentError(
                instance_id=i.id,
                challenge_id=i.challenge_id,
                team_id=i.team_id,
                node_id=i.node_id or "",
                error=i.error,
                stopped_at=i.stopped_at.timestamp() if i.stopped_at else 0.0,
            )
            for i in errors
        ],
        unhealthy_nodes=[
            AdminUnhealthyNode(
                node_id=n.id,
                display_name=n.display_name,
                url=n.url,
                last_heartbeat_ts=n.last_heartbeat.timestamp(),
                downtime_s=(moment - n.last_heartbeat).total_seconds(),
            )
            for n in nodes
            if not n.is_healthy
        ],
        silent_challenges=[
            AdminSilentChallenge(
                challenge_id=row.challenge_id,
                name=_name(catalogue, row.challenge_id),
                launches=row.launches,
                submissions=0,
            )
            for row in silent
            if row.launches >= _SILENT_LAUNCHES
        ],
    )
    await session.commit()  # no transaction stays open while the nodes answer
    healthy = [node for node in nodes if node.is_healthy]
    flags.node_warnings = await node_warnings(node_clients, healthy, hosts)
    return flags


_SILENT_CHALLENGES = text(
    """
    SELECT i.challenge_id, count(*) AS launches FROM instances i
    WHERE i.requested_at >= :since AND NOT EXISTS (
      SELECT FROM submissions s WHERE s.challenge_id = i.challenge_id AND s.submitted_at >= :since)
    GROUP BY 1 ORDER BY 2 DESC, 1
    """
)


def _name(catalogue: Catalogue, challenge_id: str) -> str:
    challenge = catalogue.get(challenge_id)
    return challenge.metadata.name if challenge else challenge_id


async def solve_matrix(
    session: AsyncSession, catalogue: Catalogue, standings: Standings, competition_id: str
) -> AdminSolveMatrix:
    """Who solved what, in one competition or in all published ones, as operators see it."""
    if competition_id:
        if await session.get(Competition, competition_id) is None:
            raise NotFound("competition_not_found", "There is no such competition.")
        ids = [competition_id]
    else:
        found = await session.scalars(
            select(Competition.id)
            .where(Competition.status == "published")
            .order_by(Competition.created_at, Competition.id)
        )
        ids = list(found)
    whole = AdminSolveMatrix(teams=[], challenges=[], cells=[])
    columns: dict[str, Any] = {}
    for id_ in ids:
        part = matrix(await standings.live(id_), catalogue)
        whole.teams += part.teams
        whole.cells += part.cells
        for challenge in part.challenges:
            known = columns.setdefault(challenge.challenge_id, challenge)
            if known is not challenge:
                known.solves_count += challenge.solves_count
    whole.challenges = list(columns.values())
    return whole


_SERIES: dict[str, str] = {
    "launches": "SELECT {n} AS n, count(*) AS v FROM instances WHERE requested_at >= :since",
    "submissions": "SELECT {n} AS n, count(*) AS v FROM submissions WHERE submitted_at >= :since",
    "solves": "SELECT {n} AS n, count(*) AS v FROM challenge_solves WHERE solved_at >= :since",
    "teams": "SELECT {n} AS n, count(*) AS v FROM teams WHERE created_at >= :since",
    "active_users": (
        "SELECT {n} AS n, count(DISTINCT actor_id) AS v FROM events "
        "WHERE created_at >= :since AND actor_id IS NOT NULL"
    ),
}
_TIMES = {
    "launches": "requested_at",
    "submissions": "submitted_at",
    "solves": "solved_at",
    "teams": "created_at",
    "active_users": "created_at",
}
# At the end of each bucket, or now.
_RUNNING = text(
    """
    SELECT floor(extract(epoch FROM t) / :bucket)::bigint AS n, (
      SELECT count(*) FROM instances i WHERE i.ready_at <= least(t + :width * interval '1 second',
        now()) AND (i.stopped_at IS NULL OR i.stopped_at > least(t + :width * interval '1 second',
        now()))) AS v
    FROM generate_series(CAST(:since AS timestamptz), now(), :width * interval '1 second') t
    """
)
_MOST_BUCKETS = 2000


def _first(window: int, bucket: int) -> int:
    """The start of the first bucket. Raises 422 on more buckets than anybody looks at."""
    if window / bucket > _MOST_BUCKETS:
        raise field_error(
            ["query", "bucket"], f"makes more than {_MOST_BUCKETS} buckets; use a longer one"
        )
    return int((time.time() - window) // bucket) * bucket


async def timeseries(
    session: AsyncSession, metric: Metric, window: int, bucket: int
) -> AdminTimeseries:
    """One metric over the last `window` seconds, in buckets of `bucket` seconds."""
    first = _first(window, bucket)
    values = {"since": datetime.fromtimestamp(first, UTC), "bucket": bucket}
    if metric == "running_instances":
        rows = await session.execute(_RUNNING, {**values, "width": bucket})
    else:
        number = f"floor(extract(epoch FROM {_TIMES[metric]}) / :bucket)::bigint"
        statement = _SERIES[metric].format(n=number) + " GROUP BY 1"
        rows = await session.execute(text(statement), values)
    counted = {int(row.n) * bucket: int(row.v) for row in rows}
    end = time.time()
    return AdminTimeseries(
        metric=metric,
        window_s=window,
        bucket_s=bucket,
        buckets=[
            AdminTimeseriesBucket(ts=ts, value=counted.get(ts, 0), partial=ts + bucket > end)
            for ts in range(first, int(end) + 1, bucket)
        ],
    )


# -- challenges

_STATS = text(
    """
    WITH launched AS (
      SELECT challenge_id, team_id, state, requested_at,
             extract(epoch FROM ready_at - requested_at)::float AS took
      FROM instances
      WHERE CAST(:competition AS text) = '' OR competition_id = CAST(:competition AS text)
    ), counted AS (
      SELECT challenge_id, count(*) AS launches,
             count(*) FILTER (WHERE state = 'error') AS errors,
             count(*) FILTER (WHERE state IN ('starting', 'ready', 'stopping')) AS running,
             count(DISTINCT team_id) AS teams, avg(took) AS avg_s,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS p50,
             percentile_cont(0.95) WITHIN GROUP (ORDER BY took) AS p95,
             (array_agg(took ORDER BY requested_at DESC) FILTER (WHERE took IS NOT NULL))[1:20]
               AS recent
      FROM launched GROUP BY challenge_id
    ), failed AS (
      SELECT DISTINCT ON (challenge_id) challenge_id, id, error,
             extract(epoch FROM stopped_at)::float AS ts
      FROM instances WHERE state = 'error' AND (
        CAST(:competition AS text) = '' OR competition_id = CAST(:competition AS text))
      ORDER BY challenge_id, stopped_at DESC
    ), solved AS (
      SELECT challenge_id, count(*) AS solves FROM challenge_solves
      WHERE CAST(:competition AS text) = '' OR competition_id = CAST(:competition AS text)
      GROUP BY challenge_id
    )
    SELECT challenge_id, launches, errors, running, teams, avg_s, p50, p95, recent,
           failed.id AS error_id, failed.error, failed.ts AS error_ts, solves
    FROM counted FULL JOIN solved USING (challenge_id) LEFT JOIN failed USING (challenge_id)
    """
)
_SORTS = {
    "name": lambda row: row.name.casefold(),
    "launches": lambda row: row.launches,
    "errors": lambda row: row.errors,
    "error_rate": lambda row: row.error_rate,
    "p50_launch_s": lambda row: row.p50_launch_s,
    "p95_launch_s": lambda row: row.p95_launch_s,
    "solve_rate": lambda row: row.solve_rate,
    "running_count": lambda row: row.running_count,
}


async def challenge_stats(
    session: AsyncSession,
    catalogue: Catalogue,
    *,
    text_: str = "",
    tag: str = "",
    sort: str = "",
    competition_id: str = "",
) -> list[AdminChallengeStatsRow]:
    """How every challenge does. `sort` is a column, with `-` in front descending.

    `solve_rate`: teams that solved it of those that launched it. Raises 422 on an unknown column.
    """
    column, falling = sort.removeprefix("-"), sort.startswith("-")
    if sort and column not in _SORTS:
        raise field_error(["query", "sort"], f"use one of: {', '.join(_SORTS)}, or with a -")
    rows = await session.execute(_STATS, {"competition": competition_id})
    found = {row.challenge_id: row for row in rows}
    result = []
    for challenge in catalogue.challenges.values():
        meta = challenge.metadata
        if tag and tag not in meta.tags:
            continue
        if text_ and text_.casefold() not in f"{challenge.id}\n{meta.name}".casefold():
            continue
        row = found.get(challenge.id)
        launches = (row.launches or 0) if row else 0
        errors = (row.errors or 0) if row else 0
        teams = (row.teams or 0) if row else 0
        solves = (row.solves or 0) if row else 0
        result.append(
            AdminChallengeStatsRow(
                challenge_id=challenge.id,
                name=meta.name,
                difficulty=meta.difficulty,
                category=meta.category,
                tags=meta.tags,
                question_count=len(meta.questions),
                launches=launches,
                errors=errors,
                error_rate=errors / launches if launches else 0.0,
                avg_launch_s=(row.avg_s or 0.0) if row else 0.0,
                p50_launch_s=(row.p50 or 0.0) if row else 0.0,
                p95_launch_s=(row.p95 or 0.0) if row else 0.0,
                solve_rate=min(1.0, solves / teams) if teams else 0.0,
                running_count=(row.running or 0) if row else 0,
                last_error=AdminChallengeLastError(
                    ts=row.error_ts, message=row.error, instance_id=row.error_id
                )
                if row and row.error_id
                else None,
                recent_launch_durations=(row.recent or []) if row else [],
            )
        )
    if sort:
        result.sort(key=_SORTS[column], reverse=falling)
    return result


_LATENCY = text(
    """
    SELECT width_bucket(extract(epoch FROM ready_at - requested_at)::float, CAST(:edges AS float[]))
             AS place, count(*) AS times
    FROM instances WHERE ready_at IS NOT NULL GROUP BY 1
    """
)
_EDGES = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0]


async def latency_histogram(session: AsyncSession) -> list[AdminChallengeLatencyBucket]:
    """How long launches took, from the request to ready."""
    rows = await session.execute(_LATENCY, {"edges": _EDGES})
    counted = {row.place: row.times for row in rows}
    labels = [f"< {_EDGES[0]:g} s"]
    labels += [f"{low:g}-{high:g} s" for low, high in pairwise(_EDGES)]
    labels.append(f"≥ {_EDGES[-1]:g} s")
    return [
        AdminChallengeLatencyBucket(label=label, count=counted.get(place, 0))
        for place, label in enumerate(labels)
    ]


_LAUNCHES = text(
    """
    SELECT floor(extract(epoch FROM requested_at) / :bucket)::bigint AS n, count(*) AS launches,
           count(*) FILTER (WHERE state = 'error') AS errors,
           percentile_cont(0.5) WITHIN GROUP (
             ORDER BY extract(epoch FROM ready_at - requested_at)::float) AS p50,
           percentile_cont(0.95) WITHIN GROUP (
             ORDER BY extract(epoch FROM ready_at - requested_at)::float) AS p95
    FROM instances WHERE challenge_id = :challenge AND requested_at >= :since GROUP BY 1
    """
)


async def challenge_timeseries(
    session: AsyncSession, catalogue: Catalogue, challenge_id: str, window: int, bucket: int
) -> AdminChallengeTimeseries:
    """A challenge's launches over time. Raises `challenge_not_found`."""
    if catalogue.get(challenge_id) is None:
        raise NotFound("challenge_not_found", "There is no such challenge.")
    first = _first(window, bucket)
    since = datetime.fromtimestamp(first, UTC)
    rows = await session.execute(
        _LAUNCHES, {"challenge": challenge_id, "since": since, "bucket": bucket}
    )
    counted = {int(row.n) * bucket: row for row in rows}
    end = time.time()
    buckets = []
    for ts in range(first, int(end) + 1, bucket):
        row = counted.get(ts)
        buckets.append(
            AdminChallengeTimeseriesBucket(
                ts=ts,
                launches=row.launches if row else 0,
                errors=row.errors if row else 0,
                error_rate=row.errors / row.launches if row else 0.0,
                p50_launch_s=(row.p50 or 0.0) if row else 0.0,
                p95_launch_s=(row.p95 or 0.0) if row else 0.0,
                partial=ts + bucket > end,
            )
        )
    return AdminChallengeTimeseries(
        challenge_id=challenge_id, window_s=window, bucket_s=bucket, buckets=buckets
    )


# -- traffic


async def traffic_summary(
    database: Database, catalogue: Catalogue, node_clients: NodeClients
) -> AdminTrafficSummary:
    """Who sends how much: the running instances, and those that ended within a day."""
    async with database.transaction() as session:
        rows = (
            await session.execute(
                select(
                    Instance.id,
                    Instance.team_id,
                    Instance.challenge_id,
                    Instance.state,
                    Instance.requested_at,
                    Instance.stopped_at,
                    Team.name.label("team_name"),
                    func.coalesce(InstanceRecord.traffic_count, 0).label("kept"),
                )
                .join(Team, Team.id == Instance.team_id)
                .outerjoin(InstanceRecord, InstanceRecord.instance_id == Instance.id)
                .where(
                    Instance.state.in_(ON_NODE)
                    | (
                        Instance.state.in_((State.STOPPED, State.ERROR))
                        & (Instance.stopped_at > now() - _LATELY)
                    )
                )
            )
        ).all()
        nodes = (await session.scalars(select(Node).where(Node.is_healthy))).all()
    live: dict[str, NodeInstanceState] = {}
    for states in await asyncio.gather(*(_inventory(node_clients, node) for node in nodes)):
        live.update(states)
    instances = []
    by_team: defaultdict[str, AdminTrafficTeamRow] = defaultdict(
        lambda: AdminTrafficTeamRow(team_id="")
    )
    for row in rows:
        running = row.state in ON_NODE
        state = live.get(row.id) if running else None
        count = state.request_count if state else row.kept
        stopped = row.stopped_at.timestamp() if row.stopped_at else 0.0
        instances.append(
            AdminTrafficInstanceRow(
                instance_id=row.id,
                team_id=row.team_id,
                team_name=row.team_name,
                challenge_id=row.challenge_id,
                name=_name(catalogue, row.challenge_id),
                status=WIRE_STATUS[State(row.state)],
                request_count=count,
                started_at=row.requested_at.timestamp(),
                stopped_at=stopped,
                live=running,
            )
        )
        team = by_team[row.team_id]
        team.team_id, team.team_name = row.team_id, row.team_name
        team.instance_count += 1
        team.request_count += count
        seen = state.last_traffic_at if state else stopped
        team.last_activity_at = max(team.last_activity_at, seen)
    instances.sort(key=lambda i: (-i.request_count, -i.started_at))
    teams = sorted(by_team.values(), key=lambda t: (-t.request_count, t.team_name))
    return AdminTrafficSummary(
        teams=teams, instances=instances, total_requests=sum(t.request_count for t in teams)
    )


async def _inventory(node_clients: NodeClients, node: Node) -> dict[str, NodeInstanceState]:
    """What a node runs; nothing when it does not answer at once, or answers nonsense."""
    try:
        async with asyncio.timeout(_NODE_ANSWER_S):
            states = await node_clients.of(node.id, node.url).list_instances()
    except (TimeoutError, *NODE_FAILURES):
        return {}
    return {state.instance_id: state for state in states}
