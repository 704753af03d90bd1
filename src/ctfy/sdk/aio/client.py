# Written by tools/async_sdk.py from ctfy/sdk/client.py.
# Change that file, then run the tool.
"""The client that players and agents hold."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

import httpx

from ctfy import __version__
from ctfy.core.version import VersionCheck, check_compatibility
from ctfy.sdk import hosts
from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.sdk.aio.competition import Competition
from ctfy.sdk.aio.events import AsyncEventStream
from ctfy.sdk.aio.resources.achievements import AchievementsResource
from ctfy.sdk.aio.resources.activities import ActivitiesResource
from ctfy.sdk.aio.resources.auth import AuthResource
from ctfy.sdk.aio.resources.challenges import ChallengesResource
from ctfy.sdk.aio.resources.competitions import CompetitionsResource
from ctfy.sdk.aio.resources.instances import InstancesResource
from ctfy.sdk.aio.resources.me import MeResource
from ctfy.sdk.aio.resources.nodes import NodesResource
from ctfy.sdk.aio.resources.scoreboard import ScoreboardResource
from ctfy.sdk.aio.resources.site import SiteResource
from ctfy.sdk.aio.resources.submissions import SubmissionsResource
from ctfy.sdk.aio.resources.teams import TeamsResource
from ctfy.sdk.aio.resources.users import UsersResource
from ctfy.sdk.aio.resources.writeups import WriteupsResource
from ctfy.sdk.base import DEFAULT_CLIENT_TIMEOUT, check_address
from ctfy.sdk.errors import CtfyError
from ctfy.server.models.meta import ClusterInfo, HealthResponse, MetaResponse

if TYPE_CHECKING:
    from ctfy.sdk.aio.admin import AsyncAdminClient


class AsyncPlatformClient(AsyncBaseHttpClient):
    """A ctfy server."""

    def __init__(
        self,
        server_url: str,
        token: str = "",
        max_retries: int = 3,
        timeout: int = DEFAULT_CLIENT_TIMEOUT,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        check_address(server_url, token)
        super().__init__(
            server_url, token, timeout=timeout, max_retries=max_retries, transport=transport
        )

    @cached_property
    def auth(self) -> AuthResource:
        """Signing in, and tokens."""
        return AuthResource(self)

    @cached_property
    def me(self) -> MeResource:
        """The caller."""
        return MeResource(self)

    @cached_property
    def users(self) -> UsersResource:
        """Other people."""
        return UsersResource(self)

    @cached_property
    def teams(self) -> TeamsResource:
        """Teams of every competition."""
        return TeamsResource(self)

    @cached_property
    def achievements(self) -> AchievementsResource:
        """What there is to get, and who got it."""
        return AchievementsResource(self)

    @cached_property
    def challenges(self) -> ChallengesResource:
        """The challenges of every competition that the caller may see."""
        return ChallengesResource(self)

    @cached_property
    def scoreboard(self) -> ScoreboardResource:
        """Standings over all public competitions."""
        return ScoreboardResource(self)

    @cached_property
    def activities(self) -> ActivitiesResource:
        """What happened."""
        return ActivitiesResource(self)

    @cached_property
    def competitions(self) -> CompetitionsResource:
        """Finding competitions."""
        return CompetitionsResource(self)

    @cached_property
    def site(self) -> SiteResource:
        """What visitors see: branding, pages, public competitions."""
        return SiteResource(self)

    def competition(self, competition_id: str) -> Competition:
        """One competition: its challenges, registering, its scoreboard."""
        return Competition(self, competition_id)

    @cached_property
    def instances(self) -> InstancesResource:
        """Launching, watching, stopping instances."""
        return InstancesResource(self)

    @cached_property
    def submissions(self) -> SubmissionsResource:
        """Answering questions."""
        return SubmissionsResource(self)

    @cached_property
    def writeups(self) -> WriteupsResource:
        """Write-ups, by their ids."""
        return WriteupsResource(self)

    @cached_property
    def nodes(self) -> NodesResource:
        """The worker nodes."""
        return NodesResource(self)

    @cached_property
    def admin(self) -> AsyncAdminClient:
        """What operators do."""
        from ctfy.sdk.aio.admin import AsyncAdminClient

        return AsyncAdminClient(self)

    async def health(self) -> HealthResponse:
        """Whether the server lives, and its version."""
        return await self.fetch(HealthResponse, "GET", "/health")

    async def get_meta(self) -> MetaResponse:
        """Version, origin and counts."""
        return await self.fetch(MetaResponse, "GET", "/meta")

    async def cluster_info(self) -> ClusterInfo:
        """What a node needs to join."""
        return await self.fetch(ClusterInfo, "GET", "/cluster-info")

    async def check_server_compatibility(
        self, *, health: HealthResponse | None = None
    ) -> VersionCheck:
        """Whether this client and the server understand one another."""
        known = health or await self.health()
        return check_compatibility(__version__, known.version)

    def events(self, *, auto_reconnect: bool = True) -> AsyncEventStream:
        """Follow what happens."""
        return AsyncEventStream(
            client_factory=self.new_http, path="/events", auto_reconnect=auto_reconnect
        )

    @classmethod
    def from_login(cls, server_url: str = "") -> Self:
        """The client of whoever signed in with `ctfy login`, to the server used last.

        CTFY_URL and CTFY_TOKEN go first, where they are set. Raises CtfyError when nobody did.
        """
        url = server_url or hosts.server_url()
        token = hosts.token(url)
        check_address(url, token)
        if not token:
            raise CtfyError(f"not signed in to {url}: ctfy login")
        return cls(url, token)
