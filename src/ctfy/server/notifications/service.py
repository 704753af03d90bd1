"""Channels as operators see and change them."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, NotFound, field_error
from ctfy.server.access.caller import Caller
from ctfy.server.access.secrets import Secret
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.events.outbox import emit
from ctfy.server.models.notifications import (
    DeliveryResult,
    NotificationChannelCreate,
    NotificationChannelInfo,
    NotificationChannelUpdate,
    NotificationChannelWithSecret,
)
from ctfy.server.notifications.events import (
    NotificationChannelCreated,
    NotificationChannelDeleted,
    NotificationChannelUpdated,
)
from ctfy.server.notifications.notifiers import NOTIFIERS
from ctfy.server.notifications.notifiers.base import Delivery, NotAnAddress
from ctfy.server.notifications.notifiers.webhook import SECRET_PREFIX
from ctfy.server.notifications.sending import deliver, seal
from ctfy.server.settings import Settings
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.notifications import NotificationChannel

_SHOWN = [
    "id",
    "name",
    "kind",
    "events",
    "enabled",
    "created_at",
    "updated_at",
    "last_sent_at",
    "last_ok",
    "last_said",
]
_AUDITED = ("name", "events", "competition_id", "enabled")


def every() -> Select[NotificationChannel, str]:
    """Every channel, newest first."""
    return (
        select(NotificationChannel, Competition.title)
        .outerjoin(Competition, Competition.id == NotificationChannel.competition_id)
        .order_by(NotificationChannel.created_at.desc(), NotificationChannel.id)
    )


def info(row: Any) -> NotificationChannelInfo:
    """A row of `every` on the wire."""
    return NotificationChannelInfo(**_fields(row))


def _fields(row: Any) -> dict[str, Any]:
    channel = row.NotificationChannel
    return {
        **{name: getattr(channel, name) for name in _SHOWN},
        "address": channel.shown_address,
        "competition_id": channel.competition_id or "",
        "competition_title": row.title or "",
    }


async def get(session: AsyncSession, channel_id: str) -> NotificationChannelInfo:
    """One channel. Raises `notification_channel_not_found`."""
    return info(await _row(session, channel_id))


async def _row(session: AsyncSession, channel_id: str) -> Any:
    await session.flush()
    found = await session.execute(every().where(NotificationChannel.id == channel_id))
    if (row := found.one_or_none()) is None:
        raise _missing()
    return row


def _missing() -> NotFound:
    return NotFound("notification_channel_not_found", "There is no such channel.")


async def create(
    session: AsyncSession, secret: Secret, caller: Caller, body: NotificationChannelCreate
) -> NotificationChannelWithSecret:
    """A new channel, with the secret that signs its webhooks.

    Raises 422 on an address that its kind cannot use, and on an unknown competition.
    """
    shown = await _shown(body.kind, body.address)
    await _check_competition(session, body.competition_id)
    id_ = new_id()
    signing = _new_secret() if NOTIFIERS[body.kind].signs else ""
    key = seal(secret, id_)
    channel = NotificationChannel(
        id=id_,
        name=body.name,
        kind=body.kind,
        address=key.close(body.address),
        shown_address=shown,
        secret=key.close(signing) if signing else None,
        events=sorted(set(body.events)),
        competition_id=body.competition_id or None,
        enabled=body.enabled,
    )
    session.add(channel)
    emit(
        session,
        NotificationChannelCreated(channel_id=id_, channel_name=body.name),
        actor_id=caller.user_id,
        after={"kind": body.kind, **{name: getattr(channel, name) for name in _AUDITED}},
    )
    return NotificationChannelWithSecret(**_fields(await _row(session, id_)), secret=signing)


async def change(
    session: AsyncSession,
    secret: Secret,
    caller: Caller,
    channel_id: str,
    body: NotificationChannelUpdate,
) -> NotificationChannelInfo:
    """Change a channel; raises as `create` does, and `notification_channel_not_found`."""
    wanted = body.model_dump(exclude_unset=True)
    for name, value in wanted.items():
        if value is None:
            raise field_error(["body", name], "cannot be null; leave it out to keep it")
    kind = await session.scalar(
        select(NotificationChannel.kind).where(NotificationChannel.id == channel_id)
    )
    if kind is None:
        raise _missing()
    address = wanted.pop("address", None)
    shown = await _shown(kind, address) if address else ""
    await _check_competition(session, body.competition_id or "")
    channel = await session.get(NotificationChannel, channel_id, with_for_update=True)
    if channel is None:
        raise _missing()
    if "competition_id" in wanted:
        wanted["competition_id"] = wanted["competition_id"] or None
    if "events" in wanted:
        wanted["events"] = sorted(set(wanted["events"]))
    before = {name: getattr(channel, name) for name in wanted}
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    for name, value in changed.items():
        setattr(channel, name, value)
    if address:
        channel.address, channel.shown_address = seal(secret, channel_id).close(address), shown
    channel.updated_at = now()
    emit(
        session,
        NotificationChannelUpdated(
            channel_id=channel_id,
            channel_name=channel.name,
            changed=sorted([*changed, *(["address"] if address else [])]),
        ),
        actor_id=caller.user_id,
        before={name: before[name] for name in changed},
        after=changed,
    )
    return await get(session, channel_id)


async def renew_secret(
    session: AsyncSession, secret: Secret, caller: Caller, channel_id: str
) -> NotificationChannelWithSecret:
    """Another secret for a channel's webhooks; the one before signs nothing any more.

    Raises `notification_channel_not_found`, and `notification_channel_unsigned` where there is
    none.
    """
    channel = await session.get(NotificationChannel, channel_id, with_for_update=True)
    if channel is None:
        raise _missing()
    if channel.secret is None:
        raise Conflict("notification_channel_unsigned", "Only webhooks are signed.")
    signing = _new_secret()
    channel.secret, channel.updated_at = seal(secret, channel_id).close(signing), now()
    event = NotificationChannelUpdated(
        channel_id=channel_id, channel_name=channel.name, changed=["secret"]
    )
    emit(session, event, actor_id=caller.user_id)
    return NotificationChannelWithSecret(**_fields(await _row(session, channel_id)), secret=signing)


async def remove(session: AsyncSession, caller: Caller, channel_id: str) -> None:
    """Delete a channel. Raises `notification_channel_not_found`."""
    gone = await session.scalar(
        delete(NotificationChannel)
        .where(NotificationChannel.id == channel_id)
        .returning(NotificationChannel)
    )
    if gone is None:
        raise _missing()
    emit(
        session,
        NotificationChannelDeleted(channel_id=channel_id, channel_name=gone.name),
        actor_id=caller.user_id,
    )


async def test(
    database: Database, settings: Settings, secret: Secret, channel_id: str
) -> DeliveryResult:
    """Send one message now, also where the channel is disabled; what came back.

    Raises `notification_channel_not_found`.
    """
    async with database.transaction() as session:
        channel = await session.get(NotificationChannel, channel_id)
    if channel is None:
        raise _missing()
    at = now()
    message = {
        "event": "test",
        "at": at.isoformat(),
        "text": f"A test message of {settings.event_name}",
        "data": {},
    }
    delivery = Delivery(new_id(), settings.event_name, settings.url, at, [message])
    outcome = await deliver(database, settings, secret, channel, delivery)
    return DeliveryResult(ok=outcome.ok, said=outcome.said)


async def _shown(kind: str, address: str) -> str:
    try:
        return await NOTIFIERS[kind].shown(address)
    except NotAnAddress as error:
        raise field_error(["body", "address"], str(error)) from None


async def _check_competition(session: AsyncSession, competition_id: str) -> None:
    if competition_id and await session.get(Competition, competition_id) is None:
        raise field_error(["body", "competition_id"], "there is no such competition")


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
