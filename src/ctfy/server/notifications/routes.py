"""`/admin/notification-channels`."""

from __future__ import annotations

from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheDatabase, TheSecret, TheSettings
from ctfy.server.models.base import Page
from ctfy.server.models.notifications import (
    DeliveryResult,
    NotificationChannelCreate,
    NotificationChannelInfo,
    NotificationChannelUpdate,
    NotificationChannelWithSecret,
)
from ctfy.server.notifications import service

router = Router(prefix="/admin/notification-channels", tags=["notifications"])


@router.get("")
async def list_notification_channels(
    session: Session, paging: Paged, _: Admin
) -> Page[NotificationChannelInfo]:
    """Every channel at which the platform tells the outside what happens, newest first."""
    return await paging.fetch(session, service.every(), service.info)


@router.post("", status_code=201)
async def create_notification_channel(
    body: NotificationChannelCreate, session: Session, secret: TheSecret, caller: Admin
) -> NotificationChannelWithSecret:
    """Make a channel; the secret of a webhook is shown in this answer alone."""
    return await service.create(session, secret, caller, body)


@router.patch("/{channel_id}")
async def update_notification_channel(
    channel_id: str,
    body: NotificationChannelUpdate,
    session: Session,
    secret: TheSecret,
    caller: Admin,
) -> NotificationChannelInfo:
    """Change a channel; a field left out stays."""
    return await service.change(session, secret, caller, channel_id, body)


@router.delete("/{channel_id}")
async def delete_notification_channel(
    channel_id: str, session: Session, caller: Admin
) -> dict[str, str]:
    """Delete a channel; what waits for it is not sent."""
    await service.remove(session, caller, channel_id)
    return {"status": "deleted"}


@router.post("/{channel_id}/secret")
async def renew_notification_secret(
    channel_id: str, session: Session, secret: TheSecret, caller: Admin
) -> NotificationChannelWithSecret:
    """Give a webhook another secret; it is shown in this answer alone."""
    return await service.renew_secret(session, secret, caller, channel_id)


@router.post("/{channel_id}/test")
async def send_test_notification(
    channel_id: str, database: TheDatabase, secret: TheSecret, settings: TheSettings, _: Admin
) -> DeliveryResult:
    """Send one message now, and say what came back."""
    return await service.test(database, settings, secret, channel_id)
