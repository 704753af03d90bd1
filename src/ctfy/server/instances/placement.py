"""Placement: who gets a node next, and which."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Subquery, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.instances.tables import ON_NODE, Instance, State
from ctfy.server.jobs.engine import Jobs
from ctfy.server.nodes.tables import Node

_LOCK = 0x706C6163


def queue() -> Subquery:
    """The waiting instances in their order: `(id, place)`.

    Fair: an instance's turn is how many its team runs already plus its own place among the
    team's waiting ones; equal turns go by age. One team's hundred wait behind another's first.
    """
    running = (
        select(Instance.team_id, func.count().label("running"))
        .where(Instance.state.in_(ON_NODE))
        .group_by(Instance.team_id)
        .subquery()
    )
    turn = func.coalesce(running.c.running, 0) + func.row_number().over(
        partition_by=Instance.team_id, order_by=(Instance.requested_at, Instance.id)
    )
    waiting = (
        select(Instance.id, Instance.requested_at, turn.label("turn"))
        .outerjoin(running, running.c.team_id == Instance.team_id)
        .where(Instance.state == State.REQUESTED)
        .subquery()
    )
    place = func.row_number().over(order_by=(waiting.c.turn, waiting.c.requested_at, waiting.c.id))
    return select(waiting.c.id, place.label("place")).subquery("queue")


async def place(session: AsyncSession, jobs: Jobs) -> None:
    """Give waiting instances to nodes with room, least loaded first, as far as the room goes.

    Runs under one lock, in the transaction of whatever made room or joined the queue.
    """
    await session.flush()
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    nodes = await _nodes_with_room(session)
    if not nodes:
        return
    waiting = queue()
    room = sum(free for _, free, _ in nodes)
    chosen = await session.scalars(
        select(Instance)
        .join(waiting, waiting.c.id == Instance.id)
        .order_by(waiting.c.place)
        .limit(room)
    )
    for instance in chosen.all():
        nodes.sort(key=lambda node: node[1] / node[2], reverse=True)
        node_id, free, capacity = nodes[0]
        nodes[0] = (node_id, free - 1, capacity)
        instance.node_id = node_id
        instance.state = State.STARTING
        await jobs.defer(session, "start_instance", lock=instance.id, instance_id=instance.id)


async def _nodes_with_room(session: AsyncSession) -> list[tuple[str, int, int]]:
    """`(id, free places, capacity)` of the healthy nodes that have any."""
    used = (
        select(Instance.node_id, func.count().label("used"))
        .where(Instance.state.in_(ON_NODE))
        .group_by(Instance.node_id)
        .subquery()
    )
    free: Any = Node.capacity - func.coalesce(used.c.used, 0)
    rows = await session.execute(
        select(Node.id, free, Node.capacity)
        .outerjoin(used, used.c.node_id == Node.id)
        .where(Node.is_healthy, free > 0)
    )
    return [(row[0], row[1], row[2]) for row in rows]
