"""The activity log: the events, as people read them."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.models.activity import (
    Activity,
    ActivityDetail,
    ActivityTimeseries,
    ActivityTimeseriesBucket,
)
from ctfy.server.tables.access import User
from ctfy.server.tables.events import OutboxEvent


def narrowed(
    *,
    team_id: str = "",
    challenge_id: str = "",
    event: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Any]:
    """Conditions on events; empty values leave them out."""
    conditions: list[Any] = []
    if team_id:
        conditions.append(OutboxEvent.team_id == team_id)
    if challenge_id:
        conditions.append(OutboxEvent.payload["challenge_id"].as_string() == challenge_id)
    if event:
        conditions.append(OutboxEvent.name == event)
    if since:
        conditions.append(OutboxEvent.created_at >= _zoned(since))
    if until:
        conditions.append(OutboxEvent.created_at < _zoned(until))
    return conditions


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def activities(conditions: list[Any]) -> Select[OutboxEvent, str | None, str | None]:
    """The log, newest first, with who did it."""
    return (
        select(
            OutboxEvent,
            User.display_name.label("actor_name"),
            User.avatar_url.label("actor_avatar"),
        )
        .outerjoin(User, User.id == OutboxEvent.actor_id)
        .where(*conditions)
        .order_by(OutboxEvent.id.desc())
    )


def activity(row: Row[*tuple[Any, ...]], *, audited: bool = False) -> Activity:
    """A row of `activities` on the wire; what was before and after is for operators."""
    event: OutboxEvent = row.OutboxEvent
    payload = event.payload
    known = {name: payload[name] for name in ActivityDetail.model_fields if name in payload}
    if audited and event.audit:
        known |= event.audit
    return Activity(
        id=str(event.id),
        timestamp=event.created_at,
        event=event.name,
        team_id=payload.get("team_id", ""),
        team_name=payload.get("team_name", ""),
        challenge_id=payload.get("challenge_id", ""),
        actor_id=event.actor_id or "",
        actor_name=row.actor_name or "",
        actor_type="user" if event.actor_id else "system",
        actor_avatar_url=row.actor_avatar or "",
        detail=ActivityDetail(**known),
    )


async def timeseries(
    session: AsyncSession, conditions: list[Any], window: int, bucket: int
) -> ActivityTimeseries:
    """The activities of the last `window` seconds, in buckets of `bucket` seconds."""
    end = time.time()
    first = int((end - window) // bucket) * bucket
    since = datetime.fromtimestamp(first, UTC)
    number = func.floor(func.extract("epoch", OutboxEvent.created_at) / bucket)
    rows = await session.execute(
        select(number.label("number"), OutboxEvent.name, func.count().label("times"))
        .where(*conditions, OutboxEvent.created_at >= since)
        .group_by(number, OutboxEvent.name)
    )
    counted: defaultdict[int, Counter[str]] = defaultdict(Counter)
    names: set[str] = set()
    for row in rows:
        counted[int(row.number) * bucket][row.name] = row.times
        names.add(row.name)
    return ActivityTimeseries(
        window_s=window,
        bucket_s=bucket,
        events=sorted(names),
        buckets=[
            ActivityTimeseriesBucket(ts=ts, counts=counted[ts], partial=ts + bucket > end)
            for ts in range(first, int(end) + 1, bucket)
        ],
    )
