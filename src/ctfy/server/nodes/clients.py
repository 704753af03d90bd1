"""The clients by which the platform asks its nodes."""

from __future__ import annotations

from typing import Annotated

import httpx

from ctfy.sdk.aio import AsyncNodeClient
from ctfy.sdk.errors import CtfyError
from ctfy.server.access.secrets import Secret, node_token
from ctfy.server.services import provided

# What a node does in place of an answer: it refuses, talks nonsense, or is away.
NODE_FAILURES = (CtfyError, httpx.HTTPError)


class NodeClients:
    """One client per node and address; connections are kept."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self._clients: dict[tuple[str, str], AsyncNodeClient] = {}

    def of(self, node_id: str, url: str) -> AsyncNodeClient:
        """The client for one node."""
        key = (node_id, url)
        if key not in self._clients:
            self._clients[key] = AsyncNodeClient(url, node_token(self._secret, node_id), timeout=10)
        return self._clients[key]

    async def open(self) -> None:
        """Do nothing: connections are made when they are first used."""

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.close()


TheNodeClients = Annotated[NodeClients, provided(NodeClients)]
