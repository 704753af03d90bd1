"""`make bench`: how fast instances start on a docker node, beside the engine alone.

The engine alone: a network, a container on it, started, and its first 200, through the same API.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ctfy.challenge.catalogue import Catalogue  # noqa: E402
from ctfy.node.providers.docker.compose import build_of  # noqa: E402
from ctfy.sdk import PlatformClient  # noqa: E402
from ctfy.server.database.embedded import EmbeddedPostgres  # noqa: E402
from ctfy.server.database.migrate import upgrade  # noqa: E402
from ctfy.server.models.nodes import NodeInstanceState  # noqa: E402
from tests.conftest import ADMIN_EMAIL, PASSWORD, make_admin, mint_invite, sign_in  # noqa: E402
from tests.processes import CHALLENGES, Stack, stack, wait_for  # noqa: E402

STARTS, AT_ONCE, IN_FLIGHT, REQUESTS = 15, 50, 8, 300


def first_answer(host: str, port: int) -> None:
    """Return with the first 200; raises after 30 s without one."""
    deadline = time.perf_counter() + 30
    while True:
        connection = http.client.HTTPConnection(host, port, timeout=30)
        try:
            connection.request("GET", "/")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            if time.perf_counter() > deadline:
                raise
        finally:
            connection.close()
        time.sleep(0.005)


class Engine:
    """The engine alone, with what a challenge's service is."""

    def __init__(self, image: str, answers: Path) -> None:
        self._client = docker.from_env(max_pool_size=64)
        self._image = image
        self._answers = answers
        self._numbers = iter(range(10_000))
        self._lock = threading.Lock()

    def start(self) -> Callable[[], None]:
        """A container that has answered; call the result to remove it."""
        api = self._client.api
        with self._lock:
            number = next(self._numbers)
        subnet = f"10.214.{number // 16}.{number % 16 * 16}/28"
        pool = docker.types.IPAMPool(subnet=subnet)
        name = f"ctfy-bench-{uuid.uuid4().hex[:12]}"
        network = api.create_network(name, ipam=docker.types.IPAMConfig(pool_configs=[pool]))
        container = api.create_container(
            self._image,
            name=name,
            ports=[8000],
            host_config=api.create_host_config(
                network_mode=name,
                port_bindings={8000: ("127.0.0.1",)},
                binds=[f"{self._answers}:/answers:ro"],
            ),
        )
        api.start(container)
        bound = api.inspect_container(container)["NetworkSettings"]["Ports"]["8000/tcp"][0]
        first_answer("127.0.0.1", int(bound["HostPort"]))

        def remove() -> None:
            api.remove_container(container, force=True, v=True)
            api.remove_network(network["Id"])

        return remove


def median_ms(start: Callable[[], Callable[[], None]]) -> float:
    """Of STARTS starts, one after the other."""
    times = []
    for _ in range(STARTS):
        began = time.perf_counter()
        remove = start()
        times.append(time.perf_counter() - began)
        remove()
    return statistics.median(times) * 1000


def at_once(start: Callable[[], Callable[[], None]], in_flight: int) -> float:
    """How many start in a second, when AT_ONCE are wanted."""
    began = time.perf_counter()
    with ThreadPoolExecutor(in_flight) as pool:
        removals = list(pool.map(lambda _: start(), range(AT_ONCE)))
    took = time.perf_counter() - began
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(lambda remove: remove(), removals))
    return AT_ONCE / took


class Player:
    """Starts instances as an SDK's caller does."""

    def __init__(self, url: str, competition_id: str) -> None:
        token = (
            PlatformClient(url)
            .auth.register(f"{uuid.uuid4().hex}@example.org", PASSWORD, "P")
            .token
        )
        self._client = PlatformClient(url, token)
        self._competition_id = competition_id
        self._client.competition(competition_id).register()

    def start(self, challenge_id: str) -> Callable[[], None]:
        """An instance that has answered; call the result to stop it."""
        ready = self._client.instances.start(challenge_id, competition_id=self._competition_id)
        service = ready.surface.services[0]
        first_answer(service.host, service.port)
        return lambda: self._client.instances.stop(ready.id)


def challenges(folder: Path) -> Path:
    """The sample `notes`, and the same with warm instances."""
    for name in ("notes", "notes-warm"):
        shutil.copytree(CHALLENGES / "notes", folder / name)
    metadata = folder / "notes-warm" / "metadata.yaml"
    metadata.write_text(metadata.read_text() + "\nwarm: 3\n")
    return folder


