"""`/admin/shell-sessions` and `/admin/shell-recordings`."""

from __future__ import annotations

from fastapi import Response

from ctfy.server.access.caller import SuperAdmin
from ctfy.server.access.idempotency import Router
from ctfy.server.database.connections import Session
from ctfy.server.kernel import TheRateLimits, TheSettings, TheStore
from ctfy.server.models.shell import (
    ShellRecordingInfo,
    ShellSessionInfo,
    ShellSessionRequest,
    ShellSessionResponse,
)
from ctfy.server.nodes.clients import TheNodeClients
from ctfy.server.shell import service

router = Router(prefix="/admin", tags=["shell"])


@router.post("/instances/{instance_id}/shell/sessions")
async def request_shell(
    instance_id: str,
    body: ShellSessionRequest,
    settings: TheSettings,
    rate_limits: TheRateLimits,
    node_clients: TheNodeClients,
    session: Session,
    caller: SuperAdmin,
) -> ShellSessionResponse:
    """A ticket to a shell in an instance; it works once, and everybody who administers sees it."""
    return await service.request(
        session, settings, rate_limits, node_clients, caller, instance_id, body
    )


@router.get("/shell-sessions")
async def list_sessions(
    settings: TheSettings, session: Session, _: SuperAdmin
) -> list[ShellSessionInfo]:
    """The sessions that wait or are open."""
    rows = await session.execute(service.open_ones(settings))
    return [service.info(row) for row in rows]


@router.delete("/shell-sessions/{session_id}")
async def close_session(session_id: str, session: Session, caller: SuperAdmin) -> dict[str, str]:
    """Close a session, whoever has it open."""
    await service.close(session, session_id, caller.user_id)
    return {"status": "closing"}


@router.get("/shell-recordings")
async def list_recordings(session: Session, _: SuperAdmin) -> list[ShellRecordingInfo]:
    """What was recorded, newest first."""
    return [service.recording_info(row) for row in await session.scalars(service.recordings())]


@router.get("/shell-recordings/{session_id}", response_class=Response)
async def get_recording(
    session_id: str, store: TheStore, session: Session, caller: SuperAdmin
) -> Response:
    """A recording in asciicast v2, for `asciinema play`; who looks at it is noted."""
    content = await service.recording(session, store, caller.user_id, session_id)
    headers = {"Content-Disposition": f'attachment; filename="{session_id}.cast"'}
    return Response(content, media_type="application/x-asciicast", headers=headers)
