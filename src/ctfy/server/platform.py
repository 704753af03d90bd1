"""One running platform: what the API and the workers are made of."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from ctfy.challenge.catalogue import Catalogue
from ctfy.sdk.node_client import NodeClient
from ctfy.server.access.presence import Presence
from ctfy.server.access.rate_limits import RateLimits
from ctfy.server.access.secrets import node_token
from ctfy.server.database.engine import Database
from ctfy.server.events.memory import Memory
from ctfy.server.events.relay import Relay
from ctfy.server.jobs.engine import Jobs
from ctfy.server.observability.counters import Metrics
from ctfy.server.platform_settings.service import LiveSettings
from ctfy.server.records.store import Store
from ctfy.server.settings import Settings
from ctfy.server.standings.projection import Standings
from ctfy.server.submissions.writer import Writer
from ctfy.server.tasks.kinds import Registry

_BACKGROUND_POOL = 4
_THREADS = 64


@dataclass
class Platform:
    """Everything that outlives a request."""

    settings: Settings
    live_settings: LiveSettings
    registry: Registry
    database: Database
    background: Database
    catalogue: Catalogue
    jobs: Jobs
    relay: Relay
    memory: Memory
    presence: Presence
    standings: Standings
    writer: Writer
    rate_limits: RateLimits
    store: Store
    metrics: Metrics
    secret: bytes
    started_at: float = field(default_factory=time.time)
    _node_clients: dict[tuple[str, str], NodeClient] = field(default_factory=dict)

    @classmethod
    def create(cls, settings: Settings) -> Platform:
        """A platform on `settings.database_url`, not yet connected.

        Raises ctfy.challenge.catalogue.BrokenChallenge when a challenge folder is wrong.
        """
        database = Database(settings.database_url, pool_size=settings.database_pool_size)
        # Of its own: a request that waits for standings or for the writer holds a connection
        # itself, and could otherwise wait for one that only another such request can give back.
        background = Database(settings.database_url, pool_size=_BACKGROUND_POOL)
        relay = Relay(background)
        catalogue = Catalogue.load(settings.challenges_dir)
        standings = Standings(background, catalogue)
        relay.observe(standings.see)
        memory = Memory()
        database.on_commit(memory.see)
        relay.observe(lambda told: memory.see(told.name, told.payload))
        live_settings = LiveSettings(settings, background, memory)
        relay.observe(lambda told: live_settings.see(told.name))
        return cls(
            settings=settings,
            live_settings=live_settings,
            registry=Registry(),
            database=database,
            background=background,
            catalogue=catalogue,
            jobs=Jobs(settings.database_url, concurrency=settings.worker_concurrency),
            relay=relay,
            memory=memory,
            presence=Presence(background),
            standings=standings,
            writer=Writer(background),
            rate_limits=RateLimits(settings),
            store=Store(settings),
            metrics=Metrics(),
            secret=settings.secret(),
        )

    async def open(self) -> None:
        """Connect."""
        # Nodes are asked in threads; a slow one keeps its own, not everybody's.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
        await self.jobs.open()
        await self.relay.start()
        await self.live_settings.load()
        self.presence.start()

    async def close(self) -> None:
        """Disconnect."""
        await self.writer.close()
        await self.relay.stop()
        await self.presence.stop()
        await self.jobs.close()
        for client in self._node_clients.values():
            await asyncio.to_thread(client.close)
        await self.background.close()
        await self.database.close()

    def node_client(self, node_id: str, url: str) -> NodeClient:
        """The client for one node; connections are kept."""
        key = (node_id, url)
        if key not in self._node_clients:
            self._node_clients[key] = NodeClient(url, node_token(self.secret, node_id), timeout=10)
        return self._node_clients[key]


# A coroutine although it waits for nothing: FastAPI runs plain functions in threads.
async def _platform(request: Request) -> Platform:
    platform: Platform = request.app.state.platform
    return platform


ThePlatform = Annotated[Platform, Depends(_platform)]
