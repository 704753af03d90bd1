"""The tools. Names and arguments are a contract that agents hold; defaults may be added.

Outputs are small unless more is asked for: what a model reads costs its owner.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server.mcpserver import Context
from mcp_types import ToolAnnotations
from pydantic import Field

from ctfy.mcp.outputs import (
    ChallengeRow,
    CompetitionRow,
    EventRow,
    FileContent,
    HttpExchange,
    InstanceRow,
    StartedInstance,
)
from ctfy.sdk.aio import AsyncPlatformClient
from ctfy.server.models.accounts import MeResponse
from ctfy.server.models.challenges import AttachmentList, ChallengeInfo, HintInfo
from ctfy.server.models.competitions import CompetitionDetail
from ctfy.server.models.instances import InstanceInfo, InstanceStatusResponse
from ctfy.server.models.meta import HealthResponse
from ctfy.server.models.standings import ChallengeStats, ScoreboardEntry
from ctfy.server.models.submissions import SubmissionResponse, SubmissionState
from ctfy.server.models.teams import TeamDetail

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

Clients = Callable[[Any], AbstractAsyncContextManager[AsyncPlatformClient]]
Limit = Annotated[int, Field(ge=1, le=1000, description="At most so many")]
Offset = Annotated[int, Field(ge=0, description="Skip so many")]
ChallengeId = Annotated[str, Field(description="As list_challenges names it")]
CompetitionId = Annotated[str, Field(description="As list_competitions names it")]
InstanceId = Annotated[str, Field(description="The `id` that start_instance returned")]
Difficulty = Annotated[str | None, Field(description="Only these: easy, medium, hard, …")]
Tag = Annotated[str, Field(description="Only with this tag")]
Answer = Annotated[
    str | list[str], Field(description="The answer; a list where several choices are right")
]
_MOST_FILE, _MOST_BODY = 64 * 1024, 2048
_LONGEST_WAIT_S = 600


def register(server: MCPServer[None], client: Clients) -> None:
    """Add every tool."""
    reading = ToolAnnotations(read_only_hint=True)
    for function in _reading(client):
        server.add_tool(function, annotations=reading)
    for function in _acting(client):
        server.add_tool(function)


def _reading(client: Clients) -> list[Callable[..., Any]]:
    """The tools that change nothing."""

    async def list_competitions(
        ctx: Context,
        phase: Annotated[str, Field(description="running, upcoming, past; empty: all")] = "",
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> list[CompetitionRow]:
        """Competitions that you may see. Start here, with phase="running"."""
        async with client(ctx) as c:
            found = await c.competitions.list(phase, offset, limit)
        return [CompetitionRow.of(one) for one in found]

    async def get_competition(ctx: Context, competition_id: CompetitionId) -> CompetitionDetail:
        """One competition whole: rules, times, your team and rank, challenges."""
        async with client(ctx) as c:
            return await c.competitions.get(competition_id)

    async def list_competition_challenges(
        ctx: Context,
        competition_id: CompetitionId,
        difficulty: Difficulty = None,
        tag: Tag = "",
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> list[ChallengeRow]:
        """The challenges of one competition, and which your team has solved."""
        async with client(ctx) as c:
            competition = c.competition(competition_id)
            found = await competition.challenges(difficulty, tag, "", offset, limit)
        return [ChallengeRow.of(one) for one in found]

    async def search_challenges(
        ctx: Context,
        q: Annotated[str, Field(description="Words of the name, description or tags")],
        difficulty: Difficulty = None,
        limit: Limit = 20,
    ) -> list[ChallengeRow]:
        """Challenges with these words."""
        async with client(ctx) as c:
            found = await c.challenges.list(difficulty, q=q, limit=limit)
        return [ChallengeRow.of(one) for one in found]

    async def list_challenges(
        ctx: Context,
        difficulty: Difficulty = None,
        tag: Tag = "",
        category: Annotated[str, Field(description="web, pwn, reverse, crypto or misc")] = "",
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> list[ChallengeRow]:
        """The challenges of every competition that you are in."""
        async with client(ctx) as c:
            found = await c.challenges.list(difficulty, tag, category, "", offset, limit)
        return [ChallengeRow.of(one) for one in found]

    async def get_challenge(ctx: Context, challenge_id: ChallengeId) -> ChallengeInfo:
        """One challenge whole: its description, questions and files."""
        async with client(ctx) as c:
            return await c.challenges.get(challenge_id)

    async def list_challenge_attachments(ctx: Context, challenge_id: ChallengeId) -> AttachmentList:
        """The files of a challenge; read_attachment reads one."""
        async with client(ctx) as c:
            return await c.challenges.attachments(challenge_id)

    async def read_attachment(
        ctx: Context,
        filename: Annotated[str, Field(description="As the list of files names it")],
        challenge_id: Annotated[str, Field(description="A challenge's file, or")] = "",
        instance_id: Annotated[str, Field(description="an instance's: give one of both")] = "",
        max_bytes: Annotated[int, Field(ge=1, le=1024 * 1024)] = _MOST_FILE,
    ) -> FileContent:
        """A file that comes with a challenge or an instance, as text or base64."""
        async with client(ctx) as c:
            if instance_id:
                content = await c.instances.download_attachment(instance_id, filename)
            else:
                content = await c.challenges.download_attachment(challenge_id, filename)
        kept = content[:max_bytes]
        file = FileContent(name=filename, size=len(content), truncated=len(kept) < len(content))
        try:
            file.text = kept.decode()
        except UnicodeDecodeError:
            file.base64 = base64.b64encode(kept).decode()
        return file

    async def get_instance(ctx: Context, instance_id: InstanceId) -> InstanceInfo:
        """One instance whole: services, questions with their state, files, expiry."""
        async with client(ctx) as c:
            return await c.instances.get(instance_id)

    async def get_instance_status(ctx: Context, instance_id: InstanceId) -> InstanceStatusResponse:
        """How far an instance is; wait_until_ready waits for it."""
        async with client(ctx) as c:
            return await c.instances.status(instance_id)

    async def wait_until_ready(
        ctx: Context,
        instance_id: InstanceId,
        timeout: Annotated[int, Field(ge=1, le=_LONGEST_WAIT_S, description="Seconds")] = 300,
    ) -> InstanceStatusResponse:
        """Return when an instance is ready or has failed, telling how far it is meanwhile."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        async with client(ctx) as c:
            while True:
                status = await c.instances.status(
                    instance_id, wait=min(20.0, max(0.0, deadline - loop.time()))
                )
                await _tell(ctx, status)
                if status.status != "starting" or loop.time() >= deadline:
                    return status

    async def list_instances(
        ctx: Context,
        challenge_id: Annotated[str, Field(description="Only of this challenge")] = "",
        status: Annotated[str, Field(description="starting, ready, error or stopped")] = "",
        q: Annotated[str, Field(description="Words of the challenge's name")] = "",
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> list[InstanceRow]:
        """Your team's instances."""
        async with client(ctx) as c:
            found = await c.instances.list(challenge_id, status, q, offset, limit)
        return [InstanceRow.of(one) for one in found]

    async def get_traffic(
        ctx: Context,
        instance_id: InstanceId,
        limit: Limit = 20,
    ) -> list[HttpExchange]:
        """The newest HTTP exchanges with an instance, as its node recorded them."""
        async with client(ctx) as c:
            flows = (await c.instances.traffic(instance_id))["items"]
        return [_exchange(flow) for flow in flows if flow["kind"] == "http"][-limit:]

    async def get_vpn_config(ctx: Context, instance_id: InstanceId) -> str:
        """The OpenVPN configuration that leads into an engagement instance."""
        async with client(ctx) as c:
            return (await c.instances.openvpn_config(instance_id)).decode()

    async def list_hints(
        ctx: Context, competition_id: CompetitionId, challenge_id: ChallengeId
    ) -> list[HintInfo]:
        """A challenge's hints, what each costs, and the text of those you took."""
        async with client(ctx) as c:
            return await c.competition(competition_id).hints(challenge_id)

    async def list_submissions(
        ctx: Context,
        challenge_id: Annotated[str, Field(description="Only to this challenge")] = "",
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> list[SubmissionState]:
        """Your team's answers, newest first."""
        async with client(ctx) as c:
            return await c.submissions.list(challenge_id, offset, limit)

    async def get_scoreboard(
        ctx: Context,
        category: Annotated[str, Field(description="Count only this category")] = "",
        offset: Offset = 0,
        limit: Limit = 50,
        competition_id: Annotated[str, Field(description="Of one competition; empty: all")] = "",
    ) -> list[ScoreboardEntry]:
        """The standings, best team first."""
        async with client(ctx) as c:
            if competition_id:
                return await c.competition(competition_id).scoreboard(offset, limit)
            return await c.scoreboard.get(category, offset, limit)

    async def get_challenge_stats(
        ctx: Context, offset: Offset = 0, limit: Limit = 50
    ) -> list[ChallengeStats]:
        """How often each challenge was tried and solved."""
        async with client(ctx) as c:
            return await c.scoreboard.challenge_stats(offset, limit)

    async def list_events(
        ctx: Context,
        event: Annotated[str, Field(description="Only this kind, as flag_correct")] = "",
        challenge_id: Annotated[str, Field(description="Only with this challenge")] = "",
        limit: Limit = 20,
    ) -> list[EventRow]:
        """What happened lately, newest first: launches, answers, solves."""
        async with client(ctx) as c:
            found = await c.activities.list("", challenge_id, event, 0, limit)
        return [
            EventRow(
                event=one.event,
                detail={
                    "at": one.timestamp.isoformat() if one.timestamp else "",
                    "team_name": one.team_name,
                    "challenge_id": one.challenge_id,
                    **one.detail.model_dump(mode="json", exclude_none=True),
                },
            )
            for one in found
        ]

    async def get_me(ctx: Context) -> MeResponse:
        """Who you are, and the teams you are on."""
        async with client(ctx) as c:
            return await c.me.get()

    async def health(ctx: Context) -> HealthResponse:
        """Whether the server is well, its version, and how full it is."""
        async with client(ctx) as c:
            return await c.health()

    return [
        list_competitions,
        get_competition,
        list_competition_challenges,
        search_challenges,
        list_challenges,
        get_challenge,
        list_challenge_attachments,
        read_attachment,
        get_instance,
        get_instance_status,
        wait_until_ready,
        list_instances,
        get_traffic,
        get_vpn_config,
        list_hints,
        list_submissions,
        get_scoreboard,
        get_challenge_stats,
        list_events,
        get_me,
        health,
    ]


def _acting(client: Clients) -> list[Callable[..., Any]]:
    """The tools that do something."""

    async def register_for_competition(
        ctx: Context,
        competition_id: CompetitionId,
        mode: Annotated[
            Literal["solo", "create", "join"],
            Field(description="Alone, with a new team of that name, or by a team's code"),
        ] = "solo",
        name: Annotated[str, Field(description="The new team's name")] = "",
        code: Annotated[str, Field(description="The team's code, to join")] = "",
    ) -> TeamDetail:
        """Take part in a competition; needed once, before start_instance."""
        async with client(ctx) as c:
            return await c.competition(competition_id).register(mode, name=name, code=code)

    async def start_instance(
        ctx: Context,
        challenge_id: ChallengeId,
        ttl: Annotated[int | None, Field(ge=1, description="Seconds that it lives")] = None,
        competition_id: Annotated[
            str, Field(description="Needed when you are in several with this challenge")
        ] = "",
    ) -> StartedInstance:
        """Launch a private instance and return when it is ready. Keep `id`, attack `services`."""
        told: list[asyncio.Task[None]] = []

        def tell(status: InstanceStatusResponse) -> None:
            told.append(asyncio.create_task(_tell(ctx, status)))

        async with client(ctx) as c:
            try:
                ready = await c.instances.start(
                    challenge_id, ttl, competition_id=competition_id, on_status=tell
                )
            finally:
                await asyncio.gather(*told, return_exceptions=True)
        return StartedInstance.of(ready.id, ready.surface)

    async def stop_instance(ctx: Context, instance_id: InstanceId) -> str:
        """Stop an instance that you do not need any more."""
        async with client(ctx) as c:
            await c.instances.stop(instance_id)
        return "stopped"

    async def renew_instance(
        ctx: Context,
        instance_id: InstanceId,
        ttl: Annotated[int | None, Field(ge=1, description="Seconds from now")] = None,
    ) -> float:
        """Give an instance more time; its new expiry, Unix seconds."""
        async with client(ctx) as c:
            return (await c.instances.renew(instance_id, ttl)).expires_at

    async def verify_answer(
        ctx: Context,
        instance_id: InstanceId,
        answer: Answer,
        question_id: Annotated[str, Field(description="As get_instance names it")] = "flag",
    ) -> bool:
        """Whether an answer is right, without scoring."""
        async with client(ctx) as c:
            graded = await c.submissions.verify(instance_id, answer, question_id=question_id)
        return graded.correct

    async def submit_answer(
        ctx: Context,
        instance_id: InstanceId,
        answer: Answer,
        question_id: Annotated[str, Field(description="As get_instance names it")] = "flag",
    ) -> SubmissionResponse:
        """Answer a question of an instance; it scores when it is right."""
        async with client(ctx) as c:
            return await c.submissions.submit(instance_id, answer, question_id=question_id)

    async def submit_qa_answer(
        ctx: Context,
        challenge_id: ChallengeId,
        competition_id: CompetitionId,
        answer: Answer,
        question_id: Annotated[str, Field(description="As get_challenge names it")] = "answer",
    ) -> SubmissionResponse:
        """Answer a challenge that has no instance (`is_qa_only`)."""
        async with client(ctx) as c:
            return await c.submissions.submit_qa(
                challenge_id, competition_id, answer, question_id=question_id
            )

    async def unlock_hint(
        ctx: Context,
        competition_id: CompetitionId,
        challenge_id: ChallengeId,
        hint_id: Annotated[str, Field(description="As list_hints names it")],
    ) -> HintInfo:
        """Take a hint, for the points that it costs."""
        async with client(ctx) as c:
            return await c.competition(competition_id).unlock_hint(challenge_id, hint_id)

    return [
        register_for_competition,
        start_instance,
        stop_instance,
        renew_instance,
        verify_answer,
        submit_answer,
        submit_qa_answer,
        unlock_hint,
    ]


async def _tell(ctx: Context, status: InstanceStatusResponse) -> None:
    place = status.queue_position
    words = f"number {place} in the queue for a node" if place else status.status
    await ctx.report_progress(1.0 if status.status == "ready" else 0.0, 1.0, words)


def _exchange(flow: dict[str, Any]) -> HttpExchange:
    request, response = flow["request"], flow["response"] or {}
    return HttpExchange(
        service=flow["service"],
        started_at=flow["started_at"],
        duration_ms=flow["duration_ms"],
        request=f"{request['method']} {request['path']}",
        request_body=str(request.get("body", ""))[:_MOST_BODY],
        status=response.get("status", 0),
        response_body=str(response.get("body", ""))[:_MOST_BODY],
    )
