"""The limits that a challenge names hold, whichever way its instances run."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from ctfy.challenge.catalogue import Catalogue
from ctfy.node.providers.base import StartFailed
from tests.available import PROVIDERS, needs
from tests.node.lone_provider import challenge_of, get, order, provider
from tests.processes import PATIENCE_S

each_provider = pytest.mark.parametrize("name", PROVIDERS)

APP = """
import json, multiprocessing, os, threading, time
from http.server import *
def burn(end):
    while time.monotonic() < end: pass
def cpu():
    before, start = os.times(), time.monotonic()
    workers = [multiprocessing.Process(target=burn, args=(start + 8,)) for _ in range(2)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    after = os.times()
    used = sum(after[:4]) - sum(before[:4])
    return {"share": used / (time.monotonic() - start)}
def processes():
    made = 0
    try:
        for made in range(400):
            if not os.fork(): time.sleep(5); os._exit(0)
    except OSError: pass
    return {"made": made}
def memory():
    held = []
    try:
        for _ in range(400): held.append(b"x" * (1 << 20))
    except MemoryError: pass
    return {"held": len(held)}
def disk():
    wrote = 0
    try:
        with open("/tmp/full", "wb") as file:
            for wrote in range(200): file.write(bytes(1 << 20)); file.flush()
    except OSError: pass
    return {"wrote": wrote}
class H(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = globals()[self.path[1:]]() if self.path[1:] else {}
        body = json.dumps(answer).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
ThreadingHTTPServer(("0.0.0.0", 8000), H).serve_forever()
"""
LIMITS = ", limits: {memory_mb: 128, cpus: 0.2, processes: 20, disk_mb: 32}"


@pytest.fixture(params=["cgroups", "rlimits"])
def kept_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With what the machine gives, and as on a machine that gives a node no cgroups."""
    if request.param == "rlimits":
        monkeypatch.setattr("ctfy.node.providers.sandbox.provider.find_cgroups", lambda _: None)
    return str(request.param)


def test_a_sandbox_keeps_to_what_its_challenge_says(tmp_path: Path, kept_by: str) -> None:
    async def work() -> None:
        async with provider("sandbox", tmp_path) as node:
            mine = order(tmp_path, challenge_of(tmp_path, APP, LIMITS))
            ended = asyncio.Event()
            (service,) = await node.start(mine, lambda _: ended.set())
            url = service.url
            async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
                share = (await client.get(f"{url}/cpu")).json()["share"]
                assert 0.02 < share < 0.35, share
                assert (await client.get(f"{url}/disk")).json()["wrote"] in (31, 32)
                assert (await client.get(f"{url}/processes")).json()["made"] <= 20
                held = 0
                with contextlib.suppress(httpx.TransportError):  # ended for it, by the kernel
                    held = (await client.get(f"{url}/memory")).json()["held"]
                assert held < 128
            await node.stop(mine.instance_id)

    asyncio.run(work())


@needs("docker")
def test_a_container_keeps_to_what_its_challenge_and_its_service_say(tmp_path: Path) -> None:
    async def work() -> None:
        async with provider("docker", tmp_path) as node:
            service = ", cpus: 0.15, mem_limit: 64m, shm_size: 8m"
            mine = order(tmp_path, challenge_of(tmp_path, APP, LIMITS, service))
            (reached,) = await node.start(mine, print)
            (container,) = await node.containers(mine.instance_id)
            engine = docker.from_env()
            host = engine.api.inspect_container(container.name)["HostConfig"]
            engine.close()
            assert (host["Memory"], host["MemorySwap"]) == (64 * 1024**2, 64 * 1024**2)
            assert (host["NanoCpus"], host["PidsLimit"]) == (150_000_000, 20)
            assert host["ShmSize"] == 8 * 1024**2
            async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
                share = (await client.get(f"{reached.url}/cpu")).json()["share"]
                assert share < 0.35, share
            await node.stop(mine.instance_id)

    asyncio.run(work())


@needs("docker")
def test_services_of_docker_share_the_challenges_limits(tmp_path: Path) -> None:
    async def work() -> None:
        made = challenge_of(tmp_path, APP, LIMITS)
        compose = made.path / "docker-compose.yml"
        compose.write_text(
            compose.read_text().replace("{web: {", "{more: {build: services/web}, web: {")
        )
        made = Catalogue.load(tmp_path / "challenges").challenges["made"]
        async with provider("docker", tmp_path) as node:
            mine = order(tmp_path, made)
            await node.start(mine, print)
            engine = docker.from_env()
            for container in await node.containers(mine.instance_id):
                host = engine.api.inspect_container(container.name)["HostConfig"]
                assert (host["Memory"], host["PidsLimit"]) == (64 * 1024**2, 10)
            engine.close()
            await node.stop(mine.instance_id)

    asyncio.run(work())


@each_provider
@pytest.mark.parametrize(
    ("limit", "setting"),
    [("memory_mb: 4096", {"most_memory_mb": 1024}), ("disk_mb: 600", {"most_disk_mb": 512})],
)
def test_what_wants_more_than_the_node_gives_is_refused_with_the_number(
    name: str, limit: str, setting: dict[str, Any], tmp_path: Path
) -> None:
    async def work() -> None:
        (most,) = setting.values()
        async with provider(name, tmp_path, **setting) as node:
            mine = order(tmp_path, challenge_of(tmp_path, APP, f", limits: {{{limit}}}"))
            with pytest.raises(StartFailed, match=f"the most is {most} on this node"):
                await node.start(mine, print)

    asyncio.run(work())


@each_provider
def test_what_says_nothing_runs_within_less_than_the_usual(name: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with provider(name, tmp_path, most_memory_mb=128, most_processes=40) as node:
            mine = order(tmp_path, challenge_of(tmp_path, APP))
            (service,) = await node.start(mine, print)
            assert await get(service) == "{}"
            async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
                assert (await client.get(f"{service.url}/processes")).json()["made"] <= 40
            await node.stop(mine.instance_id)

    asyncio.run(work())
