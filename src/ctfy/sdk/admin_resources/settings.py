"""`admin.settings`."""

from __future__ import annotations

import builtins
from typing import Any

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.base import ListOf
from ctfy.server.models.platform_settings import MailTest, PlatformSettingInfo


class AdminSettingsResource:
    """Settings that can be changed while the platform runs."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(self) -> builtins.list[PlatformSettingInfo]:
        """Every setting, with its value and where that comes from."""
        path = "/admin/platform-settings"
        return self._http.fetch(ListOf[PlatformSettingInfo], "GET", path).root

    def set(self, key: str, value: Any) -> PlatformSettingInfo:
        """Set a setting; every replica follows within a second. Super admins only.

        >>> admin.settings.set("max_instance_ttl_s", 7200)
        """
        path = f"/admin/platform-settings/{key}"
        return self._http.fetch(PlatformSettingInfo, "PATCH", path, json={"value": value})

    def unset(self, key: str) -> PlatformSettingInfo:
        """Go back to the environment's value, else the default."""
        return self._http.fetch(PlatformSettingInfo, "DELETE", f"/admin/platform-settings/{key}")

    def test_mail(self) -> MailTest:
        """Send a mail to one's own address now; what the mail server said."""
        return self._http.fetch(MailTest, "POST", "/admin/mail/test")
