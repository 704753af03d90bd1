"""`admin.records`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

from ctfy.core.traffic import Flow, Har
from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.records import ContainerLog, InstanceRecordDetail, InstanceRecordInfo


class AdminRecordsResource:
    """Instances that are over, and what is kept of them."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(
        self,
        *,
        team_id: str = "",
        challenge_id: str = "",
        node_id: str = "",
        status: str = "",
        since_ts: float | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> builtins.list[InstanceRecordInfo]:
        """Records, the latest end first; empty values match everything."""
        return self._http.fetch_page(
            InstanceRecordInfo,
            "/admin/instance-records",
            team_id=team_id,
            challenge_id=challenge_id,
            node_id=node_id,
            status=status,
            since_ts=since_ts or 0.0,
            offset=offset,
            limit=limit,
        )

    def iterate(
        self,
        *,
        team_id: str = "",
        challenge_id: str = "",
        node_id: str = "",
        status: str = "",
        since_ts: float | None = None,
    ) -> Iterator[InstanceRecordInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(
            InstanceRecordInfo,
            "/admin/instance-records",
            team_id=team_id,
            challenge_id=challenge_id,
            node_id=node_id,
            status=status,
            since_ts=since_ts or 0.0,
        )

    def get(self, instance_id: str) -> InstanceRecordDetail:
        """One record, and what the archive holds of it."""
        path = f"/admin/instance-records/{instance_id}"
        return self._http.fetch(InstanceRecordDetail, "GET", path)

    def container_log(self, instance_id: str) -> str:
        """What the instance's processes printed."""
        path = f"/admin/instance-records/{instance_id}/container-log"
        return self._http.fetch(ContainerLog, "GET", path).logs

    def events(
        self, instance_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[dict[str, Any]]:
        """What happened to the instance, oldest first."""
        return self._items(instance_id, "events", offset, limit)

    def submissions(
        self, instance_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[dict[str, Any]]:
        """What was answered on the instance, oldest first."""
        return self._items(instance_id, "submissions", offset, limit)

    def traffic(self, instance_id: str, offset: int = 0, limit: int = 50) -> builtins.list[Flow]:
        """What was said on the wire, oldest first."""
        found: builtins.list[Any] = self._items(instance_id, "traffic", offset, limit)
        return found

    def har(self, instance_id: str) -> Har:
        """What was said on the wire, as an HTTP Archive."""
        path = f"/admin/instance-records/{instance_id}/har"
        found: Har = self._http.call("GET", path).json()
        return found

    def pcap(self, instance_id: str) -> bytes:
        """The packets, as libpcap writes them."""
        return self._http.call("GET", f"/admin/instance-records/{instance_id}/pcap").content

    def archive(self, instance_id: str) -> bytes:
        """Everything that is kept of the instance, as one zip."""
        return self._http.call("GET", f"/admin/instance-records/{instance_id}/archive").content

    def _items(
        self, instance_id: str, what: str, offset: int, limit: int
    ) -> builtins.list[dict[str, Any]]:
        path = f"/admin/instance-records/{instance_id}/{what}"
        params = {"offset": offset, "limit": limit}
        found: builtins.list[dict[str, Any]] = self._http.call("GET", path, params=params).json()[
            "items"
        ]
        return found
