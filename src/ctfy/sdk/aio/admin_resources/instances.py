# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/instances.py.
# Change that file, then run the tool.
"""`admin.instances`."""

from __future__ import annotations

import builtins
from typing import Any

from ctfy.sdk.aio.base import AsyncBaseHttpClient


class AdminInstancesResource:
    """Everybody's instances."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def stop_all(self) -> builtins.list[dict[str, Any]]:
        """Stop every instance of everybody; their ids."""
        stopped: builtins.list[dict[str, Any]] = (
            await self._http.request("DELETE", "/instances")
        ).json()
        return stopped
