"""From events to channels: a follower composes, durable jobs send."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.secrets import Seal, Secret, Unreadable
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Background, Database
from ctfy.server.events.follower import follow
from ctfy.server.events.relay import RelayedEvent
from ctfy.server.jobs.queue import OUTSIDE, Jobs
from ctfy.server.notifications.messages import KINDS, Scene
from ctfy.server.notifications.notifiers import NOTIFIERS
from ctfy.server.notifications.notifiers.base import (
    Delivery,
    Destination,
    Outcome,
    without_secrets,
)
from ctfy.server.settings import Settings
from ctfy.server.tables.notifications import NotificationChannel

log = structlog.get_logger()

JOB = "send_notification"
_GIVEN_UP_AFTER = timedelta(hours=1)  # older news are none
_MOST_AT_ONCE = 50


class NotDelivered(Exception):
    """A message did not arrive: the job is tried again."""


async def run(background: Background, jobs: Jobs, catalogue: Catalogue) -> None:
    """Follow the events and have channels told of them, until cancelled."""

    async def handle(session: AsyncSession, events: list[RelayedEvent]) -> None:
        await tell(session, jobs, catalogue, events)

    await follow(background, "notifications", handle, KINDS)


async def tell(
    session: AsyncSession, jobs: Jobs, catalogue: Catalogue, events: list[RelayedEvent]
) -> None:
    """Queue what channels are to say of these events: what happened together goes out together."""
    recent = [event for event in events if event.created_at > now() - _GIVEN_UP_AFTER]
    if not recent:
        return
    enabled = select(
        NotificationChannel.id,
        NotificationChannel.events,
        NotificationChannel.competition_id,
        NotificationChannel.created_at,
    ).where(NotificationChannel.enabled)
    channels = (await session.execute(enabled)).all()
    if not channels:
        return
    scene = Scene(catalogue)
    await scene.load(session, recent)
    messages = [message for event in recent if (message := scene.message(event))]
    for channel in channels:
        mine = [
            message.wire
            for message in messages
            if message.is_for(channel.events, channel.competition_id, channel.created_at)
        ]
        for start in range(0, len(mine), _MOST_AT_ONCE):
            await jobs.defer(
                session,
                JOB,
                # One after the other: in order, and one that hangs holds up itself alone.
                lock=f"notification-channel {channel.id}",
                queue=OUTSIDE,
                channel_id=channel.id,
                delivery_id=new_id(),
                queued_at=now().isoformat(),
                events=mine[start : start + _MOST_AT_ONCE],
            )


async def send(
    background: Background,
    settings: Settings,
    secret: Secret,
    channel_id: str,
    delivery_id: str,
    queued_at: str,
    events: list[dict[str, Any]],
) -> None:
    """Send a message to a channel, unless it is gone, disabled, or the message too old by now.

    Raises NotDelivered where it did not arrive and may yet.
    """
    async with background.transaction() as session:
        channel = await session.get(NotificationChannel, channel_id)
    since = datetime.fromisoformat(queued_at)
    if channel is None or not channel.enabled:
        return
    if now() - since > _GIVEN_UP_AFTER:
        log.warning("notification_given_up", channel=channel_id, since=queued_at)
        return
    delivery = Delivery(delivery_id, settings.event_name, settings.url, since, events)
    outcome = await deliver(background, settings, secret, channel, delivery)
    if not outcome.ok and not outcome.final:
        raise NotDelivered(f"{channel_id}: {outcome.said}")


async def deliver(
    database: Database,
    settings: Settings,
    secret: Secret,
    channel: NotificationChannel,
    delivery: Delivery,
) -> Outcome:
    """Send a message now, and note on its channel what became of it. No transaction waits."""
    key = seal(secret, channel.id)
    try:
        to = Destination(
            address=key.open(channel.address),
            secret=key.open(channel.secret) if channel.secret else "",
            networks=settings.reachable_networks,
        )
        outcome = await NOTIFIERS[channel.kind].send(delivery, to)
        outcome = outcome._replace(said=without_secrets(outcome.said, to.address))
    except Unreadable:
        said = "the platform's secret has changed: give the address again"
        outcome = Outcome(False, said, final=True)
    async with database.transaction() as session:
        await session.execute(
            update(NotificationChannel)
            .where(NotificationChannel.id == channel.id)
            .values(last_sent_at=now(), last_ok=outcome.ok, last_said=outcome.said)
        )
    return outcome


def seal(secret: Secret, channel_id: str) -> Seal:
    """What the address and the secret of a channel are encrypted by."""
    return Seal(secret, f"notification-channel|{channel_id}")
