"""One suite that every provider passes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.node.providers.base import LOG_TAIL, StartFailed
from tests.available import PROVIDERS
from tests.node.lone_provider import FLAG, challenge_of, example, get, left, order, provider
from tests.processes import PATIENCE_S

pytestmark = pytest.mark.parametrize("name", PROVIDERS)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def fail(reason: str) -> None:
    raise AssertionError(reason)


def test_this_machine_alone_reaches_services_and_none_after_the_stop(
    name: str, tmp_path: Path
) -> None:
    async def work() -> None:
        async with provider(name, tmp_path) as chosen:
            placed = order(tmp_path, example("notes"))
            (service,) = await chosen.start(placed, fail)
            assert service.host.startswith("127." if name == "sandbox" else "10.213.")
            assert "Pocket Notes" in await get(service)
            assert await chosen.is_healthy(placed.instance_id)
            assert len(await chosen.containers(placed.instance_id)) == 1
            await chosen.stop(placed.instance_id)
            await chosen.stop(placed.instance_id)  # a second time is no error
            assert not await chosen.is_healthy(placed.instance_id)
            assert await chosen.containers(placed.instance_id) == []
            with pytest.raises(httpx.TransportError):
                await get(service)

    run(work)


def test_two_instances_hold_different_answers(name: str, tmp_path: Path) -> None:
    source = """
from http.server import *
class H(BaseHTTPRequestHandler):
    def do_GET(self):
        body = open("/answers/flag", "rb").read()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
HTTPServer(("0.0.0.0", 8000), H).serve_forever()
"""

    async def work() -> None:
        challenge = challenge_of(tmp_path, source)
        async with provider(name, tmp_path) as chosen:
            first, second = (
                order(tmp_path, challenge, flag="one"),
                order(tmp_path, challenge, flag="two"),
            )
            (one,), (two,) = await asyncio.gather(
                chosen.start(first, fail), chosen.start(second, fail)
            )
            assert (await get(one), await get(two)) == ("one", "two")

    run(work)


def test_a_service_that_ends_at_once_fails_the_start_with_its_last_words(
    name: str, tmp_path: Path
) -> None:
    async def work() -> None:
        challenge = challenge_of(tmp_path, "raise SystemExit('out of beans')")
        async with provider(name, tmp_path) as chosen:
            placed = order(tmp_path, challenge)
            with pytest.raises(StartFailed, match="out of beans"):
                await chosen.start(placed, fail)
            assert await chosen.containers(placed.instance_id) == []

    run(work)


def test_a_service_that_ends_later_is_told(name: str, tmp_path: Path) -> None:
    source = """
from http.server import *
import os
class H(BaseHTTPRequestHandler):
    def do_GET(self): os._exit(3)
HTTPServer(("0.0.0.0", 8000), H).serve_forever()
"""

    async def work() -> None:
        challenge = challenge_of(tmp_path, source)
        async with provider(name, tmp_path) as chosen:
            ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            (service,) = await chosen.start(order(tmp_path, challenge), ended.set_result)
            with pytest.raises(httpx.TransportError):
                await get(service)
            async with asyncio.timeout(PATIENCE_S):
                assert "code 3" in await ended

    run(work)


def test_what_a_service_prints_is_in_its_logs(name: str, tmp_path: Path) -> None:
    source = """
from http.server import *
print("the kettle is on", flush=True)
HTTPServer(("0.0.0.0", 8000), BaseHTTPRequestHandler).serve_forever()
"""

    async def work() -> None:
        challenge = challenge_of(tmp_path, source)
        async with provider(name, tmp_path) as chosen:
            placed = order(tmp_path, challenge)
            await chosen.start(placed, fail)
            assert "the kettle is on" in await chosen.logs(placed.instance_id, placed.folder)

    run(work)


def test_what_a_service_prints_can_be_followed_however_much_it_is(
    name: str, tmp_path: Path
) -> None:
    source = """
import threading, time
from http.server import *
def talk():
    for number in range(10_000):
        print(f"line {number:05}", "x" * 60, flush=True)
        if not number % 500:
            time.sleep(0.1)
