"""Challenges across the fleet: looked for again, built and pulled, with each node's state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import structlog
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from ctfy.challenge.catalogue import BrokenChallenge
from ctfy.sdk.errors import CtfyApiError
from ctfy.sdk.node_client import NodeClient
from ctfy.server.competitions.tables import Competition, CompetitionChallenge
from ctfy.server.errors import Conflict, NotFound
from ctfy.server.events.outbox import Audience, emit
from ctfy.server.models.builds import (
    ChallengeBuildNodeState,
    ChallengeBuildStateResponse,
    ChallengeBuildStateRow,
    ChallengePullNodeState,
    ChallengePullStateResponse,
    ChallengePullStateRow,
    NodeBuildState,
    NodePullState,
)
from ctfy.server.nodes.tables import Node
from ctfy.server.platform import Platform
from ctfy.server.tasks.kinds import Report

log = structlog.get_logger()

_ANSWER_S = 5.0  # how long a node may take to say what it has
_LOOK_S = 0.5
RESCANNED = "challenges_rescanned"


class Nothing(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid")


class One(Nothing):
    """One challenge."""

    challenge_id: str


class Scope(Nothing):
    """The challenges of one competition; empty: all."""

    competition_id: str = ""


class ToldFailure(Conflict):
    """A task that did not do all it should; the log says what."""


async def _nodes(platform: Platform, *, healthy: bool = False) -> list[Node]:
    query = select(Node).order_by(Node.registered_at, Node.id)
    async with platform.database.transaction() as session:
        return list(await session.scalars(query.where(Node.is_healthy) if healthy else query))


async def _ask(platform: Platform, node: Node, ask: Callable[[NodeClient], Any]) -> tuple[Any, str]:
    """A node's answer, or in words why there is none; it gets a few seconds."""
    client = platform.node_client(node.id, node.url)
    try:
        async with asyncio.timeout(_ANSWER_S):
            return await asyncio.to_thread(ask, client), ""
    except TimeoutError:
        return None, "The node did not answer in time."
    except (CtfyApiError, httpx.HTTPError, ValueError) as error:
        return None, f"The node did not answer: {error}"


async def build_state(platform: Platform) -> ChallengeBuildStateResponse:
    """What is built, challenge by challenge and node by node."""
    states = await _states(platform, "build")
    return ChallengeBuildStateResponse(
        rows=[
            ChallengeBuildStateRow(
                challenge_id=challenge_id,
                aggregated=_together([s["status"] for _, s in nodes], "building", "built", "un"),
                nodes=[
                    ChallengeBuildNodeState(
                        node_id=node_id,
                        status=s["status"],
                        built_at=s.get("built_at", 0.0),
                        error=s.get("error", ""),
                        node_error=s.get("node_error", ""),
                    )
                    for node_id, s in nodes
                ],
            )
            for challenge_id, nodes in states.items()
        ]
    )


async def pull_state(platform: Platform) -> ChallengePullStateResponse:
    """What is pulled, challenge by challenge and node by node."""
    states = await _states(platform, "pull")
    return ChallengePullStateResponse(
        rows=[
            ChallengePullStateRow(
                challenge_id=challenge_id,
                aggregated=_together([s["status"] for _, s in nodes], "pulling", "pulled", "un"),
                nodes=[
                    ChallengePullNodeState(
                        node_id=node_id,
                        status=s["status"],
                        pulled_at=s.get("pulled_at", 0.0),
                        error=s.get("error", ""),
                        node_error=s.get("node_error", ""),
                    )
                    for node_id, s in nodes
                ],
            )
            for challenge_id, nodes in states.items()
        ]
    )


def _together(statuses: list[str], doing: str, done: str, un: str) -> str:
    """The fleet's status: of the worst node."""
    for status in (doing, "failed", un + done):
        if status in statuses:
            return status
    return done if statuses else un + done


async def _states(platform: Platform, what: str) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Per challenge: each node's row, with `node_error` where there is none."""
    nodes = await _nodes(platform)
    found = await asyncio.gather(*(_rows_of(platform, node, what) for node in nodes))
    missing = {"status": "unbuilt" if what == "build" else "unpulled"}
    runnable = [c.id for c in platform.catalogue.challenges.values() if not c.is_qa_only]
    return {
        challenge_id: [
            (
                node.id,
                {**missing, "node_error": error} if error else rows.get(challenge_id, missing),
            )
            for node, (rows, error) in zip(nodes, found, strict=True)
        ]
        for challenge_id in runnable
    }


async def _rows_of(
    platform: Platform, node: Node, what: str
) -> tuple[dict[str, dict[str, Any]], str]:
    answer, error = await _ask(
        platform, node, lambda c: c.get_build_state() if what == "build" else c.get_pull_state()
    )
    if error:
        return {}, error
    model = NodeBuildState if what == "build" else NodePullState
    try:
        rows = model.model_validate(answer).rows
    except ValueError:
        return {}, "The node answered nonsense."
    return {row.challenge_id: row.model_dump() for row in rows}, ""


# -- tasks


async def rescan(platform: Platform, report: Report) -> dict[str, Any]:
    """Look at the challenges folder again, here, on every replica and on every node."""
    try:
        changes = await asyncio.to_thread(
            platform.catalogue.rescan, platform.settings.challenges_dir
        )
    except (BrokenChallenge, OSError) as broken:
        raise ToldFailure("challenges_broken", f"Nothing was changed: {broken}") from broken
    await report.log(f"{len(platform.catalogue.challenges)} challenges: {changes}")
    async with platform.database.transaction() as session:
        emit(session, RESCANNED, audience=Audience.PLATFORM)
    nodes = await _nodes(platform, healthy=True)
    failed = 0
    for number, node in enumerate(nodes, 1):
        answer, error = await _ask(platform, node, lambda c: c.rescan_challenges())
        failed += bool(error)
        await report.log(
            f"{node.display_name}: {error or str(answer.get('total')) + ' challenges'}",
            "error" if error else "info",
        )
        await report.progress(number / len(nodes), f"{number} of {len(nodes)} nodes")
    if failed:
        raise ToldFailure("nodes_failed", f"{failed} of {len(nodes)} nodes did not look again.")
    return {"total": len(platform.catalogue.challenges), "changes": str(changes)}


