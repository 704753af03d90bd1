# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/notifications.py.
# Change that file, then run the tool.
"""`admin.notifications`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import Any

from ctfy.sdk.admin_resources.notifications import _PATH
from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.notifications import (
    DeliveryResult,
    NotificationChannelInfo,
    NotificationChannelWithSecret,
)


class AdminNotificationsResource:
    """Channels at which the platform tells the outside what happens."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(
        self, offset: int = 0, limit: int = 50
    ) -> builtins.list[NotificationChannelInfo]:
        """All channels, newest first."""
        return await self._http.fetch_page(
            NotificationChannelInfo, _PATH, offset=offset, limit=limit
        )

    def iterate(self) -> AsyncIterator[NotificationChannelInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(NotificationChannelInfo, _PATH)

    async def create(
        self,
        *,
        name: str,
        kind: str,
        address: str,
        events: builtins.list[str],
        competition_id: str = "",
        enabled: bool = True,
    ) -> NotificationChannelWithSecret:
        """Make a channel. The `secret` that signs a webhook is in this answer alone.

        `kind`: `service`, with an address as Apprise writes it, or `webhook`, with a URL.
        """
        fields = {
            "name": name,
            "kind": kind,
            "address": address,
            "events": events,
            "competition_id": competition_id,
            "enabled": enabled,
        }
        return await self._http.fetch(NotificationChannelWithSecret, "POST", _PATH, json=fields)

    async def update(self, channel_id: str, **fields: Any) -> NotificationChannelInfo:
        """Change a channel; a field left out stays."""
        return await self._http.fetch(
            NotificationChannelInfo, "PATCH", f"{_PATH}/{channel_id}", json=fields
        )

    async def delete(self, channel_id: str) -> None:
        """Delete a channel; what waits for it is not sent."""
        await self._http.call("DELETE", f"{_PATH}/{channel_id}")

    async def renew_secret(self, channel_id: str) -> NotificationChannelWithSecret:
        """Give a webhook another secret; it is in this answer alone."""
        return await self._http.fetch(
            NotificationChannelWithSecret, "POST", f"{_PATH}/{channel_id}/secret"
        )

    async def test(self, channel_id: str) -> DeliveryResult:
        """Send one message now; what came back."""
        return await self._http.fetch(DeliveryResult, "POST", f"{_PATH}/{channel_id}/test")
