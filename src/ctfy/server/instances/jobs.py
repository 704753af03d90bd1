"""The work behind instances: load in a short transaction, work in none, apply in a short one."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx
import structlog
from sqlalchemy import func, select, text

from ctfy.sdk.aio import AsyncNodeClient
from ctfy.sdk.errors import BadAnswer, CtfyApiError
from ctfy.server.access.secrets import Secret
from ctfy.server.challenges.library import Library
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement, one_of, texts
from ctfy.server.domain import Params, Report
from ctfy.server.instances import service
from ctfy.server.instances.answers import instance_answers
from ctfy.server.jobs.queue import DEFAULT_QUEUE, ENDS, Jobs
from ctfy.server.nodes.clients import NODE_FAILURES, NodeClients
from ctfy.server.records.archive import archive
from ctfy.server.scheduling import lifecycle
from ctfy.server.settings import Settings
from ctfy.server.store import Store
from ctfy.server.tables.competitions import PAUSED, CompetitionChallenge
from ctfy.server.tables.instances import ALIVE, ON_NODE, Instance, State
from ctfy.server.tables.nodes import Node
from ctfy.server.tables.submissions import ChallengeSolve

log = structlog.get_logger()

_BREATH_S = 0.05  # between two looks at a node that answers at once or not at all

_ORPHANS_AT_ONCE = 8
_NEWS_S = 5.0  # how long a node may hold a status back for news; then the row is looked at again


@dataclass(frozen=True, slots=True)
class Order:
    """What a job needs to know of an instance once it has left the database."""

    id: str
    challenge_id: str
    digest: str
    state: str
    ttl: int
    node_name: str
    node: AsyncNodeClient


async def _load(database: Database, node_clients: NodeClients, instance_id: str) -> Order | None:
    async with database.transaction() as session:
        found = await session.execute(
            select(Instance, Node).join(Node).where(Instance.id == instance_id)
        )
        row = found.one_or_none()
    if row is None:
        return None
    instance, node = row.Instance, row.Node
    client = node_clients.of(node.id, node.url)
    return Order(
        instance.id,
        instance.challenge_id,
        instance.challenge_digest,
        instance.state,
        instance.ttl,
        node.display_name,
        client,
    )


async def _state(database: Database, instance_id: str) -> str | None:
    async with database.transaction() as session:
        state: str | None = await session.scalar(
            select(Instance.state).where(Instance.id == instance_id)
        )
    return state


async def start_instance(
    settings: Settings,
    database: Database,
    library: Library,
    jobs: Jobs,
    secret: Secret,
    node_clients: NodeClients,
    instance_id: str,
) -> None:
    """Start an instance on its node and wait until it is ready, failed, or no longer wanted."""
    order = await _load(database, node_clients, instance_id)
    if order is None or order.state != State.STARTING:
        return
    try:
        surface = await _start_on_node(settings, database, library, secret, node_clients, order)
    except StartFailed as failure:
        async with database.transaction() as session:
            await lifecycle.fail(
                session, jobs, instance_id, str(failure), sources=(State.STARTING,)
            )
        return
    if surface is not None:
        async with database.transaction() as session:
            await lifecycle.become_ready(session, instance_id, surface)


class StartFailed(Exception):
    """An instance did not start; the message is for its team."""


async def _start_on_node(
    settings: Settings,
    database: Database,
    library: Library,
    secret: Secret,
    node_clients: NodeClients,
    order: Order,
) -> dict[str, Any] | None:
    """The attack surface; None when the instance is no longer wanted. Raises StartFailed."""
    try:
        challenge = await library.of(order.challenge_id, order.digest)
    except OSError as error:
        raise StartFailed("The platform cannot read the challenge now.") from error
    if challenge is None:
        raise StartFailed("The challenge is not on this platform any more.")
    answers = instance_answers(secret, order.id, challenge)
    deadline = time.monotonic() + settings.compose_up_timeout_s
    answered_at = time.monotonic()
    ordered, version = False, challenge.digest
    while time.monotonic() < deadline:
        try:
            if not ordered:
                await order.node.start_instance(
                    challenge_id=order.challenge_id,
                    instance_id=order.id,
                    ttl=order.ttl,
                    answers=answers,
                    digest=version,
                )
                ordered = True
            state = await order.node.get_status(order.id, _NEWS_S)
            answered_at = time.monotonic()
            if state.status == "error":
                raise StartFailed(state.error or "The instance did not start.")
            if state.status == "ready":
                if state.attack_surface is None:
                    raise BadAnswer("ready, and nowhere to be reached")
                return state.attack_surface.model_dump(mode="json")
        except BadAnswer as error:
            raise StartFailed("The node answered nonsense.") from error
        except CtfyApiError as error:
            if error.status_code == 404 and ordered:
                ordered = False  # the node lost it: order it again, unless it is being stopped
            elif error.status_code == 422 and version:
                version = ""  # an older node: it knows no versions, and runs what its folder holds
            elif error.status_code < 500:
                raise StartFailed(f"The node refused: {error}") from error
        except httpx.HTTPError:
            if time.monotonic() - answered_at > settings.node_unreachable_s:
                raise StartFailed(
                    f"The node {order.node_name} stopped answering. Start the instance again."
                ) from None
            # It may be back at another address: a restarted node says so in its heartbeat.
            order = await _load(database, node_clients, order.id) or order
        if await _state(database, order.id) != State.STARTING:
            return None
        await asyncio.sleep(_BREATH_S)
    raise StartFailed("The instance was not ready in time.")


async def stop_instance(
    settings: Settings,
    database: Database,
    jobs: Jobs,
    store: Store,
    node_clients: NodeClients,
    instance_id: str,
) -> None:
    """Empty the node of an instance. A node that stays away is emptied by the reconciler."""
    order = await _load(database, node_clients, instance_id)
    await _archive(database, store, instance_id, order.node if order else None)
    if order is not None:
        deadline = time.monotonic() + settings.node_unreachable_s
        while True:
            try:
                await order.node.stop_instance(instance_id)
                break
            except NODE_FAILURES as error:
                if isinstance(error, CtfyApiError) and error.status_code == 404:
                    break
                log.warning("node_stop_failed", instance_id=instance_id, error=str(error))
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
    async with database.transaction() as session:
        await lifecycle.become_stopped(session, jobs, instance_id)
    await _archive(database, store, instance_id, None)


async def _archive(
    database: Database, store: Store, instance_id: str, node: AsyncNodeClient | None
) -> None:
    """Keep what there is of an instance; a store that fails does not keep it running."""
    try:
        await archive(database, store, instance_id, node)
    except Exception as error:
        log.warning("not_archived", instance_id=instance_id, error=str(error))


async def ttl_sweep(database: Database, jobs: Jobs) -> str:
    """Stop what has outlived its TTL; what was done, in a few words."""
    async with database.transaction() as session:
        expired = await session.scalars(
            select(Instance.id)
            .where(
                Instance.state.in_(ALIVE),
                Instance.expires_at <= now(),
                Instance.competition_id.not_in(PAUSED),
            )
            .order_by(Instance.expires_at)
            .with_for_update(skip_locked=True)
            .limit(1000)
        )
        ids = expired.all()
        for instance_id in ids:
            await lifecycle.request_stop(session, jobs, instance_id, "ttl_expired")
    return f"{len(ids)} expired"


async def _end_solved(database: Database, jobs: Jobs) -> None:
    """Stop the instances on which a challenge was solved that ends them there."""
    offer = (CompetitionChallenge.competition_id == Instance.competition_id) & (
        CompetitionChallenge.challenge_id == Instance.challenge_id
    )
    solve = (ChallengeSolve.team_id == Instance.team_id) & (
        ChallengeSolve.challenge_id == Instance.challenge_id
    )
    async with database.transaction() as session:
        solved = await session.scalars(
            select(Instance.id)
            .join(CompetitionChallenge, offer)
            .join(ChallengeSolve, solve)
            .where(
                Instance.state.in_(ALIVE),
                CompetitionChallenge.ends_when_solved,
                ChallengeSolve.solved_at >= Instance.requested_at,
            )
            .with_for_update(of=Instance, skip_locked=True)
        )
        for instance_id in solved.all():
            await lifecycle.request_stop(session, jobs, instance_id, "solved")


async def reconcile(database: Database, jobs: Jobs, store: Store, node_clients: NodeClients) -> str:
    """Make table and nodes agree again, both ways; what was done, in a few words."""
    await _defer_lost_jobs(database, jobs)
    await _end_solved(database, jobs)
    async with database.transaction() as session:
        nodes = (await session.scalars(select(Node).where(Node.is_healthy))).all()
    await asyncio.gather(
        *(_reconcile_node(database, jobs, store, node_clients, node) for node in nodes)
    )
    return f"{len(nodes)} nodes"


async def _reconcile_node(
    database: Database, jobs: Jobs, store: Store, node_clients: NodeClients, node: Node
) -> None:
    # Rows first, inventory second: whatever turns ready in between is not missed as lost.
    ready = await _on_node(database, node.id, (State.READY,))
    client = node_clients.of(node.id, node.url)
    try:
        found = {state.instance_id: state for state in await client.list_instances()}
    except NODE_FAILURES as error:
        log.warning("reconcile_skipped", node_id=node.id, error=str(error))
        return
    for instance_id in ready:
        state = found.get(instance_id)
        if state is None or state.status == "error":
            words = (state.error if state else "") or "The instance is gone from its node."
            async with database.transaction() as session:
                await lifecycle.fail(
                    session,
                    jobs,
                    instance_id,
                    f"{words} Start it again.",
                    sources=(State.READY,),
                    reason="health_check_failed",
                )
    wanted = await _on_node(database, node.id, ON_NODE)
    turn = asyncio.Semaphore(_ORPHANS_AT_ONCE)

    async def remove(instance_id: str) -> None:
        async with turn:
            await _archive(database, store, instance_id, client)
            try:
                await client.stop_instance(instance_id)
            except NODE_FAILURES as error:  # the next look finds it again
                log.warning("orphan_left", instance_id=instance_id, error=str(error))
            else:
                log.info("orphan_removed", node_id=node.id, instance_id=instance_id)

    await asyncio.gather(*(remove(instance_id) for instance_id in found.keys() - wanted))


async def _on_node(database: Database, node_id: str, states: tuple[State, ...]) -> set[str]:
    async with database.transaction() as session:
        ids = await session.scalars(
            select(Instance.id).where(Instance.node_id == node_id, Instance.state.in_(states))
        )
        return set(ids)


_LOST = text(
    """
    SELECT id, state FROM instances i
    WHERE state IN ('starting', 'stopping') AND NOT EXISTS (
      SELECT 1 FROM procrastinate_jobs j WHERE j.lock = i.id AND j.status IN ('todo', 'doing')
    )
    """
)


async def _defer_lost_jobs(database: Database, jobs: Jobs) -> None:
    """An instance on its way with no job behind it gets one."""
    async with database.transaction() as session:
        for row in (await session.execute(_LOST)).all():
            starts = row.state == State.STARTING
            task, queue = ("start_instance", DEFAULT_QUEUE) if starts else ("stop_instance", ENDS)
            await jobs.defer(session, task, lock=row.id, queue=queue, instance_id=row.id)


_STOPPING = Statement(
    select(func.count()).where(one_of(Instance.id, texts("ids")), Instance.state == State.STOPPING)
)


async def stop_all_instances(
    database: Database, jobs: Jobs, report: Report, params: Params
) -> dict[str, Any]:
    """Stop every instance, and follow it to the end."""
    async with database.transaction() as session:
        ids = await service.stop_all(session, jobs)
    left = len(ids)
    await report.log(f"{left} instances told to stop")
    while left:
        await asyncio.sleep(0.5)
        left = (await database.read(_STOPPING, ids=ids))[0][0]
        await report.progress(1 - left / len(ids), f"{len(ids) - left} of {len(ids)} stopped")
    return {"stopped": len(ids)}
