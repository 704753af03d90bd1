"""`admin.instances`."""

from __future__ import annotations

import builtins
from typing import Any

from ctfy.sdk.base import BaseHttpClient


class AdminInstancesResource:
    """Everybody's instances."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def stop_all(self) -> builtins.list[dict[str, Any]]:
        """Stop every instance of everybody; their ids."""
        stopped: builtins.list[dict[str, Any]] = self._http.request("DELETE", "/instances").json()
        return stopped
