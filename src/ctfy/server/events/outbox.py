"""Writing an event in the transaction of what it tells of."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.database.connections import AFTER_COMMIT
from ctfy.server.events.types import EVENTS, Audience, Event
from ctfy.server.tables.events import OutboxEvent


def emit(
    session: AsyncSession,
    event: Event,
    *,
    audience: Audience | None = None,
    actor_id: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add an event to the session: it goes out when, and only if, the transaction commits.

    `audience`: one of the type's, its first by default. `actor_id` is the person who did it;
    `before` and `after` are for the operators' log, and sent to no reader. Raises ValueError on an
    event whose type is not declared, and on an audience that the type does not name.
    """
    if EVENTS.get(event.name) is not type(event):
        raise ValueError(f"{type(event).__name__} is not a declared event")
    chosen = audience or event.audiences[0]
    if chosen not in event.audiences:
        raise ValueError(f"{event.name} is not for {chosen}")
    audit = None
    if before is not None or after is not None:
        audit = to_jsonable_python({"before": before or {}, "after": after or {}})
    session.add(
        OutboxEvent(
            name=event.name,
            audience=chosen,
            team_id=event.team_id or None,
            actor_id=actor_id or None,
            payload=event.model_dump(mode="json", exclude_none=True),
            audit=audit,
        )
    )
    session.info.setdefault(AFTER_COMMIT, []).append(event)
