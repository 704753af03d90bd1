# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/nodes.py.
# Change that file, then run the tool.
"""`admin.nodes`."""

from __future__ import annotations

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.nodes import CreateInviteResponse, NodeInviteInfo


class AdminNodesResource:
    """The fleet."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def mint_invite(self, ttl_seconds: int = 24 * 3600) -> CreateInviteResponse:
        """A one-time registration token for `ctfy-admin node join`."""
        body = {"ttl_seconds": ttl_seconds}
        return await self._http.fetch(CreateInviteResponse, "POST", "/nodes/invites", json=body)

    async def list_invites(self, offset: int = 0, limit: int = 50) -> list[NodeInviteInfo]:
        """The invites, newest first."""
        return await self._http.fetch_page(
            NodeInviteInfo, "/nodes/invites", offset=offset, limit=limit
        )

    async def revoke_invite(self, invite_id: str) -> None:
        """Make an unused invite useless."""
        await self._http.request("DELETE", f"/nodes/invites/{invite_id}")

    async def remove(self, node_id: str) -> None:
        """Remove a node; its instances end."""
        await self._http.request("DELETE", f"/nodes/{node_id}")
