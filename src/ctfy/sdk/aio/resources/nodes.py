# Written by tools/async_sdk.py from ctfy/sdk/resources/nodes.py.
# Change that file, then run the tool.
"""`client.nodes`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.nodes import NodeInfo


class NodesResource:
    """The worker nodes."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(self, offset: int = 0, limit: int = 50) -> builtins.list[NodeInfo]:
        """The nodes, oldest first."""
        return await self._http.fetch_page(NodeInfo, "/nodes", offset=offset, limit=limit)

    def iterate(self) -> AsyncIterator[NodeInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(NodeInfo, "/nodes")