threading.Thread(target=talk).start()
HTTPServer(("0.0.0.0", 8000), SimpleHTTPRequestHandler).serve_forever()
"""

    async def work() -> None:
        async with provider(name, tmp_path) as chosen:
            placed = order(tmp_path, challenge_of(tmp_path, source))
            await chosen.start(placed, fail)
            heard = []
            follow = chosen.follow_logs(placed.instance_id, placed.folder)
            async with contextlib.aclosing(follow) as lines, asyncio.timeout(PATIENCE_S):
                async for line in lines:
                    heard.append(line.split()[1])
                    if heard[-1] == "09999":
                        break
            assert len("x" * 72) * len(heard) > LOG_TAIL  # more than is kept
            # A machine that is busy for long may lose some; none comes twice.
            assert heard == sorted(set(heard))

    run(work)


def test_what_cannot_run_is_said_before_it_is_tried(name: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with provider(name, tmp_path, most_memory_mb=256) as chosen:
            fits = challenge_of(tmp_path / "a", "", more=", limits: {memory_mb: 256}")
            large = challenge_of(tmp_path / "b", "", more=", limits: {memory_mb: 257}")
            alone = example("field-notes")
            assert chosen.unfit(fits) == ""
            assert "CTFY_NODE_MOST_MEMORY_MB" in chosen.unfit(large)
            assert chosen.unfit(alone) != ""
            for challenge in (large, alone):
                with pytest.raises(StartFailed) as refused:
                    await chosen.start(order(tmp_path, challenge), fail)
                assert str(refused.value) == chosen.unfit(challenge)

    run(work)


def test_a_restarted_provider_ends_what_it_does_not_know(name: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with provider(name, tmp_path) as before:
            placed = order(tmp_path, example("notes"))
            await before.start(placed, lambda _: None)
            async with provider(name, tmp_path) as after:
                assert await after.recover({}) == set()
                if name == "docker":
                    assert await after.containers(placed.instance_id) == []

    run(work)


INSIDE = """
import json, os, socket
from http.server import *
def attempt(f):
    try: return str(f())
    except OSError as e: return type(e).__name__
def connect(host, port):
    with socket.create_connection((host, port), 1): return "connected"
