"""`make bench`: what this platform does in a second, beside a bare ASGI app on the same machine.

Everything runs on loopback, bounded in count and time, against processes of its own. Absolute
figures vary from machine to machine; the ratios are what to watch.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ctfy.challenge.catalogue import Catalogue  # noqa: E402
from ctfy.node.providers import choose_provider  # noqa: E402
from ctfy.node.providers.base import Order  # noqa: E402
from ctfy.node.settings import NodeSettings  # noqa: E402
from ctfy.sdk import PlatformClient  # noqa: E402
from tests.processes import CHALLENGES, free_port, wait_for  # noqa: E402

SECONDS = 6.0
CONNECTIONS = 32
STARTS = 12
EMAIL, PASSWORD = "bench@example.org", "bench-only-password"
Measured = tuple[float, float]  # requests per second, p99 in ms
BARE = """
import sys, uvicorn
BODY = b"x" * int(sys.argv[2])
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-length", str(len(BODY)).encode())]})
        await send({"type": "http.response.body", "body": BODY})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", lifespan="off")
"""


async def rate(
    send: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]],
) -> Measured:
    """Requests per second and their 99th percentile in ms, over CONNECTIONS for SECONDS."""
    times: list[float] = []
    end = time.perf_counter() + SECONDS

    async def work(client: httpx.AsyncClient) -> None:
        while time.perf_counter() < end:
            began = time.perf_counter()
            answer = await send(client)
            answer.raise_for_status()
            times.append(time.perf_counter() - began)

    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:
        await asyncio.gather(*(work(client) for _ in range(CONNECTIONS)))
    times.sort()
    return len(times) / SECONDS, times[int(len(times) * 0.99)] * 1000


def wrk(url: str, script: Path | None = None, headers: dict[str, str] | None = None) -> Measured:
    """Requests per second and their 99th percentile in ms, as `wrk` sees them.

    Python clients are slower than what they measure. Raises FileNotFoundError where there is none.
    """
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{int(SECONDS)}s", "--latency"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    if script is not None:
        command += ["-s", str(script)]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise RuntimeError(said)
    words = {x.split()[0]: x.split()[1] for x in said.splitlines() if len(x.split()) == 2}
    return float(words["Requests/sec:"]), _ms(words["99%"])


def _ms(text: str) -> float:
    number, unit = re.fullmatch(r"([0-9.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def measure(url: str, headers: dict[str, str]) -> Measured:
    """GET requests per second and their 99th percentile."""
    try:
        return wrk(url, headers=headers)
    except FileNotFoundError:
        return asyncio.run(rate(lambda c: c.get(url, headers=headers)))


def bare(size: int) -> Measured:
    """What a bare ASGI app reaches with a body of `size` bytes."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", BARE, str(port), str(size)])
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_for("the bare app", lambda: _answers(url))
        return measure(url, {})
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False


async def provider_floor(folder: Path) -> float:
    """The provider's own median start to the first answer, ms: no platform around it."""
    provider = await choose_provider(NodeSettings(provider="sandbox", data_dir=folder))
    challenge = Catalogue.load(CHALLENGES).challenges["notes"]
    times = []
    for number in range(STARTS):
        instance = folder / f"floor{number}"
        (instance / "answers").mkdir(parents=True)
        (instance / "answers" / "flag").write_text("FLAG{}")
        began = time.perf_counter()
        (service,) = await provider.start(
            Order(instance.name, challenge, {"flag": "FLAG{}"}, instance), print
        )
        async with httpx.AsyncClient() as client:
            (await client.get(service.url)).raise_for_status()
        times.append(time.perf_counter() - began)
        await provider.stop(instance.name)
    await provider.close()
    return statistics.median(times) * 1000


def platform_start(client: PlatformClient, competition_id: str) -> float:
    """The platform's median start to the first answer, ms, as the SDK's caller sees it."""
    times = []
    for _ in range(STARTS):
        began = time.perf_counter()
        ready = client.instances.start("notes", competition_id=competition_id, poll_interval=0.1)
        httpx.get(ready.surface.services[0].url).raise_for_status()
        times.append(time.perf_counter() - began)
        client.instances.stop(ready.id)
    return statistics.median(times) * 1000


def up(folder: Path, port: int) -> subprocess.Popen[bytes]:
    environment = {
        "CTFY_BOOTSTRAP_EMAIL": EMAIL,
        "CTFY_BOOTSTRAP_PASSWORD": PASSWORD,
        "CTFY_RATE_LIMITING_ENABLED": "false",
        "CTFY_LOG_LEVEL": "WARNING",
    }

    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from ctfy.cli.operator import main; main()",
            "up",
            "--data-dir",
            str(folder / "data"),
            "--port",
            str(port),
            "--provider",
            "sandbox",
        ],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
    )


def line(what: str, value: str, ratio: str) -> None:
    print(f"{what:34} {value:>18}   {ratio}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ctfy-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        floor = asyncio.run(provider_floor(folder))
        port = free_port()
        process = up(folder, port)
        try:
            report(f"http://127.0.0.1:{port}", floor)
        finally:
            process.terminate()
            process.wait()


def report(url: str, floor: float) -> None:
    wait_for("the platform", lambda: _has_capacity(url))
    client = PlatformClient(url, PlatformClient(url).auth.login(EMAIL, PASSWORD).token)
    competition = client.competitions.list()[0]
    client.competition(competition.id).register()
    start = platform_start(client, competition.id)
    overhead = start - floor
    line("instance start, sandbox's floor", f"{floor:.0f} ms", "")
    line("instance start, platform", f"{start:.0f} ms", f"overhead {overhead:.0f} ms (target 150)")


def _has_capacity(url: str) -> bool:
    try:
        return bool(httpx.get(f"{url}/api/v1/health").json()["capacity"])
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    main()
