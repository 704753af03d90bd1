"""Nodes join, beat, fall silent and leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Forbidden, NotFound, Unauthorized
from ctfy.server.access import secrets
from ctfy.server.access.secrets import Secret
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.events.outbox import emit
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.nodes import NodeHeartbeat, NodeInfo, NodePatch, NodeRegister
from ctfy.server.nodes.events import (
    NodeEvent,
    NodeInviteCreated,
    NodeInviteRevoked,
    NodeRecovered,
    NodeRegistered,
    NodeRemoved,
    NodeUnhealthy,
    NodeUpdated,
)
from ctfy.server.scheduling import lifecycle
from ctfy.server.scheduling.placement import place
from ctfy.server.settings import Settings
from ctfy.server.tables.instances import ON_NODE, Instance
from ctfy.server.tables.nodes import Node, NodeInvite, NodeSample

_FULL_DISK = 97.0  # percent, from which on a node gets no more instances


async def invite(session: AsyncSession, ttl_seconds: int, caller_id: str) -> tuple[NodeInvite, str]:
    """A one-time registration token, and its secret."""
    secret = secrets.new_token(secrets.REGISTRATION_TOKEN_PREFIX)
    row = NodeInvite(
        id=new_id(),
        hash=secrets.token_hash(secret),
        created_at=now(),
        expires_at=now() + timedelta(seconds=ttl_seconds),
    )
    session.add(row)
    await session.flush()
    emit(
        session,
        NodeInviteCreated(invite_id=row.id, ttl=ttl_seconds),
        actor_id=caller_id,
    )
    return row, secret


async def admit(session: AsyncSession, token_hash: str) -> None:
    """Let a registration token of this hash work once; a known one changes nothing."""
    await session.execute(
        insert(NodeInvite)
        .values(
            id=new_id(),
            hash=token_hash,
            created_at=now(),
            expires_at=now() + timedelta(hours=1),
        )
        .on_conflict_do_nothing()
    )


def invite_status(row: NodeInvite) -> str:
    """`pending`, `consumed`, `revoked` or `expired`."""
    if row.consumed_at is not None:
        return "consumed"
    if row.revoked_at is not None:
        return "revoked"
    return "pending" if row.expires_at > now() else "expired"


async def revoke_invite(session: AsyncSession, invite_id: str, caller_id: str) -> None:
    """Make an unused invite useless. Raises `invite_not_found`."""
    revoked = await session.scalar(
        update(NodeInvite)
        .where(
            NodeInvite.id == invite_id,
            NodeInvite.consumed_at.is_(None),
            NodeInvite.revoked_at.is_(None),
        )
        .values(revoked_at=now())
        .returning(NodeInvite.id)
    )
    if revoked is None:
        raise NotFound("invite_not_found", "There is no such unused invite.")
    emit(
        session,
        NodeInviteRevoked(invite_id=invite_id),
        actor_id=caller_id,
    )


async def register(session: AsyncSession, jobs: Jobs, token: str, body: NodeRegister) -> Node:
    """A node joins; its registration token is used up. Raises 401 for one that is not valid."""
    invite_id = await session.scalar(
        update(NodeInvite)
        .where(
            NodeInvite.hash == secrets.token_hash(token),
            NodeInvite.consumed_at.is_(None),
            NodeInvite.revoked_at.is_(None),
            NodeInvite.expires_at > now(),
        )
        .values(consumed_at=now())
        .returning(NodeInvite.id)
    )
    if invite_id is None:
        raise Unauthorized(
            "unauthorized", "This registration token is not valid, used up or expired."
        )
    node = Node(
        id=new_id(),
        url=body.url.rstrip("/"),
        display_name=body.display_name or body.url.rstrip("/"),
        capacity=body.capacity,
        labels=body.labels,
        running=0,
        is_healthy=True,
        cpu_percent=0.0,
        memory_percent=0.0,
        disk_percent=0.0,
        registered_at=now(),
        last_heartbeat=now(),
    )
    _note_offer(node, body)
    session.add(node)
    await session.flush()
    await session.execute(
        update(NodeInvite).where(NodeInvite.id == invite_id).values(consumed_by_node_id=node.id)
    )
    emit(session, _event(NodeRegistered, node))
    await place(session, jobs)
    return node


async def node_of(session: AsyncSession, secret: Secret, token: str) -> Node:
    """The node of a token, whose row is locked. Raises 401 for a token that is no node's."""
    node_id = secrets.node_of_token(secret, token)
    if node_id is None:
        raise Unauthorized("unauthorized", "This is no node's token.")
    node = await session.scalar(
        select(Node).where(Node.id == node_id).with_for_update(key_share=True)
    )
    if node is None:
        raise Unauthorized("unauthorized", "This node was removed. Join again.")
    return node


