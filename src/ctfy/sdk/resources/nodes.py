"""`client.nodes`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.nodes import NodeInfo


class NodesResource:
    """The worker nodes."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(self, offset: int = 0, limit: int = 50) -> builtins.list[NodeInfo]:
        """The nodes, oldest first."""
        return self._http.fetch_page(NodeInfo, "/nodes", offset=offset, limit=limit)

    def iterate(self) -> Iterator[NodeInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(NodeInfo, "/nodes")
