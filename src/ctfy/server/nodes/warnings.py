"""What operators are told of a node that runs, but could be set up better."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

import structlog
from sqlalchemy import select

from ctfy.server.database.connections import Database
from ctfy.server.models.nodes import NodeHealthResponse
from ctfy.server.models.observability import AdminNodeWarning
from ctfy.server.nodes.clients import NODE_FAILURES, NodeClients
from ctfy.server.settings import Settings
from ctfy.server.tables.nodes import Node

log = structlog.get_logger()

_NODE_ANSWER_S = 3.0


async def node_warnings(
    node_clients: NodeClients, nodes: Sequence[Node], hosts: set[str]
) -> list[AdminNodeWarning]:
    """What to do better about these nodes; `hosts` are the platform's own host names."""
    answers = await asyncio.gather(*(_health(node_clients, node) for node in nodes))
    return [
        AdminNodeWarning(node_id=node.id, display_name=node.display_name, code=code, detail=detail)
        for node, health in zip(nodes, answers, strict=True)
        if health is not None
        for code, detail in _found(health, hosts)
    ]


def _found(health: NodeHealthResponse, hosts: set[str]) -> list[tuple[str, str]]:
    found = []
    if health.instances_host.lower() in hosts:
        detail = (
            f"Instances are at {health.instances_host}, as the platform is: browsers send them "
            "their sessions, which the node takes out of what it can read. Give the node another "
            "--public-host."
        )
        found.append(("shared_host", detail))
    if health.isolation == "rlimits":
        detail = (
            "This machine gives the node no cgroups: a sandbox over its memory is ended by the "
            "node's watchdog, within a second, instead of by the kernel at once."
        )
        found.append(("limits_per_process", detail))
    return found


async def _health(node_clients: NodeClients, node: Node) -> NodeHealthResponse | None:
    try:
        async with asyncio.timeout(_NODE_ANSWER_S):
            return await node_clients.of(node.id, node.url).node_health()
    except (TimeoutError, *NODE_FAILURES):
        return None


def host_of(url: str) -> str:
    """The host name in a URL; empty where it is every address, or none at all."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
    return "" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound


async def warn_at_start(database: Database, node_clients: NodeClients, settings: Settings) -> None:
    """Log what operators should know of the nodes that are there."""
    async with database.transaction() as session:
        nodes = (await session.scalars(select(Node).where(Node.is_healthy))).all()
    for warning in await node_warnings(node_clients, nodes, {host_of(settings.url)} - {""}):
        log.warning(warning.code, node=warning.display_name, detail=warning.detail)
