"""A node as a process: API, agent, instances."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import structlog
import uvicorn

from ctfy.challenge.catalogue import Catalogue
from ctfy.node.agent import Agent, JoinRefused
from ctfy.node.app import create_app, load
from ctfy.node.builds import Builds
from ctfy.node.capture.relay import Capture
from ctfy.node.instances import Instances
from ctfy.node.inventory import Inventory
from ctfy.node.library import Library
from ctfy.node.providers import choose_provider
from ctfy.node.settings import NodeSettings

log = structlog.get_logger()

_THREADS = 64


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the process that runs it has its own."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self.listens.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


async def run(
    settings: NodeSettings, platform_url: str, invite: str, up: Callable[[str], None]
) -> None:
    """Run a node until cancelled; then end its instances.

    `up` is called once, with what to say of it: it listens, and its platform knows it.
    Raises ProviderUnavailable, JoinRefused, OSError for a taken port.
    """
    # Most of what a node waits for is its engine, and many instances may start at once.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    # Every connection to an instance takes some files.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    provider = await choose_provider(settings)
    folder = settings.challenges_dir
    catalogue = Catalogue([]) if folder is None else Catalogue.load(folder)
    for id_, errors in catalogue.broken.items():
        log.error("challenge_left_out", challenge=id_, findings=[str(error) for error in errors])
    with socket.create_server((settings.host, settings.port)) as listener:
        port = listener.getsockname()[1]
        url = settings.public_url or f"http://{settings.host}:{port}"
        agent = Agent(settings, platform_url, invite, url)
        library = Library(
            catalogue,
            settings.data_dir / "challenges",
            folder=folder,
            platform=None if settings.own_token else agent.platform,
        )
        instances = Instances(
            provider,
            Inventory(settings.data_dir / "instances"),
            library,
            settings.capacity,
            capture=Capture(settings.public_host),
            builds=Builds(provider, catalogue, settings.data_dir / "builds.json"),
        )
        await instances.recover()
        config = uvicorn.Config(
            create_app(instances, agent.token),
            http="h11",  # which bounds what comes before a body
            log_config=None,
            access_log=False,
            proxy_headers=False,
            lifespan="off",
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        keep = settings.keep_instances
        try:
            if settings.own_token:  # no platform to join: serve until stopped
                _say_what_holds(instances, platform_url)
                await server.listens.wait()
                up(f"the node is up at {url}, with no platform")
                await serving
                return
            await agent.join()
            _say_what_holds(instances, platform_url)
            await server.listens.wait()
            await library.follow()
            await agent.send_heartbeats(
                lambda: up(f"the node {agent.id} is up at {url}: it runs for {platform_url}"),
                lambda: instances.running,
                lambda: load(instances.inventory.root),
                instances.builds.ready,
            )
        except JoinRefused:  # nobody will come back for them
            keep = False
            raise
        finally:
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            await instances.close(keep=keep)


def _say_what_holds(instances: Instances, platform_url: str) -> None:
    """Log how instances are kept apart here, once the node serves."""
    provider, host = instances.provider, instances.capture.host
    if provider.isolation:
        log.info("isolation", provider=provider.name, held_by=provider.isolation)
    if host.lower() == urlsplit(platform_url).hostname:
        log.warning(
            "shared_host",
            host=host,
            detail="Browsers send their sessions to every port of the platform's host name. The "
            "node takes them out, but give instances another one: --public-host.",
        )
