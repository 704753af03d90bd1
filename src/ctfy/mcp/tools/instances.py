"""Tools about instances: their life, and what goes over their wire."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Annotated, Any

from pydantic import Field

from ctfy.mcp.calls import Call, client
from ctfy.mcp.outputs import HttpExchange, InstanceRow, StartedInstance
from ctfy.mcp.tools.arguments import ChallengeId, InstanceId, Limit, Offset
from ctfy.sdk.aio import AsyncPlatformClient
from ctfy.server.models.instances import InstanceInfo, InstanceStatusResponse

_MOST_BODY = 2048
_PAGE_BYTES = 1024 * 1024
_LONGEST_WAIT_S = 600


async def start_instance(
    call: Call,
    challenge_id: ChallengeId,
    ttl: Annotated[int | None, Field(ge=1, description="Seconds that it lives")] = None,
    competition_id: Annotated[
        str, Field(description="Needed when you are in several with this challenge")
    ] = "",
) -> StartedInstance:
    """Launch a private instance and return when it is ready. Keep `id`, attack `services`."""
    reports: list[asyncio.Task[None]] = []

    def report(status: InstanceStatusResponse) -> None:
        reports.append(asyncio.create_task(_report_progress(call, status)))

    async with client(call) as c:
        try:
            ready = await c.instances.start(
                challenge_id, ttl, competition_id=competition_id, on_status=report
            )
        finally:
            await asyncio.gather(*reports, return_exceptions=True)
    return StartedInstance.of(ready.id, ready.surface)


async def get_instance(call: Call, instance_id: InstanceId) -> InstanceInfo:
    """One instance whole: services, questions with their state, files, expiry."""
    async with client(call) as c:
        return await c.instances.get(instance_id)


async def get_instance_status(call: Call, instance_id: InstanceId) -> InstanceStatusResponse:
    """How far an instance is; wait_until_ready waits for it."""
    async with client(call) as c:
        return await c.instances.status(instance_id)


async def wait_until_ready(
    call: Call,
    instance_id: InstanceId,
    timeout: Annotated[int, Field(ge=1, le=_LONGEST_WAIT_S, description="Seconds")] = 300,
) -> InstanceStatusResponse:
    """Return when an instance is ready or has failed, telling how far it is meanwhile."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    async with client(call) as c:
        while True:
            status = await c.instances.status(
                instance_id, wait=min(20.0, max(0.0, deadline - loop.time()))
            )
            await _report_progress(call, status)
            if status.status != "starting" or loop.time() >= deadline:
                return status


async def list_instances(
    call: Call,
    challenge_id: Annotated[str, Field(description="Only of this challenge")] = "",
    status: Annotated[str, Field(description="starting, ready, error or stopped")] = "",
    q: Annotated[str, Field(description="Words of the challenge's name")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> list[InstanceRow]:
    """Your team's instances."""
    async with client(call) as c:
        found = await c.instances.list(challenge_id, status, q, offset, limit)
    return [InstanceRow.of(one) for one in found]


async def stop_instance(call: Call, instance_id: InstanceId) -> str:
    """Stop an instance that you do not need any more."""
    async with client(call) as c:
        await c.instances.stop(instance_id)
    return "stopped"


async def renew_instance(
    call: Call,
    instance_id: InstanceId,
    ttl: Annotated[
        int | None, Field(ge=1, description="Seconds from now; default: as started")
    ] = None,
) -> float:
    """Give an instance more time; its new expiry, Unix seconds."""
    async with client(call) as c:
        return (await c.instances.renew(instance_id, ttl)).expires_at


async def get_traffic(
    call: Call,
    instance_id: InstanceId,
    limit: Limit = 20,
) -> list[HttpExchange]:
    """The newest HTTP exchanges with an instance, as its node recorded them."""
    newest: deque[HttpExchange] = deque(maxlen=limit)
    offset = 0
    async with client(call) as c:
        while flows := await _page(c, instance_id, offset):
            newest.extend(_exchange(flow) for flow in flows if flow["kind"] == "http")
            offset += len(flows)
    return list(newest)


async def _page(c: AsyncPlatformClient, instance_id: str, offset: int) -> list[dict[str, Any]]:
    found = await c.instances.traffic(instance_id, offset=offset, max_bytes=_PAGE_BYTES)
    items: list[Any] = found["items"]
    return items


async def get_vpn_config(call: Call, instance_id: InstanceId) -> str:
    """The OpenVPN configuration that leads into an engagement instance."""
    async with client(call) as c:
        return (await c.instances.openvpn_config(instance_id)).decode()


async def _report_progress(call: Call, status: InstanceStatusResponse) -> None:
    place = status.queue_position
    words = f"number {place} in the queue for a node" if place else status.status
    await call.report_progress(1.0 if status.status == "ready" else 0.0, 1.0, words)


def _exchange(flow: dict[str, Any]) -> HttpExchange:
    request, response = flow["request"], flow.get("response") or {}
    return HttpExchange(
        service=flow["service"],
        started_at=flow["started_at"],
        duration_ms=flow["duration_ms"],
        request=f"{request.get('method', '')} {request.get('path', '/')}",
        request_body=str(request.get("body", ""))[:_MOST_BODY],
        status=response.get("status", 0),
        response_body=str(response.get("body", ""))[:_MOST_BODY],
    )
