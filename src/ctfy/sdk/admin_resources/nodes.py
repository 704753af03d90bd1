"""`admin.nodes`."""

from __future__ import annotations

from typing import Any

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.activity import Activity
from ctfy.server.models.base import ListOf
from ctfy.server.models.nodes import (
    CreateInviteResponse,
    NodeHealthSample,
    NodeInfo,
    NodeInviteInfo,
    NodeRegisterResponse,
)


class AdminNodesResource:
    """The fleet."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def mint_invite(self, ttl_seconds: int = 24 * 3600) -> CreateInviteResponse:
        """A one-time registration token for `ctfy-admin node join`."""
        body = {"ttl_seconds": ttl_seconds}
        return self._http.fetch(CreateInviteResponse, "POST", "/nodes/invites", json=body)

    def list_invites(self, offset: int = 0, limit: int = 50) -> list[NodeInviteInfo]:
        """The invites, newest first."""
        return self._http.fetch_page(NodeInviteInfo, "/nodes/invites", offset=offset, limit=limit)

    def revoke_invite(self, invite_id: str) -> None:
        """Make an unused invite useless."""
        self._http.call("DELETE", f"/nodes/invites/{invite_id}")

    def remove(self, node_id: str) -> None:
        """Remove a node; its instances end."""
        self._http.call("DELETE", f"/nodes/{node_id}")

    def register(
        self, url: str, capacity: int = 10, labels: dict[str, str] | None = None
    ) -> NodeInfo:
        """Enter a node that runs already; it must know its token, which only joining tells.

        Mints an invite and uses it up: meant for tests of placement, and for nodes behind a
        provisioning tool. `ctfy-admin node join` is the ordinary way.
        """
        invite = self.mint_invite(60).registration_token
        body = {"url": url, "display_name": url, "capacity": capacity, "labels": labels or {}}
        headers = {"Authorization": f"Bearer {invite}"}
        return self._http.fetch(
            NodeRegisterResponse, "POST", "/nodes/register", json=body, headers=headers
        )

    def get(self, node_id: str) -> NodeInfo:
        """One node."""
        return self._http.fetch(NodeInfo, "GET", f"/admin/nodes/{node_id}")

    def patch(self, node_id: str, **fields: Any) -> NodeInfo:
        """Change `display_name`, `labels` or `draining`; a field left out stays."""
        return self._http.fetch(NodeInfo, "PATCH", f"/admin/nodes/{node_id}", json=fields)

    def drain(self, node_id: str) -> NodeInfo:
        """Give a node no new instances; those that run there end in peace."""
        return self.patch(node_id, draining=True)

    def health_history(
        self, node_id: str, offset: int = 0, limit: int = 50
    ) -> list[NodeHealthSample]:
        """How a node was at each heartbeat, newest first."""
        path = f"/admin/nodes/{node_id}/health-history"
        return self._http.fetch_page(NodeHealthSample, path, offset=offset, limit=limit)

    def events(self, node_id: str) -> list[Activity]:
        """What happened to a node, newest first."""
        return self._http.fetch(ListOf[Activity], "GET", f"/admin/nodes/{node_id}/events").root
