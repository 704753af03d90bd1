"""`make bench`: what this platform does in a second, beside a bare ASGI app on the same machine.

Everything runs on loopback, bounded in count and time, against processes of its own. Absolute
figures vary from machine to machine; the ratios are what to watch.
"""

from __future__ import annotations

import asyncio
import os
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
) -> tuple[float, float]:
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


def wrk(url: str, headers: dict[str, str]) -> float | None:
    """Requests per second as `wrk` sees them, where it is installed: Python clients are slower
    than what they measure."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{int(SECONDS)}s", url]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        return None
    (line,) = [x for x in said.splitlines() if x.startswith("Requests/sec")]
    return float(line.split()[1])


def measure(url: str, headers: dict[str, str]) -> float:
    """GET requests per second."""
    return wrk(url, headers) or asyncio.run(rate(lambda c: c.get(url, headers=headers)))[0]


def bare(size: int) -> float:
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
    wait_for("the platform", lambda: _has_capacity(url), 60)
    client = PlatformClient(url, PlatformClient(url).auth.login(EMAIL, PASSWORD).token)
    competition = client.competitions.list()[0]
    client.competition(competition.id).register()
    start = platform_start(client, competition.id)
    overhead = start - floor
    line("instance start, sandbox's floor", f"{floor:.0f} ms", "")
    line("instance start, platform", f"{start:.0f} ms", f"overhead {overhead:.0f} ms (target 150)")

    headers = {"Authorization": f"Bearer {client._http.token}"}
    board = f"{url}/api/v1/competitions/{competition.id}/scoreboard"
    size = len(httpx.get(board, headers=headers).content)
    limit = bare(size)
    reached = measure(board, headers)
    line(f"bare ASGI app, {size} bytes", f"{limit:.0f} req/s", "1.00")
    line("standings", f"{reached:.0f} req/s", f"{reached / limit:.3f} of the bare app")

    ready = client.instances.start("notes", competition_id=competition.id)
    body = {"instance_id": ready.id, "answer": "FLAG{" + "0" * 32 + "}"}
    submit = f"{url}/api/v1/submissions"
    wrong, p99 = asyncio.run(rate(lambda c: c.post(submit, json=body, headers=headers)))
    line("wrong answers, one team", f"{wrong:.0f} req/s", f"{wrong / limit:.3f}, p99 {p99:.0f} ms")
    client.instances.stop(ready.id)


def _has_capacity(url: str) -> bool:
    try:
        return bool(httpx.get(f"{url}/api/v1/health").json()["capacity"])
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    main()
