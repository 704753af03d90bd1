"""`/nodes`."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import select

from ctfy.server.access import secrets
from ctfy.server.access.caller import Admin, BearerHeader, ByOwnToken, Everybody, bearer_token
from ctfy.server.database.engine import Session
from ctfy.server.models.base import Page
from ctfy.server.models.nodes import (
    CreateInviteRequest,
    CreateInviteResponse,
    NodeHeartbeat,
    NodeInfo,
    NodeInviteInfo,
    NodeRegister,
    NodeRegisterResponse,
)
from ctfy.server.nodes import service
from ctfy.server.nodes.tables import Node, NodeInvite
from ctfy.server.pages import Limit, Offset, fetch_page
from ctfy.server.platform import ThePlatform

router = APIRouter(prefix="/nodes", tags=["nodes"])


@router.get("", dependencies=[Everybody])
async def list_nodes(session: Session, limit: Limit = 50, offset: Offset = 0) -> Page[NodeInfo]:
    """The nodes, oldest first."""
    query = select(Node).order_by(Node.registered_at, Node.id)
    rows, total = await fetch_page(session, query, limit, offset)
    items = [NodeInfo(**service.node_fields(row.Node)) for row in rows]
    return Page(items=items, total=total, limit=limit, offset=offset)


@router.post("/register", dependencies=[ByOwnToken])
async def register(
    request: Request,
    body: NodeRegister,
    platform: ThePlatform,
    session: Session,
    _: BearerHeader,
) -> NodeRegisterResponse:
    """A node joins with its one-time registration token."""
    node = await service.register(session, platform, bearer_token(request), body)
    token = secrets.node_token(platform.secret, node.id)
    return NodeRegisterResponse(token=token, **service.node_fields(node))


@router.post("/heartbeat", dependencies=[ByOwnToken])
async def heartbeat(
    request: Request,
    body: NodeHeartbeat,
    platform: ThePlatform,
    session: Session,
    _: BearerHeader,
) -> dict[str, str]:
    """A node lives."""
    await service.heartbeat(session, platform, bearer_token(request), body)
    return {"status": "ok"}


@router.get("/invites")
async def list_invites(
    session: Session, _: Admin, limit: Limit = 50, offset: Offset = 0
) -> Page[NodeInviteInfo]:
    """The invites, newest first."""
    query = select(NodeInvite).order_by(NodeInvite.created_at.desc(), NodeInvite.id)
    rows, total = await fetch_page(session, query, limit, offset)
    items = [
        NodeInviteInfo(
            id=row.NodeInvite.id,
            created_at=row.NodeInvite.created_at,
            expires_at=row.NodeInvite.expires_at,
            status=service.invite_status(row.NodeInvite),
            consumed_by_node_id=row.NodeInvite.consumed_by_node_id or "",
        )
        for row in rows
    ]
    return Page(items=items, total=total, limit=limit, offset=offset)


@router.post("/invites")
async def create_invite(
    body: CreateInviteRequest, session: Session, _: Admin
) -> CreateInviteResponse:
    """Mint a one-time registration token; it is shown this once."""
    row, secret = await service.invite(session, body.ttl_seconds)
    return CreateInviteResponse(id=row.id, registration_token=secret, expires_at=row.expires_at)


@router.delete("/invites/{invite_id}")
async def revoke_invite(invite_id: str, session: Session, _: Admin) -> dict[str, str]:
    """Make an unused invite useless."""
    await service.revoke_invite(session, invite_id)
    return {"status": "revoked"}


@router.delete("/{node_id}")
async def remove_node(
    node_id: str, platform: ThePlatform, session: Session, _: Admin
) -> dict[str, str]:
    """Remove a node; its instances end."""
    await service.remove(session, platform, node_id)
    return {"status": "removed"}
