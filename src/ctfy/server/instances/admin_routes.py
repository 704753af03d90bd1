"""`/admin/instances`: everybody's."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import NotFound
from ctfy.sdk.aio import AsyncNodeClient
from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Limit, Offset, Paged
from ctfy.server.instances import service
from ctfy.server.instances.routes import Answer, NodeFetchFailed, ask
from ctfy.server.kernel import TheCatalogue, TheJobs, TheSettings
from ctfy.server.models.base import Page
from ctfy.server.models.instances import InstanceInfo, StopResponse
from ctfy.server.models.nodes import NodeContainer
from ctfy.server.models.records import ContainerLog
from ctfy.server.nodes.clients import NodeClients, TheNodeClients
from ctfy.server.records import flows
from ctfy.server.scheduling import lifecycle
from ctfy.server.tables.instances import ON_NODE, Instance
from ctfy.server.tables.nodes import Node

router = Router(prefix="/admin/instances", tags=["instances"])


@router.get("")
async def list_all_instances(
    settings: TheSettings,
    catalogue: TheCatalogue,
    session: Session,
    paging: Paged,
    _: Admin,
    node_id: str = "",
    status: str = "",
    challenge_id: str = "",
    competition_id: str = "",
    team_id: str = "",
    q: Annotated[str, Query(max_length=200)] = "",
) -> Page[InstanceInfo]:
    """Everybody's instances, newest first."""
    query = service.filtered(
        service.everybodys(),
        catalogue,
        challenge_id=challenge_id,
        status=status,
        text=q,
        competition_id=competition_id,
        node_id=node_id,
        team_id=team_id,
    )
    return await paging.fetch(
        session, query, lambda row: service.instance_info(row.Instance, row, settings, catalogue)
    )


async def _row(session: AsyncSession, instance_id: str) -> Row[Any]:
    query = service.everybodys().where(Instance.id == instance_id)
    row: Row[Any] | None = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("instance_not_found", "There is no such instance.")
    return row


@router.get("/{instance_id}")
async def get_any_instance(
    instance_id: str, settings: TheSettings, catalogue: TheCatalogue, session: Session, _: Admin
) -> InstanceInfo:
    """One instance."""
    row = await _row(session, instance_id)
    return service.instance_info(row.Instance, row, settings, catalogue)


@router.delete("/{instance_id}")
async def stop_any_instance(
    instance_id: str, jobs: TheJobs, session: Session, caller: Admin
) -> StopResponse:
    """Stop somebody's instance."""
    await _row(session, instance_id)
    await lifecycle.request_stop(
        session, jobs, instance_id, "admin_stop_all", actor_id=caller.user_id
    )
    return StopResponse(id=instance_id)


async def _node_of(
    session: AsyncSession, node_clients: NodeClients, instance_id: str
) -> AsyncNodeClient:
    """The node that an instance is on; no transaction stays open behind it."""
    instance: Instance = (await _row(session, instance_id)).Instance
    node = await session.get(Node, instance.node_id) if instance.node_id else None
    if node is None or instance.state not in ON_NODE:
        raise NotFound(
            "instance_not_running",
            "This instance is on no node now; what is kept of it is its record.",
            record=f"/api/v1/admin/instance-records/{instance_id}",
        )
    await session.commit()
    return node_clients.of(node.id, node.url)


@router.get("/{instance_id}/containers")
async def containers(
    instance_id: str, node_clients: TheNodeClients, session: Session, _: Admin
) -> list[NodeContainer]:
    """What an instance is made of."""
    node = await _node_of(session, node_clients, instance_id)
    return await _ask(node.list_containers(instance_id))


@router.get("/{instance_id}/traffic", response_model=dict[str, Any])
async def live_traffic(
    instance_id: str,
    node_clients: TheNodeClients,
    session: Session,
    _: Admin,
    limit: Limit = 1000,
    offset: Offset = 0,
    max_bytes: flows.MaxBytes = flows.MOST_BYTES,
) -> StreamingResponse:
    """What was said on the wire so far, oldest first; `offset` skips what is known."""
    node = await _node_of(session, node_clients, instance_id)
    found = await _ask(flows.begun(flows.lines(flows.pages(node, instance_id, offset, limit))))
    return flows.as_items(found, most_bytes=max_bytes)


@router.get("/{instance_id}/har", response_model=dict[str, Any])
async def live_har(
    instance_id: str, node_clients: TheNodeClients, session: Session, _: Admin
) -> StreamingResponse:
    """The same as an HTTP Archive, for browsers and proxies."""
    node = await _node_of(session, node_clients, instance_id)
    return flows.as_har(await _ask(flows.begun(flows.lines(flows.pages(node, instance_id)))))


@router.get("/{instance_id}/container-log")
async def live_log(
    instance_id: str, node_clients: TheNodeClients, session: Session, _: Admin
) -> ContainerLog:
    """What the instance's processes printed so far."""
    node = await _node_of(session, node_clients, instance_id)
    return ContainerLog(logs=await _ask(node.get_container_logs(instance_id)))


@router.get("/{instance_id}/pcap", response_class=Response)
async def live_pcap(
    instance_id: str, node_clients: TheNodeClients, session: Session, _: Admin
) -> Response:
    """The packets so far, as libpcap writes them."""
    node = await _node_of(session, node_clients, instance_id)
    nothing = NotFound("pcap_not_available", "Nobody has spoken to this instance yet.")
    headers = {"Content-Disposition": f'attachment; filename="{instance_id}.pcap"'}
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was sent
    try:
        await _ask(node.save_pcap(instance_id, file), nothing)
    except BaseException:
        file.close()
        raise
    return flows.file_response(file, "application/vnd.tcpdump.pcap", headers)


async def _ask(answer: Awaitable[Answer], missing: NotFound | None = None) -> Answer:
    gone = NotFound("instance_not_running", "The node has no such instance any more.")
    failed = NodeFetchFailed("node_fetch_failed", "The node did not hand it over. Try again.")
    return await ask(answer, missing=missing or gone, failed=failed)
