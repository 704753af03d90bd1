"""A script as somebody writes it with types, for both clients; `make check` reads it strictly."""

from __future__ import annotations

import asyncio

import httpx

from ctfy.core.enums import InstanceStatus, PlatformEvent
from ctfy.core.target import AttackSurface, ServiceType
from ctfy.core.version import Compatibility
from ctfy.sdk import (
    CapacityError,
    CtfyApiError,
    InstanceFailed,
    InstanceReadyResult,
    PlatformClient,
    RateLimitedError,
    StartTimeout,
    ValidationError,
)
from ctfy.sdk.aio import AsyncPlatformClient
from ctfy.server.models import ChallengeInfo, InstanceStatusResponse, SubmissionResponse

seen: list[str] = []


def told(status: InstanceStatusResponse) -> None:
    """What the start waits for."""
    seen.append(status.waiting_for or status.status)


def why(error: CtfyApiError) -> str:
    """A refusal in words, by its kind."""
    match error:
        case RateLimitedError(retry_after=seconds):
            return f"again in {seconds or 1:.0f} s"
        case ValidationError(issues=issues) if issues:
            return "; ".join(f"{issue.loc[-1]}: {issue.msg}" for issue in issues)
        case CapacityError():
            return "stop something first"
    return f"{error.code}: {error.reason} (request {error.request_id})"


def attack(surface: AttackSurface) -> list[str]:
    """The addresses of the services that speak HTTP."""
    return [s.url for s in surface.services if s.service_type is ServiceType.HTTP]


def play(url: str, token: str, competition_id: str, challenge_id: str, answer: str) -> list[str]:
    """The mission, with the synchronous client."""
    with PlatformClient(url, token=token) as client:
        assert client.check_server_compatibility().status is Compatibility.OK
        comp = client.competition(competition_id)
        challenges: dict[str, ChallengeInfo] = {c.id: c for c in comp.challenges()}
        everywhere = {c.id for c in client.challenges.iterate(competition_id=competition_id)}
        assert challenge_id in challenges.keys() & everywhere
        try:
            ready: InstanceReadyResult = client.instances.start(
                challenge_id, competition_id=competition_id, on_status=told
            )
        except (InstanceFailed, StartTimeout) as error:
            return [str(error)]
        assert client.instances.status(ready.id).status == InstanceStatus.READY
        addresses = attack(ready.surface)
        for address in addresses:
            httpx.get(address)
        result: SubmissionResponse = client.submissions.submit(ready.id, answer)
        archive = client.instances.har(ready.id)
        addresses += [entry["request"]["url"] for entry in archive["log"]["entries"]]
        flows = client.instances.traffic(ready.id)["items"]
        addresses += [flow["service"] for flow in flows]
        client.instances.stop(ready.id)
        try:
            client.submissions.submit(ready.id, answer, question_id="none")
        except CtfyApiError as error:
            return [*addresses, why(error), str(result.correct)]
    return []


async def renew_for_ever(client: AsyncPlatformClient, instance_id: str) -> None:
    """Something to be told of, however late somebody listens."""
    while True:
        await client.instances.renew(instance_id)
        await asyncio.sleep(0.5)


async def play_awaiting(
    url: str, token: str, competition_id: str, challenge_id: str, answer: str
) -> list[str]:
    """The same with the asynchronous one."""
    async with AsyncPlatformClient(url, token=token) as client:
        assert (await client.check_server_compatibility()).quiet
        comp = client.competition(competition_id)
        challenges: dict[str, ChallengeInfo] = {c.id: c for c in await comp.challenges()}
        everywhere = {c.id async for c in client.challenges.iterate(competition_id=competition_id)}
        assert challenge_id in challenges.keys() & everywhere
        ready = await client.instances.start(
            challenge_id, competition_id=competition_id, on_status=told
        )
        result: SubmissionResponse = await client.submissions.submit(ready.id, answer)
        renewing = asyncio.create_task(renew_for_ever(client, ready.id))
        async with client.events() as stream:
            async for event in stream:
                if event["event"] == PlatformEvent.INSTANCE_RENEWED:
                    break
        renewing.cancel()
        await client.instances.stop(ready.id)
        try:
            await client.submissions.submit(ready.id, answer, question_id="none")
        except httpx.HTTPStatusError as error:
            return [*attack(ready.surface), str(error.response.status_code), str(result.correct)]
    return []
