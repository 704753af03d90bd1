"""Placement: who gets a node next, and which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.challenge.limits import KINDS_OF_MOST, too_much
from ctfy.server.jobs.queue import Jobs
from ctfy.server.tables.competitions import PAUSED
from ctfy.server.tables.instances import ON_NODE, Instance, State
from ctfy.server.tables.nodes import Node

_LOCK = 0x706C6163
_ROUNDING = 1e-6  # of processors: sums of their parts are not exact


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
    that do are short of memory or disk. `place`: they are full, or too full for what it takes.
    `turn`: it is being placed.
    """
    takes = Node.is_healthy & ~Node.draining
    fits = takes & Node.labels.contains(Instance.node_labels)
    roomy = fits & ~Node.overloaded
    return case(
        (Instance.state != State.REQUESTED, ""),
        (~_some_node(takes), "node"),
        (~_some_node(fits), "labels"),
        (~_some_node(roomy), "memory"),
        (~_some_node(roomy & _has_room()), "place"),
        else_="turn",
    )


def _has_room() -> ColumnElement[bool]:
    """Whether a node has a place for an instance, and what it takes; as `Room.fits` says."""
    on_node = (_placed.node_id == Node.id, _placed.state.in_(ON_NODE))

    def taken(what: ColumnElement[Any]) -> ColumnElement[Any]:
        return select(what).where(*on_node).correlate(Node).scalar_subquery()

    memory = Node.memory_mb - taken(func.coalesce(func.sum(_placed.memory_mb), 0))
    cpus = Node.cpus - taken(func.coalesce(func.sum(_placed.cpus), 0))
    enough = [
        func.coalesce(Instance.asks[kind].as_float() <= Node.most[kind].as_float(), true())
        for kind in KINDS_OF_MOST
    ]
    return and_(
        Node.capacity > taken(func.count()),
        func.coalesce(memory >= Instance.memory_mb, true()),
        func.coalesce(cpus + _ROUNDING >= Instance.cpus, true()),
        *enough,
    )


def _some_node(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(Node.id).where(condition).correlate(Instance).exists()


_placed = aliased(Instance)
_MOST_LOOKED_AT = 500


@dataclass
class Room:
    """A node that can take instances, and what of it is free. None: it does not say."""

    id: str
    free: int
    capacity: int
    cpu_percent: float
    labels: dict[str, str]
    ready_challenges: frozenset[str] | None = None
    memory_mb: int | None = None
    free_memory_mb: int = 0
    cpus: float | None = None
    free_cpus: float = 0.0
    most: dict[str, float] | None = None

    def fits(self, instance: Instance) -> bool:
        """Whether an instance may go here, now."""
        return (
            self.free > 0
            and instance.node_labels.items() <= self.labels.items()
            and (self.memory_mb is None or instance.memory_mb <= self.free_memory_mb)
            and (self.cpus is None or instance.cpus <= self.free_cpus + _ROUNDING)
            and not too_much(instance.asks, self.most or {})
        )

    def take(self, instance: Instance) -> None:
        """Count an instance that goes here."""
        self.free -= 1
        self.free_memory_mb -= instance.memory_mb
        self.free_cpus -= instance.cpus

    @property
    def load(self) -> float:
        """How busy it is, 0 to 1: by its places, memory or processors, whichever are scarcer."""
        memory = self.free_memory_mb / self.memory_mb if self.memory_mb else 1
        cpus = self.free_cpus / self.cpus if self.cpus else 1
        return max(1 - min(self.free / self.capacity, memory, cpus), self.cpu_percent / 100)

    def has_ready(self, challenge_id: str) -> bool:
        """Whether it has the images of a challenge, as far as it says."""
        return self.ready_challenges is None or challenge_id in self.ready_challenges


def assign(instances: Iterable[Instance], rooms: list[Room]) -> Iterator[tuple[Instance, Room]]:
    """Give instances to nodes, in their order, as far as the room goes.

    One that fits nowhere is passed over. Of those that it fits, a node is preferred that has its
    images, then the least loaded.
    """
    for instance in instances:
        fitting = [room for room in rooms if room.fits(instance)]
        if not fitting:
            continue
        best = max(fitting, key=lambda n: (n.has_ready(instance.challenge_id), -n.load, n.free))
        best.take(instance)
        yield instance, best


async def shortage(session: AsyncSession, instance: Instance) -> str:
    """Why no node that there is could ever run an instance, in words; empty where one could.

    Full nodes, and those that are away, could; a node that does not say what it gives could, too.
    """
    if not instance.asks:
        return ""
    found = await session.execute(
        select(Node.most, Node.memory_mb, Node.cpus).where(
            Node.labels.contains(instance.node_labels)
        )
    )
    nodes = [bounds(row.most, row.memory_mb, row.cpus) for row in found]
    return unmet(instance.asks, nodes)


def bounds(
    most: Mapping[str, float] | None, memory_mb: int | None, cpus: float | None
) -> dict[str, float]:
    """What one instance can have on a node, by the names of `Limits`."""
    given = dict(most or {})
    for kind, all_together in (("memory_mb", memory_mb), ("cpus", cpus)):
        if all_together is not None:
            given[kind] = min(given.get(kind, all_together), all_together)
    return given


def unmet(asks: Mapping[str, float], nodes: list[dict[str, float]]) -> str:
    """What a challenge asks for that none of some nodes gives; empty where one gives all."""
    short = [too_much(asks, node) for node in nodes]
    if not short or not all(short):
        return ""
    best = {kind: max(node.get(kind, inf) for node in nodes) for kind in asks}
    if over := too_much(asks, best):
        return f"{over[0][1]} on any node"
    return "no single node gives all that it asks for"


async def place(session: AsyncSession, jobs: Jobs) -> None:
    """Give waiting instances to nodes with room, as far as the room goes.

    Runs under one lock, in the transaction of whatever made room or joined the queue.
    """
    await session.flush()
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    nodes = await _nodes_with_room(session)
    if not nodes:
        return
    chosen = await session.scalars(_IN_ORDER)
    for instance, room in assign(chosen.all(), nodes):
        instance.node_id = room.id
        instance.state = State.STARTING
        await jobs.defer(session, "start_instance", lock=instance.id, instance_id=instance.id)


async def _nodes_with_room(session: AsyncSession) -> list[Room]:
    """The healthy nodes with free places that are not drained and not short of memory or disk."""
    return [
        Room(
            row.id,
            row.free,
            row.capacity,
            row.cpu_percent,
            row.labels,
            None if row.ready_challenges is None else frozenset(row.ready_challenges),
            row.memory_mb,
            (row.memory_mb or 0) - row.memory_taken,
            row.cpus,
            (row.cpus or 0.0) - row.cpus_taken,
            row.most,
        )
        for row in await session.execute(_WITH_ROOM)
    ]


def _in_order() -> Select[Instance]:
    waiting = queue()
    return (
        select(Instance)
        .join(waiting, waiting.c.id == Instance.id)
        .where(Instance.competition_id.not_in(PAUSED))  # they keep their turn
        .order_by(waiting.c.place)
        .limit(_MOST_LOOKED_AT)
    )


def _with_room() -> Select[Any]:
    used = (
        select(
            Instance.node_id,
            func.count().label("used"),
            func.sum(Instance.memory_mb).label("memory"),
            func.sum(Instance.cpus).label("cpus"),
        )
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
            Node.memory_mb,
            func.coalesce(used.c.memory, 0).label("memory_taken"),
            Node.cpus,
            func.coalesce(used.c.cpus, 0).label("cpus_taken"),
            Node.most,
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
