"""`/admin/incidents`."""

from __future__ import annotations

from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.incidents import service
from ctfy.server.models.base import Page
from ctfy.server.models.incidents import IncidentInfo, IncidentKind, IncidentPatch, IncidentStatus

router = Router(prefix="/admin/incidents", tags=["incidents"])


@router.get("")
async def list_incidents(
    session: Session,
    paging: Paged,
    _: Admin,
    kind: IncidentKind | None = None,
    status: IncidentStatus | None = None,
    competition_id: str = "",
    team_id: str = "",
) -> Page[IncidentInfo]:
    """What looks like cheating, newest first, with the evidence."""
    query = service.listed(
        kind=kind or "", status=status or "", competition_id=competition_id, team_id=team_id
    )
    return await paging.fetch(session, query, service.info)


@router.get("/{incident_id}")
async def get_incident(incident_id: str, session: Session, _: Admin) -> IncidentInfo:
    """One incident."""
    return await service.get(session, incident_id)


@router.patch("/{incident_id}")
async def update_incident(
    incident_id: str, body: IncidentPatch, session: Session, caller: Admin
) -> IncidentInfo:
    """Acknowledge, dismiss or reopen an incident."""
    return await service.resolve(session, caller.user_id, incident_id, body)
