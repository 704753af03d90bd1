"""Challenges across the fleet: looked for again, built and pulled, with each node's state."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import Conflict, CtfyError, NotFound
from ctfy.sdk.aio import AsyncNodeClient
from ctfy.server.access.view import audience_of_solves
from ctfy.server.cache import Cache
from ctfy.server.challenges.events import ChallengesRescanned
from ctfy.server.challenges.library import Library
from ctfy.server.competitions.events import ScoreboardUpdated
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.domain import Params, Report
from ctfy.server.events.outbox import emit
from ctfy.server.events.relay import Relay, RelayedEvent
from ctfy.server.models.builds import (
    ChallengeBuildKickoffResponse,
    ChallengePullKickoffResponse,
    ChallengeRescanNodeResult,
    ChallengeRescanResult,
    NodeBuildState,
    NodePullState,
)
from ctfy.server.nodes.clients import NODE_FAILURES, NodeClients
from ctfy.server.standings.projection import Standings
from ctfy.server.tables.competitions import Competition, CompetitionChallenge
from ctfy.server.tables.nodes import Node

log = structlog.get_logger()

_MOST_SAID = 50  # findings in one log
_MOST_OUTPUT = 2000  # lines of a node in one log

Answer = TypeVar("Answer")

_ANSWER_S = 5.0  # how long a node may take to say what it has
_LOOK_S = 0.5
_PAUSES_S = (1, 2, 4, 8, 16, 32, 60, 60)  # between looks at what has changed


class OneChallenge(Params):
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
    order: Callable[[AsyncNodeClient, list[str]], Awaitable[Any]]
    look: Callable[[AsyncNodeClient], Awaitable[NodeBuildState | NodePullState]]
    result: type[ChallengeBuildKickoffResponse | ChallengePullKickoffResponse]


BUILD = What(
    "build",
    "building",
    "built",
    "unbuilt",
    AsyncNodeClient.build_all_challenges,
    AsyncNodeClient.get_build_state,
    ChallengeBuildKickoffResponse,
)
PULL = What(
    "pull",
    "pulling",
    "pulled",
    "unpulled",
    AsyncNodeClient.pull_all_challenges,
    AsyncNodeClient.get_pull_state,
    ChallengePullKickoffResponse,
)


class TaskFailure(Conflict):
    """A task that did not do all it should; the log says what."""


async def _nodes(database: Database, *, healthy: bool = False) -> list[Node]:
    query = select(Node).order_by(Node.registered_at, Node.id)
    async with database.transaction() as session:
        return list(await session.scalars(query.where(Node.is_healthy) if healthy else query))


async def _in_time(answer: Awaitable[Answer]) -> tuple[Answer | None, str]:
    """A node's answer, or in words why there is none; it gets a few seconds."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            return await answer, ""
    except TimeoutError:
        return None, "The node did not answer in time."
    except NODE_FAILURES as error:
        return None, f"The node did not answer: {error}"


def _together(statuses: list[str], what: What) -> str:
    """The fleet's status: of the worst node."""
    for status in (what.doing, "failed", what.undone):
        if status in statuses:
            return status
    return what.done if statuses else what.undone


async def states(
    database: Database, catalogue: Catalogue, node_clients: NodeClients, what: What
) -> dict[str, Any]:
    """In `rows`, per challenge: each node's row, with `node_error` where there is none."""
    nodes = await _nodes(database)
    found = await asyncio.gather(*(_rows_of(node_clients, node, what) for node in nodes))
    result = []
    for challenge in catalogue.challenges.values():
        if challenge.is_qa_only:
            continue
        missing = {"status": what.undone}
        states = [
            {"node_id": node.id, **missing, "node_error": error, **rows.get(challenge.id, {})}
            for node, (rows, error) in zip(nodes, found, strict=True)
        ]
        together = _together([str(state["status"]) for state in states], what)
        result.append({"challenge_id": challenge.id, "aggregated": together, "nodes": states})
    return {"rows": result}


async def _rows_of(
    node_clients: NodeClients, node: Node, what: What
) -> tuple[dict[str, dict[str, Any]], str]:
    """What a node says of each challenge, or in words why it does not."""
    state, error = await _in_time(what.look(node_clients.of(node.id, node.url)))
    return {row.challenge_id: row.model_dump() for row in state.rows} if state else {}, error


# -- tasks


