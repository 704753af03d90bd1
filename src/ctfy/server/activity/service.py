"""The activity log: the events, as people read them."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.access.caller import Caller
from ctfy.server.events.outbox import PERSONAL, Audience
from ctfy.server.models.activity import (
    Activity,
    ActivityDetail,
    ActivityTimeseries,
    ActivityTimeseriesBucket,
)
from ctfy.server.tables.access import User
from ctfy.server.tables.events import Event
from ctfy.server.tables.teams import TeamMember


def for_caller(caller: Caller) -> Any:
    """The condition on events that the caller may read, as the stream tells them.

    Global ones, their competitions' and teams', and those about themselves.
    """
    if caller.is_admin:
        return Event.audience != Audience.PLATFORM
    mine = select(TeamMember.team_id).where(TeamMember.user_id == caller.user_id)
    entered = select(TeamMember.competition_id).where(TeamMember.user_id == caller.user_id)
    competition_id = Event.payload["competition_id"].as_string()
    about_me = Event.name.in_(PERSONAL) & (Event.payload["user_id"].as_string() == caller.user_id)
    if caller.token_kind != "user" and caller.competition_access != "all":
        reach = TeamMember.competition_id.in_(caller.competition_ids)
        mine, entered = mine.where(reach), entered.where(reach)
        about_me &= competition_id.in_(caller.competition_ids)
    return or_(
        Event.audience == Audience.EVERYBODY,
        (Event.audience == Audience.COMPETITION)
        & (competition_id.in_(entered) | competition_id.in_(caller.runs)),
        (Event.audience == Audience.TEAM) & Event.team_id.in_(mine),
        (Event.audience != Audience.PLATFORM) & about_me,
    )


def narrowed(
    readable: Any,
    *,
    actor_id: str = "",
    team_id: str = "",
    challenge_id: str = "",
    event: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Any]:
    """Conditions on events; empty values leave them out."""
    conditions = [readable]
    if actor_id:
        conditions.append(Event.actor_id == actor_id)
    if team_id:
        conditions.append(Event.team_id == team_id)
    if challenge_id:
        conditions.append(Event.payload["challenge_id"].as_string() == challenge_id)
    if event:
        conditions.append(Event.name == event)
    if since:
        conditions.append(Event.created_at >= _zoned(since))
    if until:
        conditions.append(Event.created_at < _zoned(until))
    return conditions


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def activities(conditions: list[Any]) -> Select[Event, str | None, str | None]:
    """The log, newest first, with who did it."""
    return (
        select(Event, User.display_name.label("actor_name"), User.avatar_url.label("actor_avatar"))
        .outerjoin(User, User.id == Event.actor_id)
        .where(*conditions)
        .order_by(Event.id.desc())
    )


def activity(row: Row[*tuple[Any, ...]], *, audited: bool = False) -> Activity:
    """A row of `activities` on the wire; what was before and after is for operators."""
    event: Event = row.Event
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
    number = func.floor(func.extract("epoch", Event.created_at) / bucket)
    rows = await session.execute(
        select(number.label("number"), Event.name, func.count().label("times"))
        .where(*conditions, Event.created_at >= since)
        .group_by(number, Event.name)
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
