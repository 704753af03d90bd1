"""`/instances`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse

from ctfy.core.enums import ScopeLevel
from ctfy.core.errors import CtfyError, NotFound
from ctfy.sdk.aio import AsyncNodeClient
from ctfy.sdk.errors import CtfyApiError
from ctfy.server.access.caller import Admin, Caller, may
from ctfy.server.access.idempotency import Router
from ctfy.server.access.scopes import Scope
from ctfy.server.access.view import View
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Limit, Offset, Paged
from ctfy.server.instances import service
from ctfy.server.kernel import (
    TheCatalogue,
    TheDatabase,
    TheJobs,
    TheRateLimits,
    TheRelay,
    TheSecret,
    TheSettings,
)
from ctfy.server.models.base import Page
from ctfy.server.models.challenges import AttachmentList
from ctfy.server.models.instances import (
    InstanceInfo,
    InstanceStatusResponse,
    RenewResponse,
    StartRequest,
    StartResponse,
    StopResponse,
)
from ctfy.server.nodes.clients import NODE_FAILURES, TheNodeClients
from ctfy.server.records import flows
from ctfy.server.scheduling import lifecycle
from ctfy.server.tables.instances import ON_NODE, State
from ctfy.server.tables.nodes import Node

Answer = TypeVar("Answer")
router = Router(prefix="/instances", tags=["instances"])

_READ = may(Scope.INSTANCES, ScopeLevel.READ)
_WRITE = may(Scope.INSTANCES, ScopeLevel.WRITE)


def _owned(permission: Any) -> Any:
    """The row of an instance of the caller's teams, for a route that names this permission."""

    async def owned(
        instance_id: str,
        database: TheDatabase,
        caller: Caller = permission,
        competition_id: str = "",
    ) -> Any:
        return await service.read_owned(database, caller, instance_id, competition_id)

    return Depends(owned, scope="function")


Owned = Annotated[Any, _owned(_READ)]
OwnedToChange = Annotated[Any, _owned(_WRITE)]


class NodeFetchFailed(CtfyError):
    """The node did not hand over what was asked of it."""

    status = 502


@router.post("", status_code=202)
async def start(
    body: StartRequest,
    settings: TheSettings,
    catalogue: TheCatalogue,
    jobs: TheJobs,
    rate_limits: TheRateLimits,
    secret: TheSecret,
    database: TheDatabase,
    session: Session,
    caller: Caller = _WRITE,
    competition_id: str = "",
) -> StartResponse:
    """Launch an instance; poll its status until `ready`."""
    await rate_limits.hit("start", caller.user_id)
    body.competition_id = body.competition_id or competition_id
    instance = await service.start(
        database, session, settings, catalogue, jobs, secret, caller, body
    )
    if instance.state != State.REQUESTED:
        return StartResponse(id=instance.id)
    row = await service.get_owned(session, caller, instance.id)
    return StartResponse(
        id=instance.id, queue_position=row.queue_position, waiting_for=row.waiting_for
    )


@router.get("")
async def list_instances(
    settings: TheSettings,
    catalogue: TheCatalogue,
    database: TheDatabase,
    paging: Paged,
    caller: Caller = _READ,
    challenge_id: str = "",
    status: str = "",
    q: Annotated[str, Query(max_length=200)] = "",
    competition_id: str = "",
) -> Page[InstanceInfo]:
    """The instances of the caller's teams, newest first."""
    view = View(caller)
    narrowed = service.filter_values(
        catalogue, status=status, text=q, challenge_id=challenge_id, competition_id=competition_id
    )
    return await paging.read(
        database,
        service.listed(view.sight, frozenset(narrowed)),
        lambda row: service.instance_info(row, row, settings, catalogue),
        **view.values,
        **narrowed,
    )


@router.delete("")
async def stop_all(jobs: TheJobs, session: Session, caller: Admin) -> list[StopResponse]:
    """Stop every instance of everybody."""
    return [StopResponse(id=id_) for id_ in await service.stop_all(session, jobs, caller.user_id)]


@router.get("/{instance_id}")
async def get_instance(
    row: Owned,
    settings: TheSettings,
    catalogue: TheCatalogue,
) -> InstanceInfo:
    """One instance."""
    return service.instance_info(row, row, settings, catalogue)


@router.get("/{instance_id}/status")
async def get_status(
    instance_id: str,
    database: TheDatabase,
    relay: TheRelay,
    caller: Caller = _READ,
    competition_id: str = "",
    wait: Annotated[float, Query(ge=0, le=30)] = 0,
) -> InstanceStatusResponse:
    """How far an instance is; while it starts, the answer waits up to `wait` seconds for news."""
    with relay.expect(instance_id, service.STARTED) as news:
        row = await service.read_owned(database, caller, instance_id, competition_id)
        status = service.status_response(row)
        if not wait or status.status != "starting":
            return status
        await _at_most(wait, news)
    row = await service.read_owned(database, caller, instance_id, competition_id)
    return service.status_response(row)


