# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/instances.py.
# Change that file, then run the tool.
"""`admin.instances`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import Any

from ctfy.core.traffic import Har, Traffic
from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.instances import InstanceInfo
from ctfy.server.models.records import ContainerLog


class AdminInstancesResource:
    """Everybody's instances."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def stop_all(self) -> builtins.list[dict[str, Any]]:
        """Stop every instance of everybody; their ids."""
        stopped: builtins.list[dict[str, Any]] = (
            await self._http.call("DELETE", "/instances")
        ).json()
        return stopped

    async def list(
        self,
        *,
        node_id: str = "",
        status: str = "",
        offset: int = 0,
        limit: int = 50,
        **filters: str,
    ) -> builtins.list[InstanceInfo]:
        """Instances, newest first. `filters`: challenge_id, competition_id, team_id, q."""
        return await self._http.fetch_page(
            InstanceInfo,
            "/admin/instances",
            node_id=node_id,
            status=status,
            offset=offset,
            limit=limit,
            **filters,
        )

    def iterate(
        self, *, node_id: str = "", status: str = "", **filters: str
    ) -> AsyncIterator[InstanceInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(
            InstanceInfo, "/admin/instances", node_id=node_id, status=status, **filters
        )

    async def get(self, instance_id: str) -> InstanceInfo:
        """One instance."""
        return await self._http.fetch(InstanceInfo, "GET", f"/admin/instances/{instance_id}")

    async def stop(self, instance_id: str) -> None:
        """Stop somebody's instance."""
        await self._http.call("DELETE", f"/admin/instances/{instance_id}")

    async def containers(self, instance_id: str) -> builtins.list[dict[str, Any]]:
        """What a running instance is made of."""
        path = f"/admin/instances/{instance_id}/containers"
        found: builtins.list[dict[str, Any]] = (await self._http.call("GET", path)).json()
        return found

    async def container_log(self, instance_id: str) -> str:
        """What a running instance's processes printed so far."""
        path = f"/admin/instances/{instance_id}/container-log"
        return (await self._http.fetch(ContainerLog, "GET", path)).logs

    async def pcap(self, instance_id: str) -> bytes:
        """The packets of a running instance so far."""
        return (await self._http.call("GET", f"/admin/instances/{instance_id}/pcap")).content

    async def har(self, instance_id: str) -> Har:
        """What was said to a running instance so far, as an HTTP Archive."""
        path = f"/admin/instances/{instance_id}/har"
        found: Har = (await self._http.call("GET", path)).json()
        return found

    async def traffic(self, instance_id: str, *, offset: int = 0, limit: int = 1000) -> Traffic:
        """What was said to a running instance so far: `items`, oldest first."""
        path = f"/admin/instances/{instance_id}/traffic"
        params = {"offset": offset, "limit": limit}
        found: Traffic = (await self._http.call("GET", path, params=params)).json()
        return found