async def rescan(
    database: Database,
    catalogue: Catalogue,
    library: Library,
    node_clients: NodeClients,
    report: Report,
    params: Params,
) -> dict[str, Any]:
    """Look at the challenges folder again, here, on every replica and on every node."""
    try:
        changes = await library.rescan()
    except OSError as gone:
        raise TaskFailure("challenges_broken", f"Nothing was changed: {gone}") from gone
    await report.log(f"{len(catalogue.challenges)} challenges: {changes}")
    wrong = [finding for findings in catalogue.broken.values() for finding in findings]
    for finding in wrong[:_MOST_SAID]:
        await report.log(str(finding), "error")
    nodes = await _nodes(database, healthy=True)
    result = ChallengeRescanResult(
        total=len(catalogue.challenges),
        added=sorted(changes.added),
        removed=sorted(changes.removed),
        changed=sorted(changes.changed),
        broken=sorted(changes.broken),
    )
    for number, node in enumerate(nodes, 1):
        seen, error = await _in_time(node_clients.of(node.id, node.url).rescan_challenges())
        result.nodes.append(
            ChallengeRescanNodeResult(
                node_id=node.id,
                ok=seen is not None,
                total=seen.total if seen else None,
                error=error or None,
            )
        )
        words = f"{seen.total} challenges" if seen else error
        await report.log(f"{node.display_name}: {words}", "info" if seen else "error")
        await report.progress(number / len(nodes), f"{number} of {len(nodes)} nodes")
    # Last, when every replica has looked: whoever hears of it reads the new worth.
    async with database.transaction() as session:
        await _announce(session, {*changes.added, *changes.removed, *changes.changed})
    failed = sum(not node.ok for node in result.nodes)
    if failed:
        raise TaskFailure("nodes_failed", f"{failed} of {len(nodes)} nodes did not look again.")
    if changes.broken:
        words = f"{len(changes.broken)} broken, and left as they were; the first: {wrong[0]}"
        raise TaskFailure("challenges_broken", words)
    return result.model_dump()


async def archive(library: Library) -> None:
    """Keep the versions that came out of the challenges folder."""
    await library.archive_folder()


async def spread(database: Database, catalogue: Catalogue, node_clients: NodeClients) -> None:
    """Tell the nodes, and the readers of standings, that challenges have other versions.

    A node that does not hear of it now gets the version with its next order.
    """
    nodes = await _nodes(database, healthy=True)
    told = await asyncio.gather(
        *(_in_time(node_clients.of(node.id, node.url).rescan_challenges()) for node in nodes)
    )
    for node, (_, error) in zip(nodes, told, strict=True):
        if error:
            log.warning("node_not_told_of_versions", node=node.display_name, error=error)
    async with database.transaction() as session:
        await _announce(session, set(catalogue.challenges))


async def _announce(session: AsyncSession, challenge_ids: set[str]) -> None:
    """Tell the readers of standings that the worth of some challenges may be another."""
    within = select(CompetitionChallenge.competition_id).where(
        CompetitionChallenge.challenge_id.in_(challenge_ids)
    )
    moment = now()
    for competition in await session.scalars(select(Competition).where(Competition.id.in_(within))):
        audience = audience_of_solves(competition, moment)
        emit(session, ScoreboardUpdated(competition_id=competition.id), audience=audience)


class CatalogueFollower:
    """Has this process look at the challenges again whenever it is told that they changed."""

    def __init__(self, library: Library, cache: Cache, standings: Standings, relay: Relay) -> None:
        self._library = library
        self._cache = cache
        self._standings = standings
        self._running: set[asyncio.Task[None]] = set()
        relay.observe(self._apply)

    def _apply(self, event: RelayedEvent) -> None:
        if event.kind is ChallengesRescanned:
            task = asyncio.get_running_loop().create_task(self._rescan())
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _rescan(self) -> None:
        for pause in (*_PAUSES_S, None):
            try:
                changes = await self._library.follow()
            except (OSError, CtfyError, SQLAlchemyError) as error:
                log.warning("challenges_not_rescanned", error=str(error))
                if pause is not None:
                    await asyncio.sleep(pause)
                continue
            self._standings.clear()
            self._cache.clear()
            log.info("challenges_rescanned", changes=str(changes))
            return


