"""`/admin/instance-records`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_jsonable_python
from sqlalchemy import select

from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCatalogue, TheStore
from ctfy.server.models.base import Page
from ctfy.server.models.records import ContainerLog, InstanceRecordDetail, InstanceRecordInfo
from ctfy.server.records import archive, flows, service
from ctfy.server.tables.submissions import Submission

router = Router(prefix="/admin/instance-records", tags=["records"])


@router.get("")
async def list_records(
    catalogue: TheCatalogue,
    session: Session,
    paging: Paged,
    _: Admin,
    team_id: str = "",
    challenge_id: str = "",
    node_id: str = "",
    status: str = "",
    competition_id: str = "",
    since_ts: Annotated[float, Query(ge=0, le=1e11)] = 0.0,
) -> Page[InstanceRecordInfo]:
    """The instances that are over, the latest end first."""
    query = service.listed(
        team_id=team_id,
        challenge_id=challenge_id,
        node_id=node_id,
        status=status,
        competition_id=competition_id,
        since_ts=since_ts,
    )
    return await paging.fetch(session, query, lambda row: service.info(row, catalogue))


@router.get("/{instance_id}")
async def get_record(
    instance_id: str, catalogue: TheCatalogue, session: Session, _: Admin
) -> InstanceRecordDetail:
    """One record, and what the archive holds of it."""
    return await service.detail(session, catalogue, instance_id)


@router.get("/{instance_id}/events")
async def record_events(
    instance_id: str, session: Session, paging: Paged, _: Admin
) -> Page[dict[str, Any]]:
    """What happened to an instance, oldest first."""
    instance = await service.instance_of(session, instance_id)
    return await paging.fetch(
        session,
        archive.events_of(instance),
        lambda row: to_jsonable_python(archive.event_row(row.OutboxEvent)),
    )


@router.get("/{instance_id}/submissions")
async def record_submissions(
    instance_id: str, session: Session, paging: Paged, _: Admin
) -> Page[dict[str, Any]]:
    """What was answered on an instance, oldest first."""
    await service.instance_of(session, instance_id)
    query = (
        select(Submission)
        .where(Submission.instance_id == instance_id)
        .order_by(Submission.submitted_at, Submission.id)
    )
    return await paging.fetch(
        session, query, lambda row: to_jsonable_python(archive.submission_row(row.Submission))
    )


@router.get("/{instance_id}/traffic", response_model=Page[dict[str, Any]])
async def record_traffic(
    instance_id: str,
    store: TheStore,
    session: Session,
    paging: Paged,
    _: Admin,
    max_bytes: flows.MaxBytes = flows.MOST_BYTES,
) -> StreamingResponse:
    """What was said on the wire, oldest first."""
    path, total = await service.traffic(session, instance_id)
    found = flows.stored(store, path, paging.offset, paging.limit if total else 0)
    place = {"total": total, "limit": paging.limit, "offset": paging.offset}
    return flows.as_items(found, most_bytes=max_bytes, **place)


@router.get("/{instance_id}/har", response_model=dict[str, Any])
async def record_har(
    instance_id: str, store: TheStore, session: Session, _: Admin
) -> StreamingResponse:
    """The same as an HTTP Archive, for browsers and proxies."""
    path, total = await service.traffic(session, instance_id)
    return flows.as_har(flows.stored(store, path, limit=total))


@router.get("/{instance_id}/container-log")
async def record_log(instance_id: str, store: TheStore, session: Session, _: Admin) -> ContainerLog:
    """What the instance's processes printed."""
    content = await service.file(session, store, instance_id, archive.CONTAINER_LOG)
    return ContainerLog(logs=content.decode(errors="replace"))


@router.get("/{instance_id}/pcap", response_class=Response)
async def record_pcap(instance_id: str, store: TheStore, session: Session, _: Admin) -> Response:
    """The packets, as libpcap writes them."""
    content = await service.file(session, store, instance_id, archive.PACKETS)
    return _download(content, "application/vnd.tcpdump.pcap", f"{instance_id}.pcap")


@router.get("/{instance_id}/archive", response_class=Response)
async def record_archive(instance_id: str, store: TheStore, session: Session, _: Admin) -> Response:
    """Everything that is kept of an instance, as one zip."""
    content = await service.bundle(session, store, instance_id)
    return flows.file_response(content, "application/zip", _named(f"{instance_id}.zip"))


def _download(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers=_named(name))


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
