"""The activity log: the events, as people read them."""

from __future__ import annotations

import functools
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select, text
from sqlalchemy.orm import aliased

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.view import Sight, View
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement
from ctfy.server.models.activity import (
    Activity,
    ActivityDetail,
    ActivityTimeseries,
    ActivityTimeseriesBucket,
)
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.events import OutboxEvent


def filter_values(
    *,
    team_id: str = "",
    challenge_id: str = "",
    event: str = "",
    actor_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, Any]:
    """What the log is narrowed to, for `listed` and `timeseries`; empty values narrow nothing."""
    given = {
        "team_id": team_id,
        "challenge_id": challenge_id,
        "event": event,
        "actor_id": actor_id,
        "since": _zoned(since) if since else None,
        "until": _zoned(until) if until else None,
    }
    return {name: value for name, value in given.items() if value}


def _narrowed(sight: Sight, by: frozenset[str]) -> list[ColumnElement[bool]]:
    columns: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "team_id": lambda value: OutboxEvent.team_id == value,
        "challenge_id": lambda value: OutboxEvent.payload["challenge_id"].as_string() == value,
        "event": lambda value: OutboxEvent.name == value,
        "actor_id": lambda value: OutboxEvent.actor_id == value,
        "since": lambda value: OutboxEvent.created_at >= value,
        "until": lambda value: OutboxEvent.created_at < value,
    }
    return [sight.events(), *(columns[name](bindparam(name)) for name in sorted(by))]


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def activities(conditions: list[Any]) -> Select[*tuple[Any, ...]]:
    """The log, newest first, with the names of who did it, to whom, and in which competition."""
    target = aliased(User)
    payload = OutboxEvent.payload
    whom = func.coalesce(payload["target_user_id"].as_string(), payload["user_id"].as_string())
    return (
        select(
            OutboxEvent,
            User.display_name.label("actor_name"),
            User.avatar_url.label("actor_avatar"),
            target.display_name.label("target_name"),
            Competition.title.label("competition_title"),
        )
        .outerjoin(User, User.id == OutboxEvent.actor_id)
        .outerjoin(target, target.id == whom)
        .outerjoin(Competition, Competition.id == payload["competition_id"].as_string())
        .where(*conditions)
        .order_by(OutboxEvent.id.desc())
    )


@functools.cache
def listed(sight: Sight, narrowed: frozenset[str]) -> Listing:
    """The part of the log that somebody may read; `narrowed`: by which values."""
    return Listing(activities(_narrowed(sight, narrowed)))


def activity(event: Any, row: Any, catalogue: Catalogue, *, audited: bool = False) -> Activity:
    """An event and its row of `activities` on the wire; operators see what was before and after.

    People and competitions are called what they are called now, or what they were when they left.
    """
    payload = event.payload
    known = {name: payload[name] for name in ActivityDetail.model_fields if name in payload}
    known["target_user_id"] = payload.get("target_user_id") or payload.get("user_id")
    known["target_user_name"] = row.target_name or payload.get("target_user_name")
    known["competition_title"] = row.competition_title or payload.get("competition_title")
    if audited and event.audit:
        known |= event.audit
    challenge = catalogue.get(payload.get("challenge_id", ""))
    return Activity(
        id=str(event.id),
        timestamp=event.created_at,
        event=event.name,
        team_id=payload.get("team_id", ""),
        team_name=payload.get("team_name", ""),
        challenge_id=payload.get("challenge_id", ""),
        challenge_name=challenge.metadata.name if challenge else "",
        actor_id=event.actor_id or "",
        actor_name=row.actor_name or "",
        actor_type="user" if event.actor_id else "system",
        actor_avatar_url=row.actor_avatar or "",
        detail=ActivityDetail(**known),
    )


@functools.cache
def _counted(sight: Sight, narrowed: frozenset[str]) -> Statement:
    number = func.floor(
        func.extract("epoch", OutboxEvent.created_at) / bindparam("bucket", type_=Integer)
    ).label("number")
    return Statement(
        select(number, OutboxEvent.name, func.count().label("times"))
        .where(*_narrowed(sight, narrowed), OutboxEvent.created_at >= bindparam("first"))
        .group_by(text("number"), OutboxEvent.name)
    )


async def timeseries(
    database: Database, view: View, narrowed: dict[str, Any], window: int, bucket: int
) -> ActivityTimeseries:
    """The activities of the last `window` seconds, in buckets of `bucket` seconds."""
    end = time.time()
    first = int((end - window) // bucket) * bucket
    statement = _counted(view.sight, frozenset(narrowed))
    values = view.values | narrowed | {"first": datetime.fromtimestamp(first, UTC)}
    rows = await database.read(statement, bucket=bucket, **values)
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
