"""Challenges across the fleet: looked for again, built and pulled, with each node's state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import structlog
from sqlalchemy import select

from ctfy.challenge.catalogue import BrokenChallenge
from ctfy.core.errors import Conflict, NotFound
from ctfy.sdk.errors import CtfyApiError
from ctfy.sdk.node_client import NodeClient
from ctfy.server.events.outbox import Audience, emit
from ctfy.server.models.builds import (
    ChallengeBuildStateResponse,
    ChallengePullStateResponse,
    NodeBuildState,
    NodePullState,
)
from ctfy.server.platform import Platform
from ctfy.server.tables.competitions import Competition, CompetitionChallenge
from ctfy.server.tables.nodes import Node
from ctfy.server.tasks.kinds import Params, Report

log = structlog.get_logger()

_ANSWER_S = 5.0  # how long a node may take to say what it has
_LOOK_S = 0.5
RESCANNED = "challenges_rescanned"


class One(Params):
    """One challenge."""

    challenge_id: str


class Scope(Params):
    """The challenges of one competition; empty: all."""

    competition_id: str = ""


@dataclass(frozen=True, slots=True)
class What:
    """Building, or pulling: its words, and how a node is told and asked."""

    name: str
    doing: str
    done: str
    undone: str
    order: Callable[[NodeClient, list[str]], Any]
    look: Callable[[NodeClient], Any]
    model: type[NodeBuildState] | type[NodePullState]


BUILD = What(
    "build",
    "building",
    "built",
    "unbuilt",
    NodeClient.build_all_challenges,
    NodeClient.get_build_state,
    NodeBuildState,
)
PULL = What(
    "pull",
    "pulling",
    "pulled",
    "unpulled",
    NodeClient.pull_all_challenges,
    NodeClient.get_pull_state,
    NodePullState,
)


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
    return ChallengeBuildStateResponse.model_validate({"rows": await _states(platform, BUILD)})


async def pull_state(platform: Platform) -> ChallengePullStateResponse:
    """What is pulled, challenge by challenge and node by node."""
    return ChallengePullStateResponse.model_validate({"rows": await _states(platform, PULL)})


def _together(statuses: list[str], what: What) -> str:
    """The fleet's status: of the worst node."""
    for status in (what.doing, "failed", what.undone):
        if status in statuses:
            return status
    return what.done if statuses else what.undone


async def _states(platform: Platform, what: What) -> list[dict[str, Any]]:
    """Per challenge: each node's row, with `node_error` where there is none."""
    nodes = await _nodes(platform)
    found = await asyncio.gather(*(_rows_of(platform, node, what) for node in nodes))
    result = []
    for challenge in platform.catalogue.challenges.values():
        if challenge.is_qa_only:
            continue
        missing = {"status": what.undone}
        states = [
            {"node_id": node.id, **missing, "node_error": error, **rows.get(challenge.id, {})}
            for node, (rows, error) in zip(nodes, found, strict=True)
        ]
        together = _together([str(state["status"]) for state in states], what)
        result.append({"challenge_id": challenge.id, "aggregated": together, "nodes": states})
    return result


async def _rows_of(
    platform: Platform, node: Node, what: What
) -> tuple[dict[str, dict[str, Any]], str]:
    """What a node says of each challenge, or in words why it does not."""
    answer, error = await _ask(platform, node, what.look)
    if error:
        return {}, error
    try:
        rows = what.model.model_validate(answer).rows
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
    platform: Platform, report: Report, what: What, challenge_ids: list[str]
) -> dict[str, Any]:
    """Build or pull challenges on every healthy node, and follow it to the end."""
    nodes = await _nodes(platform, healthy=True)
    if not nodes:
        raise ToldFailure("no_healthy_node", "There is no healthy node.")
    open_ = {(node.id, id_) for node in nodes for id_ in challenge_ids}
    everything, failed = max(1, len(open_)), 0

    async def give_up(node: Node, error: str) -> None:
        nonlocal failed
        lost = {pair for pair in open_ if pair[0] == node.id}
        open_.difference_update(lost)
        failed += len(lost)
        await report.log(f"{node.display_name}: {error}", "error")

    for node in nodes:
        _, error = await _ask(platform, node, lambda client: what.order(client, challenge_ids))
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
                row = rows.get(pair[1], {"status": "failed", "error": "is not there"})
                if row["status"] == what.doing:
                    continue
                open_.discard(pair)
                good = row["status"] == what.done
                failed += not good
                words = f"{node.display_name}: {pair[1]} {row['status']} {row['error']}"
                await report.log(words.strip(), "info" if good else "error")
        finished = everything - len(open_)
        await report.progress(finished / everything, f"{finished} of {everything} {what.done}")
    if failed:
        raise ToldFailure(
            f"{what.name}_failed", f"{failed} of {everything} failed; the log says why."
        )
    return {"challenges": len(challenge_ids), "nodes": len(nodes), what.done: everything}


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

    @task("challenge_rescan", Params)
    async def look_again(report: Report, _: Params) -> dict[str, Any]:
        return await rescan(platform, report)

    @task("challenge_build", One)
    async def build_one(report: Report, params: One) -> dict[str, Any]:
        require_runnable(platform, params.challenge_id)
        return await prepare(platform, report, BUILD, [params.challenge_id])

    @task("challenge_build_all", Scope)
    async def build_all(report: Report, params: Scope) -> dict[str, Any]:
        ids = await in_scope(platform, params.competition_id)
        return await prepare(platform, report, BUILD, ids)

    @task("challenge_pull", One)
    async def pull_one(report: Report, params: One) -> dict[str, Any]:
        require_runnable(platform, params.challenge_id)
        return await prepare(platform, report, PULL, [params.challenge_id])

    @task("challenge_pull_all", Scope)
    async def pull_all(report: Report, params: Scope) -> dict[str, Any]:
        ids = await in_scope(platform, params.competition_id)
        return await prepare(platform, report, PULL, ids)
