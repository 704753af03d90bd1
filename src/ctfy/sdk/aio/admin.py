# Written by tools/async_sdk.py from ctfy/sdk/admin.py.
# Change that file, then run the tool.
"""The client that operators hold."""

from __future__ import annotations

from functools import cached_property

from ctfy.sdk.aio.admin_resources.competitions import AdminCompetitionsResource
from ctfy.sdk.aio.admin_resources.instances import AdminInstancesResource
from ctfy.sdk.aio.admin_resources.nodes import AdminNodesResource
from ctfy.sdk.aio.base import AsyncBaseHttpClient, AsyncClosable
from ctfy.sdk.base import DEFAULT_CLIENT_TIMEOUT


class AsyncAdminClient(AsyncClosable):
    """A ctfy server, for an administrator's session token."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    @classmethod
    def connect(
        cls,
        server_url: str,
        token: str = "",
        *,
        max_retries: int = 3,
        timeout: int = DEFAULT_CLIENT_TIMEOUT,
    ) -> AsyncAdminClient:
        """A client with connections of its own."""
        return cls(AsyncBaseHttpClient(server_url, token, timeout=timeout, max_retries=max_retries))

    @cached_property
    def competitions(self) -> AdminCompetitionsResource:
        """Curating competitions."""
        return AdminCompetitionsResource(self._http)

    @cached_property
    def instances(self) -> AdminInstancesResource:
        """Everybody's instances."""
        return AdminInstancesResource(self._http)

    @cached_property
    def nodes(self) -> AdminNodesResource:
        """The fleet."""
        return AdminNodesResource(self._http)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