def follow_rescans(platform: Platform) -> None:
    """Have this process look at its folder again whenever one is told of a rescan."""
    running: set[asyncio.Task[None]] = set()

    async def again() -> None:
        try:
            folder = platform.settings.challenges_dir
            changes = await asyncio.to_thread(platform.catalogue.rescan, folder)
            platform.memory.forget()
            log.info("challenges_rescanned", changes=str(changes))
        except (BrokenChallenge, OSError) as error:
            log.warning("challenges_not_rescanned", error=str(error))

    def see(name: str) -> None:
        if name == RESCANNED:
            task = asyncio.get_running_loop().create_task(again())
            running.add(task)
            task.add_done_callback(running.discard)

    platform.relay.observe(lambda told: see(told.name))


async def prepare(
    platform: Platform, report: Report, what: str, challenge_ids: list[str]
) -> dict[str, Any]:
    """Build or pull challenges on every healthy node, and follow it to the end."""
    doing, done = ("building", "built") if what == "build" else ("pulling", "pulled")
    nodes = await _nodes(platform, healthy=True)
    if not nodes:
        raise ToldFailure("no_healthy_node", "There is no healthy node.")
    open_ = {(node.id, id_) for node in nodes for id_ in challenge_ids}
    names = {node.id: node.display_name for node in nodes}
    everything, failed = max(1, len(open_)), 0

    def order(client: NodeClient) -> Any:
        if what == "build":
            return client.build_all_challenges(challenge_ids)
        return client.pull_all_challenges(challenge_ids)

    async def give_up(node: Node, error: str) -> None:
        nonlocal failed
        lost = {pair for pair in open_ if pair[0] == node.id}
        open_.difference_update(lost)
        failed += len(lost)
        await report.log(f"{node.display_name}: {error}", "error")

    for node in nodes:
        _, error = await _ask(platform, node, order)
        if error:
            await give_up(node, error)
    while open_:
        await asyncio.sleep(_LOOK_S)
        for node in nodes:
            if not any(pair[0] == node.id for pair in open_):
                continue
            rows, error = await _rows_of(platform, node, what)
            if error:
                await give_up(node, error)
                continue
            for pair in [p for p in open_ if p[0] == node.id]:
                row = rows.get(pair[1], {"status": "failed", "error": "The node has no such one."})
                if row["status"] == doing:
                    continue
                open_.discard(pair)
                good = row["status"] == done
                failed += not good
                await report.log(
                    f"{names[node.id]}: {pair[1]} {row['status']} {row.get('error', '')}".strip(),
                    "info" if good else "error",
                )
        finished = everything - len(open_)
        await report.progress(finished / everything, f"{finished} of {everything} {done}")
    if failed:
        raise ToldFailure(f"{what}_failed", f"{failed} of {everything} failed; the log says why.")
    return {"challenges": len(challenge_ids), "nodes": len(nodes), done: everything}


async def in_scope(platform: Platform, competition_id: str) -> list[str]:
    """The challenges with instances of one competition, or all. Raises `competition_not_found`."""
    runnable = [c.id for c in platform.catalogue.challenges.values() if not c.is_qa_only]
    if not competition_id:
        return runnable
    async with platform.database.transaction() as session:
        if await session.get(Competition, competition_id) is None:
            raise NotFound("competition_not_found", "There is no such competition.")
        ids = set(
            await session.scalars(
                select(CompetitionChallenge.challenge_id).where(
                    CompetitionChallenge.competition_id == competition_id
                )
            )
        )
    return [id_ for id_ in runnable if id_ in ids]


def require_runnable(platform: Platform, challenge_id: str) -> None:
    """Raise `challenge_not_found`, or `challenge_has_no_instance` for what needs no node."""
    challenge = platform.catalogue.get(challenge_id)
    if challenge is None:
        raise NotFound("challenge_not_found", "There is no such challenge.")
    if challenge.is_qa_only:
        raise Conflict("challenge_has_no_instance", "This challenge has no instance to build.")


def register(platform: Platform) -> None:
    """Put this domain's tasks on the engine."""
    task = platform.registry.task

    @task("challenge_rescan", Nothing)
    async def look_again(report: Report, _: Nothing) -> dict[str, Any]:
        return await rescan(platform, report)

    @task("challenge_build", One)
    async def build_one(report: Report, params: One) -> dict[str, Any]:
        require_runnable(platform, params.challenge_id)
        return await prepare(platform, report, "build", [params.challenge_id])

    @task("challenge_build_all", Scope)
    async def build_all(report: Report, params: Scope) -> dict[str, Any]:
        ids = await in_scope(platform, params.competition_id)
        return await prepare(platform, report, "build", ids)

    @task("challenge_pull", One)
    async def pull_one(report: Report, params: One) -> dict[str, Any]:
        require_runnable(platform, params.challenge_id)
        return await prepare(platform, report, "pull", [params.challenge_id])

    @task("challenge_pull_all", Scope)
    async def pull_all(report: Report, params: Scope) -> dict[str, Any]:
        ids = await in_scope(platform, params.competition_id)
        return await prepare(platform, report, "pull", ids)