def warm_ms(player: Player, handles: Callable[[], int]) -> float:
    """Of STARTS starts from a pool that had time to fill again."""
    times = []
    for _ in range(STARTS):
        wait_for("a full pool", lambda: handles() == 3)
        time.sleep(0.3)
        began = time.perf_counter()
        stop = player.start("notes-warm")
        times.append(time.perf_counter() - began)
        stop()
    return statistics.median(times) * 1000


def waiting(folder: Path) -> int:
    """How many warm instances answer."""
    api = docker.from_env()
    label = {"label": f"ctfy.node={(folder / 'node').resolve()}"}
    found = [c for c in api.containers.list(filters=label) if "ctfy-warm" in (c.name or "")]
    return len(found)


def one_request_ms(url: str) -> float:
    """The median of REQUESTS, on a connection that is kept."""
    times = []
    with httpx.Client() as client:
        for _ in range(REQUESTS):
            began = time.perf_counter()
            client.get(url).raise_for_status()
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


@contextlib.contextmanager
def platform(folder: Path) -> Iterator[Stack]:
    """A platform with a docker node."""
    postgres = EmbeddedPostgres(folder / "postgres")
    url = postgres.start()
    try:
        upgrade(url)
        make_admin(url)
        with stack(
            url,
            folder,
            mint_invite,
            provider="docker",
            challenges=challenges(folder / "challenges"),
            capacity=200,
            CTFY_MAX_INSTANCES_PER_TEAM="100",
        ) as up:
            yield up
    finally:
        postgres.stop()


def main() -> None:
    """Print what there is to print."""
    with tempfile.TemporaryDirectory(prefix="ctfy-bench-") as name:
        folder = Path(name)
        answers = folder / "answers"
        answers.mkdir()
        (answers / "flag").write_text("FLAG{}")
        with platform(folder) as up, sign_in(up.url, ADMIN_EMAIL) as admin:
            made = admin.admin.competitions.create(
                title="Bench", challenge_ids=["notes", "notes-warm"], status="published"
            )
            player = Player(up.url, made.id)
            player.start("notes")()  # builds the image
            challenge = Catalogue.load(folder / "challenges").challenges["notes"]
            (service,) = challenge.compose.services.values()
            build = build_of(challenge, service, {})
            assert build is not None
            wait_for("a full pool", lambda: waiting(folder) == 3)
            overhead(up, player, folder)  # first, while the node has not grown yet
            engine = Engine(build.image, answers)
            floor, cold = median_ms(engine.start), median_ms(lambda: player.start("notes"))
            show("a start, the engine alone", f"{floor:.0f} ms", "p50")
            show("a start, through the platform", f"{cold:.0f} ms", f"p50, +{cold - floor:.0f} ms")
            warm = warm_ms(player, lambda: waiting(folder))
            show("a warm claim, through the platform", f"{warm:.0f} ms", "p50")
            alone = max(at_once(engine.start, n) for n in (IN_FLIGHT, AT_ONCE))
            together = at_once(lambda: player.start("notes"), AT_ONCE)
            show(f"{AT_ONCE} starts at once, the engine alone", f"{alone:.1f}/s", "1.00")
            show("the same through the platform", f"{together:.1f}/s", f"{together / alone:.2f}")


def overhead(up: Stack, player: Player, folder: Path) -> None:
    """What recording costs: time per request, memory per instance."""
    assert up.node.popen is not None
    process = psutil.Process(up.node.popen.pid)
    before = process.memory_info().rss
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        stops = list(pool.map(lambda _: player.start("notes"), range(20)))
    each = (process.memory_info().rss - before) / 20 / 1024**2
    path = next((folder / "node" / "instances").glob("*/state.json"))
    state = NodeInstanceState.model_validate_json(path.read_bytes())
    assert state.attack_surface is not None
    port = state.attack_surface.services[0].port
    label = {"label": f"ctfy.instance={state.instance_id}"}
    (container,) = docker.from_env().containers.list(filters=label)
    (network,) = container.attrs["NetworkSettings"]["Networks"].values()
    direct = one_request_ms(f"http://{network['IPAddress']}:8000/")
    relayed = one_request_ms(f"http://127.0.0.1:{port}/")
    show("recording, per request", f"{relayed - direct:.2f} ms", f"of {relayed:.2f}")
    show("a running instance in the node", f"{each:.2f} MB", "of its memory")
    for stop in stops:
        stop()


def show(what: str, figure: str, beside: str) -> None:
    """One line."""
    print(f"{what:42} {figure:>12}   {beside}")


if __name__ == "__main__":
    os.environ.setdefault("CTFY_LOG_LEVEL", "WARNING")
    main()
