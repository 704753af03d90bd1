"""What outlives a request and belongs to no domain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Protocol, runtime_checkable

import structlog

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.caller import Authenticator
from ctfy.server.access.last_seen import LastSeen
from ctfy.server.access.rate_limits import RateLimits
from ctfy.server.access.secrets import Secret
from ctfy.server.cache import Cache
from ctfy.server.database.connections import Background, Database
from ctfy.server.database.peers import Peers
from ctfy.server.domain import Domain, Domains
from ctfy.server.events.relay import Relay
from ctfy.server.jobs.queue import Jobs
from ctfy.server.services import Services, provided
from ctfy.server.settings import Settings
from ctfy.server.store import Store

log = structlog.get_logger()

_BACKGROUND_POOL = 4

TheBackground = Annotated[Background, provided(Background)]
TheCache = Annotated[Cache, provided(Cache)]
TheCatalogue = Annotated[Catalogue, provided(Catalogue)]
TheDatabase = Annotated[Database, provided(Database)]
TheJobs = Annotated[Jobs, provided(Jobs)]
TheRateLimits = Annotated[RateLimits, provided(RateLimits)]
TheRelay = Annotated[Relay, provided(Relay)]
TheSecret = Annotated[Secret, provided(Secret)]
TheServices = Annotated[Services, provided(Services)]
TheSettings = Annotated[Settings, provided(Settings)]
TheStore = Annotated[Store, provided(Store)]


@runtime_checkable
class Resource(Protocol):
    """A service that is opened before requests come, and closed after the last."""

    async def open(self) -> None:
        """Connect, or begin."""

    async def close(self) -> None:
        """Finish, and disconnect."""


@asynccontextmanager
async def connected(services: Services) -> AsyncIterator[Services]:
    """While in here, every service is open; they are closed in the opposite order."""
    async with AsyncExitStack() as opened:
        for service in services.all():
            if isinstance(service, Resource):
                opened.push_async_callback(service.close)
                await service.open()
        yield services


def assemble(settings: Settings, domains: tuple[Domain, ...]) -> Services:
    """A process on `settings.database_url`, not yet connected.

    Each domain builds its own services from those of the domains that stand below it in the list.
    Raises FileNotFoundError where there is no challenges folder.
    """
    services = Services()
    services.add(services)
    services.add(settings)
    services.add(Domains(domains))
    services.add(Secret(settings.secret()))
    peers = services.add(Peers())
    database = services.add(
        Database(settings.database_url, pool_size=settings.database_pool_size, peers=peers)
    )
    background = services.add(Background(settings.database_url, pool_size=_BACKGROUND_POOL))
    cache = services.add(Cache())
    catalogue = services.add(Catalogue.load(settings.challenges_dir))
    for id_, errors in catalogue.broken.items():
        log.error("challenge_left_out", challenge=id_, findings=[str(error) for error in errors])
    services.add(Jobs(settings.database_url, concurrency=settings.worker_concurrency))
    relay = services.add(Relay(background, peers))
    # What this process writes is stale here at once, and elsewhere when the relay brings it.
    for own in (database, background):
        own.on_commit(lambda event: cache.invalidate(event.topics))
    relay.observe(lambda event: cache.invalidate(event.topics))
    services.add(Store(settings))
    services.add(RateLimits(settings, background))
    services.add(Authenticator(settings, database, cache, services.add(LastSeen(background))))
    for domain in reversed(domains):
        for kind in domain.services:
            services.add(services.bind(kind)())
    for domain in domains:
        for job in domain.jobs:
            job.register(services)
    return services
