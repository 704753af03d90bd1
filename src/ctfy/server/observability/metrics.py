"""`/metrics`, for Prometheus."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from ctfy import __version__
from ctfy.core.errors import NotFound, Unauthorized
from ctfy.server.access.caller import BearerHeader, ByOwnToken, bearer_token
from ctfy.server.access.rate_limits import network
from ctfy.server.database.connections import Background
from ctfy.server.database.statement import Statement
from ctfy.server.kernel import (
    TheBackground,
    TheRateLimits,
    TheServices,
    TheSettings,
)
from ctfy.server.models.base import ErrorResponse
from ctfy.server.observability.counters import TheMetrics
from ctfy.server.services import Services

router = APIRouter()

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_GAUGES = Statement(
    """
    SELECT 'instances' AS what, state AS a, coalesce(node_id, '') AS b, count(*) AS n
      FROM instances WHERE state IN ('requested', 'starting', 'ready', 'stopping') GROUP BY 2, 3
    UNION ALL
    SELECT 'nodes', CASE WHEN NOT is_healthy THEN 'unhealthy' WHEN draining THEN 'draining'
      ELSE 'healthy' END, '', count(*) FROM nodes GROUP BY 2
    UNION ALL
    SELECT 'capacity', '', id, capacity FROM nodes WHERE is_healthy
    UNION ALL
    SELECT 'jobs', status::text, task_name, count(*) FROM procrastinate_jobs
      WHERE status IN ('todo', 'doing', 'failed') GROUP BY 2, 3
    UNION ALL
    SELECT 'tasks', status, '', count(*) FROM tasks
      WHERE status IN ('pending', 'running') GROUP BY 2
    UNION ALL
    SELECT 'connections', coalesce(state, 'none'), '', count(*) FROM pg_stat_activity
      WHERE datname = current_database() GROUP BY 2
    UNION ALL
    SELECT 'size', '', '', pg_database_size(current_database())
    UNION ALL
    SELECT 'queue_age', '', '', coalesce(max(extract(epoch FROM now() - requested_at)), 0)::bigint
      FROM instances WHERE state = 'requested'
    """
)


_FAMILIES = {
    "instances": ("ctfy_instances", "Instances by state and node", ["state", "node"]),
    "nodes": ("ctfy_nodes", "Nodes by condition", ["condition"]),
    "capacity": ("ctfy_node_capacity", "Places on a healthy node", ["node"]),
    "jobs": ("ctfy_jobs", "Jobs by status and kind", ["status", "task"]),
    "tasks": ("ctfy_tasks", "Open tasks by status", ["status"]),
    "connections": ("ctfy_database_connections", "Connections by state", ["state"]),
    "size": ("ctfy_database_size_bytes", "The size of the database", []),
    "queue_age": ("ctfy_queue_oldest_seconds", "How long the first in the queue waits", []),
}


async def _gauges(background: Background, services: Services) -> Iterator[Metric]:
    families = {
        what: GaugeMetricFamily(name, words, labels=labels)
        for what, (name, words, labels) in _FAMILIES.items()
    }
    for row in await background.read(_GAUGES):
        labels = _FAMILIES[row.what][2]
        values = [row.a, row.b] if len(labels) == 2 else [row.a or row.b][: len(labels)]
        families[row.what].add_metric(values, row.n)
    families["started"] = GaugeMetricFamily(
        "ctfy_start_time_seconds", "When this replica started", value=services.started_at
    )
    info = GaugeMetricFamily("ctfy_info", "The version that runs here", labels=["version"])
    info.add_metric([__version__], 1)
    families["info"] = info
    return iter(families.values())


class _Once:
    """A collector of what was read just now."""

    def __init__(self, families: Iterator[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


_REFUSALS: dict[int | str, dict[str, object]] = {
    status: {"model": ErrorResponse} for status in (400, 401, 404, 413, 422, 429)
}


@router.get(
    "/metrics",
    dependencies=[ByOwnToken],
    response_class=Response,
    responses=_REFUSALS,
    tags=["observability"],
)
async def metrics(
    request: Request,
    settings: TheSettings,
    background: TheBackground,
    metrics: TheMetrics,
    services: TheServices,
    rate_limits: TheRateLimits,
    _: BearerHeader,
) -> Response:
    """Counters and gauges in Prometheus' format, for the bearer of `CTFY_METRICS_TOKEN`."""
    expected = settings.metrics_token
    if not expected:
        raise NotFound("metrics_disabled", "Set CTFY_METRICS_TOKEN to have metrics here.")
    async with rate_limits.failures(("guess", network(request))):
        if not hmac.compare_digest(expected.encode(), bearer_token(request).encode()):
            raise Unauthorized("unauthorized", "Send the metrics token: 'Authorization: Bearer …'.")
    now_ = CollectorRegistry()
    now_.register(_Once(await _gauges(background, services)))
    body = metrics.text() + generate_latest(now_)
    return Response(body, headers={"Content-Type": _CONTENT_TYPE})