class Output:
    """What nodes say while they prepare a challenge, passed on to the log of a task."""

    def __init__(self, node_clients: NodeClients, report: Report, challenge_id: str) -> None:
        self._clients = node_clients
        self._report = report
        self._challenge_id = challenge_id
        self._after: dict[str, int] = {}
        self._passed: Counter[str] = Counter()
        self._silent: set[str] = set()

    async def relay(self, node: Node) -> None:
        """Pass on what a node said since the last time; one of before says nothing."""
        if node.id in self._silent:
            return
        client = self._clients.of(node.id, node.url)
        after = self._after.get(node.id, 0)
        try:
            async with asyncio.timeout(_ANSWER_S):
                said = await client.get_build_log(self._challenge_id, after)
        except (TimeoutError, *NODE_FAILURES):
            self._silent.add(node.id)
            return
        lines = [line for line in said.lines if line.seq > after]
        if not lines:
            return
        self._after[node.id] = max(line.seq for line in lines)
        left = max(0, _MOST_OUTPUT - self._passed[node.id])
        self._passed[node.id] += len(lines)
        words = [f"{node.display_name}: {line.line}" for line in lines[:left]]
        if len(lines) > left:
            self._silent.add(node.id)
            words.append(f"{node.display_name}: … and more, which is on the node")
        await self._report.log_lines(words)


async def prepare(
    database: Database,
    node_clients: NodeClients,
    report: Report,
    what: What,
    challenge_ids: list[str],
) -> dict[str, Any]:
    """Build or pull challenges on every healthy node, and follow it to the end."""
    nodes = await _nodes(database, healthy=True)
    if not nodes:
        raise TaskFailure("no_healthy_node", "There is no healthy node.")
    open_ = {(node.id, id_) for node in nodes for id_ in challenge_ids}
    everything, failed = max(1, len(open_)), 0

    async def give_up(node: Node, error: str) -> None:
        nonlocal failed
        lost = {pair for pair in open_ if pair[0] == node.id}
        open_.difference_update(lost)
        failed += len(lost)
        await report.log(f"{node.display_name}: {error}", "error")

    for node in nodes:
        client = node_clients.of(node.id, node.url)
        _, error = await _in_time(what.order(client, challenge_ids))
        if error:
            await give_up(node, error)
    # Of many at once nobody could tell the lines apart.
    output = Output(node_clients, report, challenge_ids[0]) if len(challenge_ids) == 1 else None
    while open_:
        await asyncio.sleep(_LOOK_S)
        for node in nodes:
            if not any(pair[0] == node.id for pair in open_):
                continue
            rows, error = await _rows_of(node_clients, node, what)
            if output and not error:
                await output.relay(node)  # after the state: nothing is said once that is final
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
        raise TaskFailure(
            f"{what.name}_failed", f"{failed} of {everything} failed; the log says why."
        )
    of_nodes = [
        {"node_id": node.id, "ok": True, "status": what.done, "queued": challenge_ids}
        for node in nodes
    ]
    return what.result.model_validate({"nodes": of_nodes}).model_dump()


def require_runnable(catalogue: Catalogue, challenge_id: str) -> None:
    """Raise `challenge_not_found`, or `challenge_has_no_instance` for what needs no node."""
    challenge = catalogue.get(challenge_id)
    if challenge is None:
        raise NotFound("challenge_not_found", "There is no such challenge.")
    if challenge.is_qa_only:
        raise Conflict("challenge_has_no_instance", "This challenge has no instance to build.")


async def _asked_for(
    database: Database, catalogue: Catalogue, params: OneChallenge | Scope
) -> list[str]:
    """The challenges that are built or pulled: those with instances.

    Raises `competition_not_found`, and what `require_runnable` raises.
    """
    if isinstance(params, OneChallenge):
        require_runnable(catalogue, params.challenge_id)
        return [params.challenge_id]
    runnable = [c.id for c in catalogue.challenges.values() if not c.is_qa_only]
    if not params.competition_id:
        return runnable
    async with database.transaction() as session:
        if await session.get(Competition, params.competition_id) is None:
            raise NotFound("competition_not_found", "There is no such competition.")
        ids = set(
            await session.scalars(
                select(CompetitionChallenge.challenge_id).where(
                    CompetitionChallenge.competition_id == params.competition_id
                )
            )
        )
    return [id_ for id_ in runnable if id_ in ids]


async def build(
    database: Database,
    catalogue: Catalogue,
    node_clients: NodeClients,
    report: Report,
    params: OneChallenge | Scope,
) -> dict[str, Any]:
    """Build challenges on every node."""
    ids = await _asked_for(database, catalogue, params)
    result = await prepare(database, node_clients, report, BUILD, ids)
    return result | {"challenge_id": getattr(params, "challenge_id", "")}


async def pull(
    database: Database,
    catalogue: Catalogue,
    node_clients: NodeClients,
    report: Report,
    params: OneChallenge | Scope,
) -> dict[str, Any]:
    """Pull the images of challenges on every node."""
    ids = await _asked_for(database, catalogue, params)
    result = await prepare(database, node_clients, report, PULL, ids)
    return result | {"challenge_id": getattr(params, "challenge_id", "")}
