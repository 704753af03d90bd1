"""Placement: who gets a node next, and which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.server.jobs.queue import Jobs
from ctfy.server.tables.instances import ON_NODE, Instance, State
from ctfy.server.tables.nodes import Node

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


def waiting_for() -> ColumnElement[str]:
    """What a requested instance waits for; empty for any other.

    `node`: no node takes instances. `labels`: none has those that it asks for. `memory`: those
    that do are short of memory or disk. `place`: they are full. `turn`: it is being placed.
    """
    takes = Node.is_healthy & ~Node.draining
    fits = takes & Node.labels.contains(Instance.node_labels)
    used = (
        select(func.count())
        .where(_placed.node_id == Node.id, _placed.state.in_(ON_NODE))
        .correlate(Node)
        .scalar_subquery()
    )
    roomy = fits & ~Node.overloaded
    return case(
        (Instance.state != State.REQUESTED, ""),
        (~_some_node(takes), "node"),
        (~_some_node(fits), "labels"),
        (~_some_node(roomy), "memory"),
        (~_some_node(roomy & (Node.capacity > used)), "place"),
        else_="turn",
    )


def _some_node(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(Node.id).where(condition).correlate(Instance).exists()


_placed = aliased(Instance)
_MOST_LOOKED_AT = 500


@dataclass
class _Room:
    """A node that can take instances."""

    id: str
    free: int
    capacity: int
    cpu_percent: float
    labels: dict[str, str]
    ready_challenges: frozenset[str] | None

    def fits(self, instance: Instance) -> bool:
        return self.free > 0 and instance.node_labels.items() <= self.labels.items()

    @property
    def load(self) -> float:
        """How busy it is, 0 to 1: by its places or its processors, whichever are scarcer."""
        return max(1 - self.free / self.capacity, self.cpu_percent / 100)

    def has_ready(self, challenge_id: str) -> bool:
        return self.ready_challenges is None or challenge_id in self.ready_challenges


async def place(session: AsyncSession, jobs: Jobs) -> None:
    """Give waiting instances to nodes with room, as far as the room goes.

    A node qualifies that has the labels an instance asks for; one that has its images is
    preferred, then the least loaded. Runs under one lock, in the transaction of whatever made
    room or joined the queue.
    """
    await session.flush()
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    nodes = await _nodes_with_room(session)
    if not nodes:
        return
    chosen = await session.scalars(_IN_ORDER)
    for instance in chosen.all():
        fitting = [node for node in nodes if node.fits(instance)]
        if not fitting:
            continue
        best = max(fitting, key=lambda n: (n.has_ready(instance.challenge_id), -n.load, n.free))
        best.free -= 1
        instance.node_id = best.id
        instance.state = State.STARTING
        await jobs.defer(session, "start_instance", lock=instance.id, instance_id=instance.id)


async def _nodes_with_room(session: AsyncSession) -> list[_Room]:
    """The healthy nodes with free places that are not drained and not short of memory or disk."""
    return [
        _Room(
            row.id,
            row.free,
            row.capacity,
            row.cpu_percent,
            row.labels,
            None if row.ready_challenges is None else frozenset(row.ready_challenges),
        )
        for row in await session.execute(_WITH_ROOM)
    ]


def _in_order() -> Select[Instance]:
    waiting = queue()
    return (
        select(Instance)
        .join(waiting, waiting.c.id == Instance.id)
        .order_by(waiting.c.place)
        .limit(_MOST_LOOKED_AT)
    )


def _with_room() -> Select[Any]:
    used = (
        select(Instance.node_id, func.count().label("used"))
        .where(Instance.state.in_(ON_NODE))
        .group_by(Instance.node_id)
        .subquery()
    )
    running: Any = func.coalesce(used.c.used, 0)
    return (
        select(
            Node.id,
            (Node.capacity - running).label("free"),
            Node.capacity,
            Node.cpu_percent,
            Node.labels,
            Node.ready_challenges,
        )
        .outerjoin(used, used.c.node_id == Node.id)
        .where(
            Node.is_healthy,
            ~Node.draining,
            Node.capacity - running > 0,
            ~Node.overloaded,
        )
    )


# Built once: every launch asks them, under the lock.
_IN_ORDER, _WITH_ROOM = _in_order(), _with_room()
