"""`admin.nodes`."""

from __future__ import annotations

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.nodes import CreateInviteResponse, NodeInviteInfo


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
        self._http.request("DELETE", f"/nodes/invites/{invite_id}")

    def remove(self, node_id: str) -> None:
        """Remove a node; its instances end."""
        self._http.request("DELETE", f"/nodes/{node_id}")
