"""Shell sessions: asked for with a reason, opened once with a ticket, closed at the latest."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import Row, Select, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, CtfyError, NotFound
from ctfy.sdk.errors import CtfyApiError
from ctfy.server.access import secrets
from ctfy.server.access.caller import Caller
from ctfy.server.access.rate_limits import RateLimits
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.events.outbox import emit
from ctfy.server.models.shell import (
    ShellRecordingInfo,
    ShellSessionInfo,
    ShellSessionRequest,
    ShellSessionResponse,
)
from ctfy.server.nodes.clients import NodeClients
from ctfy.server.settings import Settings
from ctfy.server.shell.events import (
    AdminShellRecordingViewed,
    AdminShellSessionClosed,
    AdminShellSessionOpened,
    AdminShellSessionRequested,
    ShellEvent,
)
from ctfy.server.store import Store
from ctfy.server.tables.access import User
from ctfy.server.tables.instances import Instance, State
from ctfy.server.tables.nodes import Node
from ctfy.server.tables.shell import ShellSession

_TICKET_PREFIX = "ctfy_shell_"


def require_enabled(settings: Settings) -> None:
    """Raise `admin_shell_disabled` where the operator of this server has not switched it on."""
    if not settings.admin_shell_enabled:
        raise NotFound(
            "admin_shell_disabled", "Admin shells are off. CTFY_ADMIN_SHELL_ENABLED=true is on."
        )


class NodeSilent(CtfyError):
    """The node does not answer."""

    status = 502


async def request(
    session: AsyncSession,
    settings: Settings,
    rate_limits: RateLimits,
    node_clients: NodeClients,
    caller: Caller,
    instance_id: str,
    body: ShellSessionRequest,
) -> ShellSessionResponse:
    """A ticket to a shell in a container of a running instance.

    Raises `admin_shell_disabled`, `instance_not_found`, `instance_not_running`,
    `container_not_found`, `admin_shell_limit_reached`, 429.
    """
    require_enabled(settings)
    await rate_limits.hit_limit(settings.admin_shell_mint_rate_limit, "admin_shell", caller.user_id)
    row = (
        await session.execute(
            select(Instance, Node)
            .outerjoin(Node, Node.id == Instance.node_id)
            .where(Instance.id == instance_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFound("instance_not_found", "There is no such instance.")
    if row.Node is None or row.Instance.state != State.READY:
        raise Conflict("instance_not_running", "This instance does not run.")
    await _require_container(node_clients, row.Node, instance_id, body.container)
    # The person's row lock makes two requests at once count one after the other.
    await session.execute(
        select(User.id).where(User.id == caller.user_id).with_for_update(key_share=True)
    )
    most = settings.admin_shell_max_concurrent_per_admin
    mine = await session.scalar(
        select(func.count()).where(ShellSession.user_id == caller.user_id, _is_open(settings))
    )
    if (mine or 0) >= most:
        raise Conflict(
            "admin_shell_limit_reached", f"You have {mine} shells, the most there can be.", cap=most
        )
    ticket = secrets.new_token(_TICKET_PREFIX)
    shell = ShellSession(
        id=new_id(),
        user_id=caller.user_id,
        instance_id=instance_id,
        node_id=row.Node.id,
        ticket_hash=secrets.token_hash(ticket),
        container=body.container,
        shell=body.shell,
        reason=body.reason,
        requested_at=now(),
        expires_at=now() + timedelta(seconds=settings.admin_shell_session_ttl_s),
    )
    session.add(shell)
    emit_for_shell(session, AdminShellSessionRequested, shell, reason=body.reason)
    base = settings.url.replace("http", "ws", 1)
    return ShellSessionResponse(
        session_id=shell.id,
        session_token=ticket,
        ws_url=f"{base}/api/v1/admin/shell-sessions/{shell.id}/ws",
        expires_in=settings.admin_shell_session_ttl_s,
    )


async def _require_container(
    node_clients: NodeClients, node: Node, instance_id: str, container: str
) -> None:
    client = node_clients.of(node.id, node.url)
    try:
        found = await asyncio.to_thread(client.list_containers, instance_id)
        known = [str(c[name]) for c in found for name in ("service", "name")]
    except (CtfyApiError, httpx.HTTPError, KeyError, TypeError) as error:
        raise NodeSilent("node_fetch_failed", "The node did not answer. Try again.") from error
    if container not in known:
        raise NotFound(
            "container_not_found",
            f"This instance has no container '{container}'; it has: {', '.join(known)}.",
            known=known,
        )


def _is_open(settings: Settings) -> Any:
    """The condition of a session that waits or is open; one cut off by a crash ends by itself."""
    longest = timedelta(seconds=settings.admin_shell_hard_timeout_s)
    return and_(
        ShellSession.closed_at.is_(None),
        or_(
            and_(ShellSession.opened_at.is_(None), ShellSession.expires_at > now()),
            ShellSession.opened_at > now() - longest,
        ),
    )


def open_ones(settings: Settings) -> Select[*tuple[Any, ...]]:
    """The sessions that wait or are open, newest first."""
    return (
        select(ShellSession, User.email)
        .join(User, User.id == ShellSession.user_id)
        .where(_is_open(settings))
        .order_by(ShellSession.requested_at.desc(), ShellSession.id)
    )


def info(row: Row[*tuple[Any, ...]]) -> ShellSessionInfo:
    """A row of `open_ones` on the wire."""
    shell: ShellSession = row.ShellSession
    return ShellSessionInfo(
        session_id=shell.id,
        super_admin_user_id=shell.user_id,
        super_admin_email=row.email or "",
        instance_id=shell.instance_id or "",
        node_id=shell.node_id or "",
        container=shell.container,
        shell=shell.shell,
        reason=shell.reason,
        requested_at=shell.requested_at.timestamp(),
        burned=shell.burned_at is not None,
        ws_opened_at=shell.opened_at.timestamp() if shell.opened_at else None,
        bytes_in=shell.bytes_in,
        bytes_out=shell.bytes_out,
        force_close_requested=shell.force_close_requested,
    )


async def burn(database: Database, session_id: str, ticket: str) -> ShellSession | None:
    """Use a ticket up; None when it opens nothing, or opens nothing any more."""
    async with database.transaction() as session:
        may = select(User.id).where(
            User.id == ShellSession.user_id,
            User.role == "super_admin",
            User.suspended_at.is_(None),
        )
        shell: ShellSession | None = await session.scalar(
            update(ShellSession)
            .where(
                ShellSession.id == session_id,
                ShellSession.ticket_hash == secrets.token_hash(ticket),
                ShellSession.burned_at.is_(None),
                ShellSession.closed_at.is_(None),
                ShellSession.expires_at > now(),
                may.exists(),
            )
            .values(burned_at=now(), opened_at=now())
            .returning(ShellSession)
        )
        if shell is not None:
            emit_for_shell(session, AdminShellSessionOpened, shell)
            session.expunge(shell)
    return shell


async def close(session: AsyncSession, session_id: str, caller_id: str) -> None:
    """Close a session, on whatever replica it is. Raises `shell_session_not_found`."""
    shell = await session.get(ShellSession, session_id, with_for_update=True)
    if shell is None or shell.closed_at is not None:
        raise NotFound("shell_session_not_found", "There is no such open session.")
    shell.force_close_requested = True
    if shell.opened_at is None:
        shell.closed_at, shell.close_reason = now(), "closed before it was opened"
        emit_for_shell(session, AdminShellSessionClosed, shell, reason=shell.close_reason)


def recordings() -> Select[ShellSession]:
    """The sessions that were recorded, newest first."""
    return (
        select(ShellSession)
        .where(ShellSession.recording_path != "")
        .order_by(ShellSession.requested_at.desc(), ShellSession.id)
    )


def recording_info(shell: ShellSession) -> ShellRecordingInfo:
    """A recording on the wire."""
    last = shell.closed_at or shell.opened_at or shell.requested_at
    return ShellRecordingInfo(
        session_id=shell.id,
        path=shell.recording_path,
        size_bytes=shell.recording_bytes,
        modified_at_ts=last.timestamp(),
    )


async def recording(session: AsyncSession, store: Store, caller_id: str, session_id: str) -> bytes:
    """A recording's content; who looked at it is noted. Raises `recording_not_found`."""
    shell = await session.get(ShellSession, session_id)
    content = await store.get(shell.recording_path) if shell and shell.recording_path else None
    if shell is None or content is None:
        raise NotFound("recording_not_found", "There is no such recording.")
    emit_for_shell(session, AdminShellRecordingViewed, shell, actor_id=caller_id)
    return content


def emit_for_shell(
    session: AsyncSession,
    kind: type[ShellEvent],
    shell: ShellSession,
    actor_id: str = "",
    **more: Any,
) -> None:
    """Tell administrators of a session."""
    event = kind(
        session_id=shell.id,
        instance_id=shell.instance_id or "",
        node_id=shell.node_id or "",
        container=shell.container,
        **more,
    )
    emit(session, event, actor_id=actor_id or shell.user_id)
