"""The client that operators hold."""

from __future__ import annotations

from functools import cached_property

from ctfy.sdk.admin_resources.competitions import AdminCompetitionsResource
from ctfy.sdk.admin_resources.instances import AdminInstancesResource
from ctfy.sdk.admin_resources.nodes import AdminNodesResource
from ctfy.sdk.base import DEFAULT_CLIENT_TIMEOUT, BaseHttpClient, Closable


class AdminClient(Closable):
    """A ctfy server, for an administrator's session token."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    @classmethod
    def connect(
        cls,
        server_url: str,
        token: str = "",
        *,
        max_retries: int = 3,
        timeout: int = DEFAULT_CLIENT_TIMEOUT,
    ) -> AdminClient:
        """A client with connections of its own."""
        return cls(BaseHttpClient(server_url, token, timeout=timeout, max_retries=max_retries))

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

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
