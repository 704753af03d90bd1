# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/settings.py.
# Change that file, then run the tool.
"""`admin.settings`."""

from __future__ import annotations

import builtins
from typing import Any

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.base import ListOf
from ctfy.server.models.platform_settings import MailTest, PlatformSettingInfo


class AdminSettingsResource:
    """Settings that can be changed while the platform runs."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(self) -> builtins.list[PlatformSettingInfo]:
        """Every setting, with its value and where that comes from."""
        path = "/admin/platform-settings"
        return (await self._http.fetch(ListOf[PlatformSettingInfo], "GET", path)).root

    async def set(self, key: str, value: Any) -> PlatformSettingInfo:
        """Set a setting; every replica follows within a second. Super admins only."""
        path = f"/admin/platform-settings/{key}"
        return await self._http.fetch(PlatformSettingInfo, "PATCH", path, json={"value": value})

    async def unset(self, key: str) -> PlatformSettingInfo:
        """Go back to the environment's value, else the default."""
        return await self._http.fetch(
            PlatformSettingInfo, "DELETE", f"/admin/platform-settings/{key}"
        )

    async def test_mail(self) -> MailTest:
        """Send a mail to one's own address now; what the mail server said."""
        return await self._http.fetch(MailTest, "POST", "/admin/mail/test")
