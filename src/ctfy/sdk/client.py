"""The client that players and agents hold."""

from __future__ import annotations

from functools import cached_property

from ctfy.sdk.admin import AdminClient
from ctfy.sdk.base import DEFAULT_CLIENT_TIMEOUT, BaseHttpClient, Closable
from ctfy.sdk.competition import Competition
from ctfy.sdk.events import EventStream
from ctfy.sdk.resources.auth import AuthResource
from ctfy.sdk.resources.competitions import CompetitionsResource
from ctfy.sdk.resources.instances import InstancesResource
from ctfy.sdk.resources.me import MeResource
from ctfy.sdk.resources.nodes import NodesResource
from ctfy.sdk.resources.submissions import SubmissionsResource
from ctfy.server.models.meta import HealthResponse, MetaResponse


class PlatformClient(Closable):
    """A ctfy server.

    >>> client = PlatformClient("http://127.0.0.1:8100", token="pf_…")
    >>> client.competitions.list(phase="running")[0].title
    """

    def __init__(
        self,
        server_url: str,
        token: str = "",
        max_retries: int = 3,
        timeout: int = DEFAULT_CLIENT_TIMEOUT,
    ) -> None:
        self._http = BaseHttpClient(server_url, token, timeout=timeout, max_retries=max_retries)

    @cached_property
    def auth(self) -> AuthResource:
        """Signing in, and tokens."""
        return AuthResource(self._http)

    @cached_property
    def me(self) -> MeResource:
        """The caller."""
        return MeResource(self._http)

    @cached_property
    def competitions(self) -> CompetitionsResource:
        """Finding competitions."""
        return CompetitionsResource(self._http)

    def competition(self, competition_id: str) -> Competition:
        """One competition: its challenges, registering, its scoreboard."""
        return Competition(self._http, competition_id)

    @cached_property
    def instances(self) -> InstancesResource:
        """Launching, watching, stopping instances."""
        return InstancesResource(self._http)

    @cached_property
    def submissions(self) -> SubmissionsResource:
        """Answering questions."""
        return SubmissionsResource(self._http)

    @cached_property
    def nodes(self) -> NodesResource:
        """The worker nodes."""
        return NodesResource(self._http)

    @cached_property
    def admin(self) -> AdminClient:
        """What operators do."""
        return AdminClient(self._http)

    def health(self) -> HealthResponse:
        """Whether the server lives, and its version."""
        return self._http.fetch(HealthResponse, "GET", "/health")

    def get_meta(self) -> MetaResponse:
        """Version, origin and counts."""
        return self._http.fetch(MetaResponse, "GET", "/meta")

    def events(self, *, auto_reconnect: bool = True) -> EventStream:
        """Follow what happens.

        >>> with client.events() as stream:
        ...     for event in stream:
        ...         print(event["event"], event["instance_id"])
        """
        return EventStream(
            client_factory=self._http.new_http, path="/events", auto_reconnect=auto_reconnect
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