PORT, FOLDER = {port}, {folder!r}
found = {{
    "uid": os.getuid(),
    "answers": sorted(os.listdir("/answers")),
    "write_root": attempt(lambda: open("/escape", "w")),
    "write_answers": attempt(lambda: open("/answers/flag", "w")),
    "node_folder": attempt(lambda: os.listdir(FOLDER)),
    "metadata": attempt(lambda: open("/challenge/metadata.yaml").read()),
    "host_loopback": attempt(lambda: connect("127.0.0.1", PORT)),
    "others": [p for p in os.listdir("/proc") if p.isdigit()
               and b"ctfy-admin" in open(f"/proc/{{p}}/cmdline", "rb").read()],
    "docker": os.path.exists("/var/run/docker.sock"),
    "tmp": attempt(lambda: open("/tmp/x", "w").write("x")),
}}
class H(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(found).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
HTTPServer(("0.0.0.0", 8000), H).serve_forever()
"""


def test_from_inside_there_is_nothing_of_the_host_or_of_others(name: str, tmp_path: Path) -> None:
    async def work() -> None:
        listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        challenge = challenge_of(tmp_path, INSIDE.format(port=port, folder=str(tmp_path)))
        async with listener, provider(name, tmp_path) as chosen:
            (service,) = await chosen.start(order(tmp_path, challenge), fail)
            found = httpx.Response(200, text=await get(service)).json()
            assert found["answers"] == ["flag"]
            assert found["write_answers"] in ("PermissionError", "OSError")
            assert found["node_folder"] in ("FileNotFoundError", "PermissionError")
            assert found["metadata"] == "FileNotFoundError"
            assert found["host_loopback"] == "ConnectionRefusedError"
            assert found["others"] == []
            assert not found["docker"]
            if name == "sandbox":
                assert found["uid"] != 0
                assert found["write_root"] in ("PermissionError", "OSError")
                assert found["tmp"] == "1"

    run(work)


def test_a_fork_bomb_does_not_leave_its_limits(name: str, tmp_path: Path) -> None:
    source = """
import os, time
from http.server import *
made = 0
for _ in range(2000):
    try: pid = os.fork()
    except OSError: break
    if pid == 0: time.sleep(600); os._exit(0)
    made += 1
class H(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(made).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
HTTPServer(("0.0.0.0", 8000), H).serve_forever()
"""

    async def work() -> None:
        challenge = challenge_of(tmp_path, source)
        async with provider(name, tmp_path) as chosen:
            (service,) = await chosen.start(order(tmp_path, challenge), fail)
            assert 10 < int(await get(service)) <= 256

    run(work)


def test_nothing_is_left_on_the_machine(name: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with provider(name, tmp_path) as chosen:
            placed = order(tmp_path, example("notes"))
            await chosen.start(placed, lambda _: None)
            instance_id = placed.instance_id
            assert left(name, instance_id)
        assert not left(name, instance_id)

    run(work)


def test_building_ahead_and_pulling_what_is_there(name: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with provider(name, tmp_path) as node:
            await node.build(example("notes"))
            await node.build(example("notes"))
            await node.pull(example("notes"))
            with pytest.raises(StartFailed):
                await node.build(example("field-notes"))

    run(work)


def test_a_shell_enters_the_instance_and_no_other(name: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with provider(name, tmp_path) as node:
            mine = order(tmp_path, example("notes"))
            await node.start(mine, fail)
            container = (await node.containers(mine.instance_id))[0].service
            command = await asyncio.to_thread(node.shell_command, mine.instance_id, container, "sh")
            shown = await asyncio.to_thread(typed, command, "echo in-$((6*7)); cat /answers/flag")
            assert "in-42" in shown
            assert FLAG in shown
            with pytest.raises(KeyError):
                await asyncio.to_thread(node.shell_command, mine.instance_id, "other", "sh")
            with pytest.raises((KeyError, StopIteration)):
                await asyncio.to_thread(node.shell_command, "0" * 32, container, "sh")

    run(work)


def typed(command: list[str], line: str) -> str:
    """What a command on a terminal shows when a line and `exit` are typed into it."""
    outer, inner = pty.openpty()
    with subprocess.Popen(
        command, stdin=inner, stdout=inner, stderr=inner, start_new_session=True
    ) as process:
        os.close(inner)
        os.write(outer, f"{line}\nexit\n".encode())
        shown = b""
        with contextlib.suppress(OSError):
            while chunk := os.read(outer, 4096):
                shown += chunk
        process.wait(PATIENCE_S)
    os.close(outer)
    return shown.decode(errors="replace")


def hostile(folder: Path, source: str, compose: str) -> Challenge:
    """A challenge of one service with a compose file of its own."""
    challenge = challenge_of(folder, source)
    (challenge.path / "docker-compose.yml").write_text(compose)
    return Catalogue.load(folder / "challenges").challenges["made"]


SERVE = "import http.server as h; h.HTTPServer(('', 8000), h.SimpleHTTPRequestHandler)"
HOSTILE_COMPOSE = "services: {web: {build: services/web, ports: ['8000']%s}}\n"


def test_a_service_that_is_never_healthy_fails_the_start(name: str, tmp_path: Path) -> None:
    """And says which it was."""
    source = "import time; time.sleep(600)"
    compose = HOSTILE_COMPOSE % ", healthcheck: {test: [CMD, 'false'], interval: 1s}"

    async def work() -> None:
        async with provider(name, tmp_path, ready_timeout_s=4) as node:
            mine = order(tmp_path, hostile(tmp_path, source, compose))
            with pytest.raises(StartFailed, match=r"web|did not start"):
                await node.start(mine, fail)
            assert await node.containers(mine.instance_id) == []

    run(work)


def test_a_service_that_ignores_sigterm_is_stopped_all_the_same(name: str, tmp_path: Path) -> None:
    source = f"import signal; signal.signal(15, signal.SIG_IGN); {SERVE}.serve_forever()"

    async def work() -> None:
        async with provider(name, tmp_path) as node:
            mine = order(tmp_path, hostile(tmp_path, source, HOSTILE_COMPOSE % ""))
            (service,) = await node.start(mine, fail)
            async with asyncio.timeout(PATIENCE_S):
                await node.stop(mine.instance_id)
            with pytest.raises(httpx.TransportError):
                await get(service)

    run(work)


def test_a_service_that_fills_its_disk_is_ended_or_stopped_by_its_limit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CTFY_NODE_DISK_MB", "20")
    source = (
        "import http.server as h, threading\n"
        "def fill():\n"
        "    with open('/tmp/big', 'wb') as f:\n"
        "        for _ in range(300): f.write(bytes(1 << 20)); f.flush()\n"
        "threading.Thread(target=fill).start()\n"
        "h.HTTPServer(('', 8000), h.SimpleHTTPRequestHandler).serve_forever()\n"
    )

    async def work() -> None:
        ended: asyncio.Queue[str] = asyncio.Queue()
        async with provider(name, tmp_path) as node:
            mine = order(tmp_path, hostile(tmp_path, source, HOSTILE_COMPOSE % ""))
            neighbour = order(tmp_path, example("notes"))
            (beside,) = await node.start(neighbour, fail)
            await node.start(mine, ended.put_nowait)
            if name == "docker":  # the sandbox's /tmp holds 64 MB, and then writing fails
                async with asyncio.timeout(PATIENCE_S):
                    reason = await ended.get()
                assert reason == "The service web wrote more than 20 MB to its disk."
            assert await get(beside)

    run(work)


def test_a_service_that_talks_without_end_fills_no_log(name: str, tmp_path: Path) -> None:
    source = (
        "import http.server as h, threading\n"
        "def talk():\n"
        "    for n in range(400_000): print('x' * 100, flush=False)\n"
        "talking = threading.Thread(target=talk)\n"
        "talking.start()\n"
        "class H(h.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "        self.wfile.write(b'talking' if talking.is_alive() else b'silent')\n"
        "h.HTTPServer(('', 8000), H).serve_forever()\n"
    )

    async def work() -> None:
        async with provider(name, tmp_path) as node:
            mine = order(tmp_path, hostile(tmp_path, source, HOSTILE_COMPOSE % ""))
            (service,) = await node.start(mine, lambda reason: None)
            async with asyncio.timeout(PATIENCE_S):
                while await get(service) != "silent":  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            assert len(await node.logs(mine.instance_id, mine.folder)) <= LOG_TAIL
            log = mine.folder / "service.log"
            assert not log.exists() or log.stat().st_size <= 64 * 1024 * 1024

    run(work)