async def _at_most(seconds: float, news: asyncio.Event) -> None:
    """Return when the news is there, at the latest after `seconds`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()


@router.post("/{instance_id}/renew")
async def renew(
    row: OwnedToChange,
    instance_id: str,
    settings: TheSettings,
    catalogue: TheCatalogue,
    session: Session,
    ttl: int | None = None,
) -> RenewResponse:
    """Let an instance live `ttl` seconds from now; left out, as long as it was started for."""
    expires_at = await service.renew(session, settings, catalogue, row, ttl)
    return RenewResponse(id=instance_id, expires_at=expires_at)


@router.delete("/{instance_id}")
async def stop(
    instance_id: str,
    jobs: TheJobs,
    relay: TheRelay,
    session: Session,
    caller: Caller = _WRITE,
    competition_id: str = "",
) -> StopResponse:
    """Stop an instance. The answer comes when it is off its node."""
    row = await service.get_owned(session, caller, instance_id, competition_id)
    with relay.expect(instance_id, service.STOPPED) as news:
        moved = await lifecycle.request_stop(
            session, jobs, instance_id, "user", actor_id=caller.user_id
        )
        await session.commit()
        leaving = moved.state if moved else row.Instance.state
        if leaving == State.STOPPING:
            await _at_most(service.STOP_WAIT_S, news)
    return StopResponse(id=instance_id)


@router.get("/{instance_id}/attachments")
async def list_attachments(
    row: Owned,
) -> AttachmentList:
    """The files of an instance, rendered for it."""
    surface = service.surface_of(row)
    return AttachmentList(files=surface.provided_files if surface else [])


@router.get("/{instance_id}/attachments/{filename}", response_class=Response)
async def download_attachment(
    row: Owned,
    instance_id: str,
    filename: str,
    node_clients: TheNodeClients,
    session: Session,
) -> Response:
    """One file of an instance."""
    surface = service.surface_of(row)
    if surface is None or filename not in [file.name for file in surface.provided_files]:
        raise NotFound("attachment_not_found", "This instance has no such file.")
    node = await session.get_one(Node, row.node_id)
    await session.commit()  # no transaction stays open while the node answers
    client = node_clients.of(node.id, node.url)
    failed = NodeFetchFailed(
        "node_attachment_fetch_failed", "The node did not hand over the file. Try again."
    )
    content, media_type = await ask(
        client.download_instance_attachment(instance_id, filename), missing=failed, failed=failed
    )
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=utf-8''{quote(filename, safe='')}",
        },
    )


async def _node(session: Session, row: Owned, node_clients: TheNodeClients) -> AsyncNodeClient:
    """The node of the caller's instance; no transaction stays open behind it."""
    node = await session.get(Node, row.node_id) if row.node_id else None
    if node is None or row.state not in ON_NODE:
        raise NotFound(
            "instance_not_running",
            "This instance is on no node now.",
            stop_reason=row.stop_reason,
        )
    await session.commit()
    return node_clients.of(node.id, node.url)


ItsNode = Annotated[AsyncNodeClient, Depends(_node, scope="function")]


@router.get("/{instance_id}/traffic", response_model=dict[str, Any])
async def get_traffic(
    instance_id: str,
    node: ItsNode,
    limit: Limit = 10_000,
    offset: Offset = 0,
    max_bytes: flows.MaxBytes = flows.MOST_BYTES,
) -> StreamingResponse:
    """What the instance's services were asked and answered, as its node recorded it."""
    return flows.as_items(await _lines(node, instance_id, offset, limit), most_bytes=max_bytes)


@router.get("/{instance_id}/har", response_model=dict[str, Any])
async def get_har(instance_id: str, node: ItsNode) -> StreamingResponse:
    """The same as an HTTP Archive, for browsers and proxies."""
    return flows.as_har(await _lines(node, instance_id, 0, 10_000))


async def _lines(
    node: AsyncNodeClient, instance_id: str, offset: int, limit: int
) -> AsyncIterator[bytes]:
    return await ask(
        flows.begun(flows.lines(flows.pages(node, instance_id, offset, limit))),
        missing=NotFound("traffic_not_available", "This instance's node records no traffic."),
        failed=NodeFetchFailed(
            "node_traffic_fetch_failed", "The node did not hand over the traffic. Try again."
        ),
    )


@router.get("/{instance_id}/openvpn-config", response_class=Response)
async def get_openvpn_config(
    instance_id: str, session: Session, row: Owned, node_clients: TheNodeClients
) -> Response:
    """The client configuration of an instance's VPN."""
    missing = NotFound("openvpn_config_not_available", "This instance has no VPN.")
    surface = service.surface_of(row)
    if surface is None or surface.vpn is None:
        raise missing
    node = await _node(session, row, node_clients)
    config = await ask(
        node.get_openvpn_config(instance_id),
        missing=missing,
        failed=NodeFetchFailed(
            "node_openvpn_fetch_failed", "The node did not hand over the configuration. Try again."
        ),
    )
    return Response(
        config,
        media_type="application/x-openvpn-profile",
        headers={"Content-Disposition": f'attachment; filename="{instance_id}.ovpn"'},
    )


async def ask(answer: Awaitable[Answer], *, missing: CtfyError, failed: NodeFetchFailed) -> Answer:
    """What a node answers; raises `missing` where it has no such thing, else `failed`."""
    try:
        return await answer
    except NODE_FAILURES as error:
        gone = isinstance(error, CtfyApiError) and error.status_code == 404
        raise (missing if gone else failed) from error


# The same under a competition, whose id every one of them takes anyway.
in_competition = Router(prefix="/competitions/{competition_id}/instances", tags=["instances"])
in_competition.get("/{instance_id}", name="get_competition_instance")(get_instance)
in_competition.delete("/{instance_id}", name="stop_competition_instance")(stop)
in_competition.get("/{instance_id}/status", name="get_competition_instance_status")(get_status)
in_competition.post("/{instance_id}/renew", name="renew_competition_instance")(renew)
in_competition.get(
    "/{instance_id}/traffic",
    response_model=dict[str, Any],
    name="get_competition_instance_traffic",
)(get_traffic)
in_competition.get(
    "/{instance_id}/openvpn-config",
    response_class=Response,
    name="get_competition_instance_openvpn_config",
)(get_openvpn_config)
