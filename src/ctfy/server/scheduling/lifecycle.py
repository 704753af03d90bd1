"""The moves of an instance. Each is a compare-and-set on the row, plus its event."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.database.base import now
from ctfy.server.events.outbox import emit
from ctfy.server.jobs.queue import ENDS, Jobs
from ctfy.server.scheduling.events import (
    InstanceError,
    InstanceEvent,
    InstanceReady,
    InstanceStopped,
    InstanceStopRequested,
)
from ctfy.server.scheduling.placement import place
from ctfy.server.tables.instances import ALIVE, Instance, State
from ctfy.server.tables.teams import Team


async def _move(
    session: AsyncSession, instance_id: str, sources: tuple[State, ...], **values: Any
) -> Instance | None:
    """The row after the move; None when it was in none of `sources`, and nothing changed."""
    moved: Instance | None = await session.scalar(
        update(Instance)
        .where(Instance.id == instance_id, Instance.state.in_(sources))
        .values(**values)
        .returning(Instance)
        .execution_options(populate_existing=True)
    )
    return moved


async def emit_for_instance(
    session: AsyncSession,
    kind: type[InstanceEvent],
    instance: Instance,
    *,
    actor_id: str = "",
    **more: Any,
) -> None:
    """Emit an event of an instance."""
    team_name = await session.scalar(select(Team.name).where(Team.id == instance.team_id))
    event = kind(
        team_id=instance.team_id,
        team_name=team_name or "",
        challenge_id=instance.challenge_id,
        instance_id=instance.id,
        competition_id=instance.competition_id,
        node_id=instance.node_id or "",
        **more,
    )
    emit(session, event, actor_id=actor_id)


async def become_ready(session: AsyncSession, instance_id: str, surface: dict[str, Any]) -> None:
    """`starting -> ready`."""
    moved = await _move(
        session,
        instance_id,
        (State.STARTING,),
        state=State.READY,
        surface=surface,
        ready_at=now(),
    )
    if moved:
        await emit_for_instance(session, InstanceReady, moved)


async def fail(
    session: AsyncSession,
    jobs: Jobs,
    instance_id: str,
    error: str,
    *,
    sources: tuple[State, ...] = (State.REQUESTED, State.STARTING, State.READY),
    reason: str = "error",
) -> None:
    """Any live state `-> error`. What is left on the node, the reconciler removes."""
    moved = await _move(
        session,
        instance_id,
        sources,
        state=State.ERROR,
        error=error.replace("\0", "")[:2000],
        stop_reason=reason,
        stopped_at=now(),
    )
    if moved:
        await emit_for_instance(session, InstanceError, moved, error=moved.error, reason=reason)
        await place(session, jobs)


async def request_stop(
    session: AsyncSession, jobs: Jobs, instance_id: str, reason: str, *, actor_id: str = ""
) -> Instance | None:
    """A live state `-> stopping`, and the job that empties the node; None when it was over.

    An instance that still waits for a node is stopped at once.
    """
    waiting = await _move(
        session,
        instance_id,
        (State.REQUESTED,),
        state=State.STOPPED,
        stop_reason=reason,
        stopped_at=now(),
    )
    if waiting:
        await emit_for_instance(session, InstanceStopped, waiting, reason=reason, actor_id=actor_id)
        return waiting
    moved = await _move(session, instance_id, ALIVE, state=State.STOPPING, stop_reason=reason)
    if moved:
        if actor_id:  # the end itself is told when it has come, by nobody
            await emit_for_instance(
                session,
                InstanceStopRequested,
                moved,
                reason=reason,
                actor_id=actor_id,
            )
        await jobs.defer(
            session, "stop_instance", lock=instance_id, queue=ENDS, instance_id=instance_id
        )
    return moved


async def become_stopped(session: AsyncSession, jobs: Jobs, instance_id: str) -> None:
    """`stopping -> stopped`; the place goes to whoever waits."""
    moved = await _move(
        session, instance_id, (State.STOPPING,), state=State.STOPPED, stopped_at=now()
    )
    if moved:
        await emit_for_instance(session, InstanceStopped, moved, reason=moved.stop_reason)
        await place(session, jobs)
