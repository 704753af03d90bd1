"""Writing an event in the transaction of what it tells of."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb
from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.database.connections import AFTER_COMMIT, driver_connection
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
    chosen = _checked(event, audience)
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


def _checked(event: Event, audience: Audience | None) -> Audience:
    """Who is to hear of an event. Raises ValueError as `emit` does."""
    if EVENTS.get(event.name) is not type(event):
        raise ValueError(f"{type(event).__name__} is not a declared event")
    chosen = audience or event.audiences[0]
    if chosen not in event.audiences:
        raise ValueError(f"{event.name} is not for {chosen}")
    return chosen


class Emitted(NamedTuple):
    """An event that goes out with many others; `at`: when it happened."""

    event: Event
    at: datetime
    audience: Audience | None = None
    actor_id: str = ""


_INSERT = """
INSERT INTO events (name, audience, team_id, actor_id, payload, created_at)
SELECT e.name, e.audience, e.team_id, e.actor_id, e.payload, e.at
FROM jsonb_to_recordset(%(rows)s) AS e(
  name text, audience text, team_id text, actor_id text, payload jsonb, at timestamptz)
"""


async def emit_all(session: AsyncSession, emitted: list[Emitted]) -> None:
    """Write many events at once, in their order; else like `emit`."""
    rows = [
        {
            "name": one.event.name,
            "audience": _checked(one.event, one.audience),
            "team_id": one.event.team_id or None,
            "actor_id": one.actor_id or None,
            "payload": one.event.model_dump(mode="json", exclude_none=True),
            "at": one.at.isoformat(),
        }
        for one in emitted
    ]
    if rows:
        await (await driver_connection(session)).execute(_INSERT, {"rows": Jsonb(rows)})
        session.info.setdefault(AFTER_COMMIT, []).extend(one.event for one in emitted)
