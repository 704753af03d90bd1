"""`client.nodes`."""

from __future__ import annotations

import builtins

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.nodes import NodeInfo


class NodesResource:
    """The worker nodes."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(self, offset: int = 0, limit: int = 50) -> builtins.list[NodeInfo]:
        """The nodes, oldest first."""
        return self._http.fetch_page(NodeInfo, "/nodes", offset=offset, limit=limit)
