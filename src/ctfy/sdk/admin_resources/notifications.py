"""`admin.notifications`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.notifications import (
    DeliveryResult,
    NotificationChannelInfo,
    NotificationChannelWithSecret,
)

_PATH = "/admin/notification-channels"


class AdminNotificationsResource:
    """Channels at which the platform tells the outside what happens."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(self, offset: int = 0, limit: int = 50) -> builtins.list[NotificationChannelInfo]:
        """All channels, newest first."""
        return self._http.fetch_page(NotificationChannelInfo, _PATH, offset=offset, limit=limit)

    def iterate(self) -> Iterator[NotificationChannelInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(NotificationChannelInfo, _PATH)

    def create(
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

        >>> admin.notifications.create(
        ...     name="Discord", kind="service", address="discord://…", events=["first_blood"]
        ... )
        """
        fields = {
            "name": name,
            "kind": kind,
            "address": address,
            "events": events,
            "competition_id": competition_id,
            "enabled": enabled,
        }
        return self._http.fetch(NotificationChannelWithSecret, "POST", _PATH, json=fields)

    def update(self, channel_id: str, **fields: Any) -> NotificationChannelInfo:
        """Change a channel; a field left out stays."""
        return self._http.fetch(
            NotificationChannelInfo, "PATCH", f"{_PATH}/{channel_id}", json=fields
        )

    def delete(self, channel_id: str) -> None:
        """Delete a channel; what waits for it is not sent."""
        self._http.call("DELETE", f"{_PATH}/{channel_id}")

    def renew_secret(self, channel_id: str) -> NotificationChannelWithSecret:
        """Give a webhook another secret; it is in this answer alone."""
        return self._http.fetch(
            NotificationChannelWithSecret, "POST", f"{_PATH}/{channel_id}/secret"
        )

    def test(self, channel_id: str) -> DeliveryResult:
        """Send one message now; what came back."""
        return self._http.fetch(DeliveryResult, "POST", f"{_PATH}/{channel_id}/test")
