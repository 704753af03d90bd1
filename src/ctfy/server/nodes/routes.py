"""`/nodes`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from sqlalchemy import select

from ctfy.server.access import secrets
from ctfy.server.access.caller import Admin, BearerHeader, ByOwnToken, Everybody, bearer_token
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.activity import service as activity
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Listing, Paged
from ctfy.server.kernel import TheCatalogue, TheDatabase, TheJobs, TheSecret, TheSettings
from ctfy.server.models.activity import Activity
from ctfy.server.models.base import Page
from ctfy.server.models.nodes import (
    CreateInviteRequest,
    CreateInviteResponse,
    NodeHealthSample,
    NodeHeartbeat,
    NodeInfo,
    NodeInviteInfo,
    NodePatch,
    NodeRegister,
    NodeRegisterResponse,
)
from ctfy.server.nodes import service
from ctfy.server.nodes.events import NodeEvent
from ctfy.server.tables.events import OutboxEvent
from ctfy.server.tables.nodes import Node, NodeInvite

router = Router(prefix="/nodes", tags=["nodes"])
admin = Router(prefix="/admin/nodes", tags=["nodes"])


@router.get("", dependencies=[Everybody])
async def list_nodes(database: TheDatabase, paging: Paged) -> Page[NodeInfo]:
    """The nodes, oldest first."""
    return await paging.read(database, _ALL, lambda row: NodeInfo(**service.node_fields(row)))


_ALL = Listing(select(Node).order_by(Node.registered_at, Node.id))


@router.post("/register", dependencies=[ByOwnToken])
async def register(
    request: Request,
    body: NodeRegister,
    jobs: TheJobs,
    secret: TheSecret,
    session: Session,
    _: BearerHeader,
) -> NodeRegisterResponse:
    """A node joins with its one-time registration token."""
    node = await service.register(session, jobs, bearer_token(request), body)
    token = secrets.node_token(secret, node.id)
    return NodeRegisterResponse(token=token, **service.node_fields(node))


@router.post("/heartbeat", dependencies=[ByOwnToken])
async def heartbeat(
    request: Request,
    body: NodeHeartbeat,
    settings: TheSettings,
    jobs: TheJobs,
    secret: TheSecret,
    session: Session,
    _: BearerHeader,
) -> dict[str, str]:
    """A node lives."""
    await service.heartbeat(session, settings, jobs, secret, bearer_token(request), body)
    return {"status": "ok"}


@router.get("/invites")
async def list_invites(session: Session, paging: Paged, _: Admin) -> Page[NodeInviteInfo]:
    """The invites, newest first."""
    query = select(NodeInvite).order_by(NodeInvite.created_at.desc(), NodeInvite.id)
    return await paging.fetch(
        session,
        query,
        lambda row: NodeInviteInfo(
            id=row.NodeInvite.id,
            created_at=row.NodeInvite.created_at,
            expires_at=row.NodeInvite.expires_at,
            status=service.invite_status(row.NodeInvite),
            consumed_by_node_id=row.NodeInvite.consumed_by_node_id or "",
        ),
    )


@router.post("/invites")
async def create_invite(
    body: CreateInviteRequest, session: Session, caller: Admin
) -> CreateInviteResponse:
    """Mint a one-time registration token; it is shown this once."""
    row, secret = await service.invite(session, body.ttl_seconds, caller.user_id)
    return CreateInviteResponse(id=row.id, registration_token=secret, expires_at=row.expires_at)


@router.delete("/invites/{invite_id}")
async def revoke_invite(invite_id: str, session: Session, caller: Admin) -> dict[str, str]:
    """Make an unused invite useless."""
    await service.revoke_invite(session, invite_id, caller.user_id)
    return {"status": "revoked"}


@router.delete("/{node_id}")
async def remove_node(
    node_id: str, jobs: TheJobs, session: Session, caller: Admin
) -> dict[str, str]:
    """Remove a node; its instances end."""
    await service.remove(session, jobs, caller.user_id, node_id)
    return {"status": "removed"}


@admin.get("/{node_id}")
async def get_node(node_id: str, session: Session, _: Admin) -> NodeInfo:
    """One node."""
    return NodeInfo(**service.node_fields(await service.get(session, node_id)))


@admin.patch("/{node_id}")
async def update_node(
    node_id: str, body: NodePatch, jobs: TheJobs, session: Session, caller: Admin
) -> NodeInfo:
    """Rename or label a node; drain it, or take it back.

    A draining node gets no new instances; those that run there end in peace.
    """
    node = await service.change(session, jobs, caller.user_id, node_id, body)
    return NodeInfo(**service.node_fields(node))


@admin.get("/{node_id}/health-history")
async def health_history(
    node_id: str, session: Session, paging: Paged, _: Admin
) -> Page[NodeHealthSample]:
    """How a node was at each heartbeat, newest first."""
    await service.get(session, node_id)
    return await paging.fetch(
        session,
        service.samples(node_id),
        lambda row: NodeHealthSample(
            node_id=node_id,
            ts=row.NodeSample.sampled_at.timestamp(),
            is_healthy=row.NodeSample.is_healthy,
            cpu_percent=row.NodeSample.cpu_percent,
            memory_percent=row.NodeSample.memory_percent,
            disk_percent=row.NodeSample.disk_percent,
            latency_ms=row.NodeSample.latency_ms,
            running=row.NodeSample.running,
        ),
    )


@admin.get("/{node_id}/events")
async def node_events(
    node_id: str,
    session: Session,
    catalogue: TheCatalogue,
    caller: Admin,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 50,
) -> list[Activity]:
    """What happened to a node, newest first."""
    view = View(caller)
    conditions = [
        view.bind(view.sight.events()),
        OutboxEvent.name.in_([kind.name for kind in NodeEvent.__subclasses__()]),
        OutboxEvent.payload["node_id"].as_string() == node_id,
    ]
    rows = await session.execute(activity.activities(conditions).limit(limit))
    return [activity.activity(row.OutboxEvent, row, catalogue, audited=True) for row in rows]