async def heartbeat(
    session: AsyncSession,
    settings: Settings,
    jobs: Jobs,
    secret: Secret,
    token: str,
    body: NodeHeartbeat,
) -> None:
    """A node lives. Raises 401 for a token that is no node's, 403 for another node's."""
    if secrets.node_of_token(secret, token) not in (None, body.id):
        raise Forbidden("forbidden", "This token belongs to another node.")
    node = await node_of(session, secret, token)
    for name in ("running", "capacity", "cpu_percent", "memory_percent", "disk_percent"):
        setattr(node, name, getattr(body, name))
    if body.url:
        node.url = body.url.rstrip("/")
    node.ready_challenges = body.ready_challenges
    _note_offer(node, body)
    # Instances run slower on busy processors; without memory or disk they do not run.
    short = node.memory_percent > settings.placement_max_load
    node.overloaded = short or node.disk_percent > _FULL_DISK
    node.last_heartbeat = now()
    if not node.is_healthy:
        node.is_healthy = True
        emit(session, _event(NodeRecovered, node))
    _sample(session, node, body.latency_ms)
    await place(session, jobs)


def _note_offer(node: Node, body: NodeRegister | NodeHeartbeat) -> None:
    node.memory_mb, node.cpus = body.memory_mb, body.cpus
    node.most = body.most.model_dump(exclude_none=True) if body.most else None


async def health_check(database: Database, settings: Settings) -> str:
    """Mark the nodes that have fallen silent, which get no new instances; how many, in words."""
    since = now() - timedelta(seconds=settings.node_silence_s)
    async with database.transaction() as session:
        found = await session.scalars(
            select(Node)
            .where(Node.is_healthy, Node.last_heartbeat < since)
            .with_for_update(skip_locked=True)
        )
        silent = found.all()
        for node in silent:
            node.is_healthy = False
            _sample(session, node)
            emit(session, _event(NodeUnhealthy, node))
    return f"{len(silent)} fell silent"


def _sample(session: AsyncSession, node: Node, latency_ms: float = 0.0) -> None:
    """Remember how a node is now."""
    session.add(
        NodeSample(
            node_id=node.id,
            sampled_at=now(),
            is_healthy=node.is_healthy,
            running=node.running,
            cpu_percent=node.cpu_percent,
            memory_percent=node.memory_percent,
            disk_percent=node.disk_percent,
            latency_ms=latency_ms,
        )
    )


async def get(session: AsyncSession, node_id: str) -> Node:
    """A node. Raises `node_not_found`."""
    node = await session.get(Node, node_id)
    if node is None:
        raise NotFound("node_not_found", "There is no such node.")
    return node


async def change(
    session: AsyncSession, jobs: Jobs, caller_id: str, node_id: str, body: NodePatch
) -> Node:
    """Rename or label a node, drain it or take it back. Raises `node_not_found`."""
    node = await session.get(Node, node_id, with_for_update={"key_share": True})
    if node is None:
        raise NotFound("node_not_found", "There is no such node.")
    fields = {k: v for k, v in body.model_dump(exclude_unset=True).items() if v is not None}
    before = {name: getattr(node, name) for name in fields}
    changed = sorted(
        key
        for key in {**before.get("labels", {}), **fields.get("labels", {})}
        if before.get("labels", {}).get(key) != fields.get("labels", {}).get(key)
    )
    for name, value in fields.items():
        setattr(node, name, value)
    updated = _event(NodeUpdated, node, labels_changed=changed)
    emit(session, updated, before=before, after=fields, actor_id=caller_id)
    await place(session, jobs)
    return node


def samples(node_id: str) -> Select[NodeSample]:
    """How a node was, newest first."""
    return (
        select(NodeSample)
        .where(NodeSample.node_id == node_id)
        .order_by(NodeSample.sampled_at.desc(), NodeSample.id.desc())
    )


async def remove(session: AsyncSession, jobs: Jobs, caller_id: str, node_id: str) -> None:
    """Remove a node; what ran on it ends. Raises `node_not_found`."""
    node = await session.get(Node, node_id)
    if node is None:
        raise NotFound("node_not_found", "There is no such node.")
    node.is_healthy = False
    ids = await session.scalars(
        select(Instance.id).where(Instance.node_id == node_id, Instance.state.in_(ON_NODE))
    )
    for instance_id in ids.all():
        await lifecycle.fail(
            session,
            jobs,
            instance_id,
            "The node was removed. Start the instance again.",
            sources=ON_NODE,
            reason="node_unhealthy",
        )
    emit(session, _event(NodeRemoved, node), actor_id=caller_id)
    await session.delete(node)


def node_fields(node: Any) -> dict[str, Any]:
    """The wire fields of a node."""
    return {name: getattr(node, name) for name in NodeInfo.model_fields}


def _event(kind: type[NodeEvent], node: Node, **more: Any) -> NodeEvent:
    return kind(node_id=node.id, display_name=node.display_name, **more)
