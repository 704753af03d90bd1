"""Tools about instances: their life, and what goes over their wire."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Annotated, Any

from pydantic import Field

from ctfy.mcp.calls import Call, client, fetch_page
from ctfy.mcp.outputs import (
    HttpExchange,
    Instance,
    InstanceRow,
    Listing,
    StartedInstance,
    Status,
    listing,
)
from ctfy.mcp.tools.arguments import ChallengeId, InstanceId, Limit, MaybeId, Offset
from ctfy.sdk.aio import AsyncPlatformClient
from ctfy.server.models.instances import InstanceInfo, InstanceStatusResponse

_MOST_BODY = 2048
_PAGE_BYTES = 1024 * 1024
_LONGEST_WAIT_S = 600


async def start_instance(
    call: Call,
    challenge_id: ChallengeId,
    ttl: Annotated[int | None, Field(ge=1, description="the seconds that it shall live")] = None,
    competition_id: Annotated[
        MaybeId, Field(description="which, when several that you play in have this challenge")
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


async def get_instance(call: Call, instance_id: InstanceId) -> Instance:
    """One instance: services, questions with their state, files, expiry."""
    async with client(call) as c:
        return Instance.of(await c.instances.get(instance_id))


async def get_instance_status(call: Call, instance_id: InstanceId) -> Status:
    """How far an instance is; wait_until_ready waits for it."""
    async with client(call) as c:
        return Status.of(await c.instances.status(instance_id))


async def wait_until_ready(
    call: Call,
    instance_id: InstanceId,
    timeout: Annotated[int, Field(ge=1, le=_LONGEST_WAIT_S, description="seconds")] = 300,
) -> Status:
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
                return Status.of(status)


async def list_instances(
    call: Call,
    challenge_id: Annotated[str, Field(description="one challenge's id")] = "",
    status: Annotated[str, Field(description="starting, ready, error or stopped")] = "",
    q: Annotated[str, Field(description="words of the challenge's name")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> Listing[InstanceRow]:
    """Your team's instances, newest first."""
    given = {"challenge_id": challenge_id, "status": status, "q": q}
    async with client(call) as c:
        page = await fetch_page(c, InstanceInfo, "/instances", offset=offset, limit=limit, **given)
    return listing(map(InstanceRow.of, page.items), page.total, offset)


async def stop_instance(call: Call, instance_id: InstanceId) -> str:
    """Stop an instance that you do not need any more."""
    async with client(call) as c:
        await c.instances.status(instance_id)  # stopping takes one that there is not for done
        await c.instances.stop(instance_id)
    return "stopped"


async def renew_instance(
    call: Call,
    instance_id: InstanceId,
    ttl: Annotated[
        int | None, Field(ge=1, description="seconds from now; default: as started")
    ] = None,
) -> float:
    """Give an instance more time; its new expiry, Unix seconds."""
    async with client(call) as c:
        return (await c.instances.renew(instance_id, ttl)).expires_at


async def get_traffic(
    call: Call,
    instance_id: InstanceId,
    limit: Limit = 20,
    offset: Annotated[Offset, Field(description="how many of the newest to skip")] = 0,
) -> Listing[HttpExchange]:
    """The newest HTTP exchanges with an instance, in their order, as its node recorded them."""
    newest: deque[HttpExchange] = deque(maxlen=offset + limit)
    total = read = 0
    async with client(call) as c:
        while flows := await _page(c, instance_id, read):
            exchanges = [_exchange(flow) for flow in flows if flow["kind"] == "http"]
            newest.extend(exchanges)
            total += len(exchanges)
            read += len(flows)
    found = listing(list(newest)[::-1][offset:], total, offset)  # the oldest go where it is much
    found.result.reverse()
    return found


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
