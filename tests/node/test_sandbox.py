"""What only sandboxes can leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import httpx
import pytest

from ctfy.node.providers.sandbox.budget import memory_of
from ctfy.node.providers.sandbox.cgroups import Limits, find_cgroups
from ctfy.node.providers.sandbox.provider import find_bubblewrap
from tests.node.lone_provider import challenge_of, example, get, order, provider
from tests.processes import PATIENCE_S


def test_what_a_killed_node_had_only_just_forked_is_ended(tmp_path: Path) -> None:
    async def work() -> None:
        async with provider("sandbox", tmp_path) as node:
            answers = tmp_path / "instances" / "forgotten" / "answers"
            answers.mkdir(parents=True)
            bubblewrap = find_bubblewrap()
            assert bubblewrap is not None
            # As it is left when the node dies before the sandbox asked to die with it.
            command = [bubblewrap, "--ro-bind", "/", "/", "--bind", str(answers), "/tmp"]
            forgotten = await asyncio.create_subprocess_exec(*command, "sleep", "600")
            try:
                await node.recover({})
                async with asyncio.timeout(PATIENCE_S):
                    assert await forgotten.wait() == -9
            finally:
                with contextlib.suppress(ProcessLookupError):
                    forgotten.kill()
                await forgotten.wait()

    asyncio.run(work())


HOSTILE = """
import ctypes, errno, json, os, platform, socket, subprocess, sys, threading, time
from http.server import *
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == "x86_64"
def call(x86_64, aarch64, *arguments):
    ctypes.set_errno(0)
    arguments = [ctypes.c_long(a) for a in arguments]
    result = libc.syscall(ctypes.c_long(x86_64 if x86 else aarch64), *arguments)
    return errno.errorcode[ctypes.get_errno()] if result == -1 else "done"
def family(number):
    try: socket.socket(number, socket.SOCK_RAW if number in (16, 17) else socket.SOCK_STREAM)
    except OSError as error: return errno.errorcode[error.errno]
    return "done"
def run(*command): return subprocess.run(command, capture_output=True).returncode
found = {
    "unshare -Urm": run("unshare", "-Urm", "true"), "unshare -n": run("unshare", "-n", "true"),
    "mount": call(165, 40, 0, 0, 0, 0, 0), "unshare": call(272, 97, 0x10000000),
    "setns": call(308, 268, -1, 0), "keyctl": call(250, 219, 0, 0, 0),
    "bpf": call(321, 280, 0, 0, 0), "perf": call(298, 241, 0, 0, 0, 0, 0),
    "userfaultfd": call(323, 282, 0), "io_uring": call(425, 425, 1, 0),
    "clone": call(56, 220, 0x10000000 | 17, 0, 0, 0, 0), "clone3": call(435, 435, 0, 0),
    "x32": call(0x40000027, 999) if x86 else "ENOSYS",
    "vsock": family(40), "packet": family(17), "alg": family(38), "unix": family(1),
    "netlink": family(16), "threads": "done",
}
threading.Thread(target=print).start()
def forks():
    made = []
    for _ in range(10_000):
        try: pid = os.fork()
        except OSError: break
        if pid == 0: time.sleep(600); os._exit(0)
        made.append(pid)
    time.sleep(1.5)  # long enough to be looked at: together they share more than they may have
    for pid in made: os.kill(pid, 9); os.waitpid(pid, 0)
    return len(made)
def hold():
    for n in range(16):
        if os.fork() == 0:
            if n % 2:
                with open(f"/tmp/{n}", "wb") as file:
                    try:
                        for _ in range(64): file.write(bytes(1 << 20)); file.flush()
                    except OSError: pass
            held = bytearray(250 << 20)
            for at in range(0, len(held), 4096): held[at] = 1
            time.sleep(600); os._exit(0)
class H(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = found
        if self.path == "/forks": answer = forks()
        if self.path == "/hold": answer = hold()
        body = json.dumps(answer).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
ThreadingHTTPServer(("0.0.0.0", 8000), H).serve_forever()
"""
REFUSED = ("mount", "unshare", "setns", "keyctl", "bpf", "perf", "userfaultfd", "io_uring", "clone")


@pytest.fixture(params=["cgroups", "rlimits"])
def kept_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With what the machine gives, and as on a machine that gives a node no cgroups."""
    if request.param == "rlimits":
        monkeypatch.setattr("ctfy.node.providers.sandbox.provider.find_cgroups", lambda _: None)
    return str(request.param)


def test_the_kernel_refuses_what_a_service_has_no_use_for(tmp_path: Path, kept_by: str) -> None:
    async def work() -> None:
        async with provider("sandbox", tmp_path) as node:
            (service,) = await node.start(order(tmp_path, challenge_of(tmp_path, HOSTILE)), print)
            found = json.loads(await get(service))
            assert found["unshare -Urm"] != 0
            assert found["unshare -n"] != 0
            assert {name: found[name] for name in REFUSED} == dict.fromkeys(REFUSED, "EPERM")
            assert found["clone3"] == found["x32"] == "ENOSYS"
            for family in ("vsock", "packet", "alg"):
                assert found[family] == "EAFNOSUPPORT"
            assert found["unix"] == found["netlink"] == "done"

    asyncio.run(work())


def test_an_instance_keeps_to_its_budget_over_all_its_processes(
    tmp_path: Path, kept_by: str
) -> None:
    """Processes end at its limit, 4 GB are not held; its neighbour goes on answering.

    The kernel keeps a cgroup below its limit at every moment. Without one it is the watchdog that
    ends the instance: how much it held meanwhile says how fast the machine hands out memory.
    """

    async def work() -> None:
        ended = asyncio.Event()
        async with provider("sandbox", tmp_path) as node:
            mine = order(tmp_path, challenge_of(tmp_path, HOSTILE))
            beside = order(tmp_path, example("notes"))
            (service,) = await node.start(mine, lambda _: ended.set())
            (neighbour,) = await node.start(beside, print)
            host, port = service.host, service.port
            async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
                made = (await client.get(f"http://{host}:{port}/forks")).json()
                assert 10 < made <= 80
                with contextlib.suppress(httpx.TransportError):
                    await client.get(f"http://{host}:{port}/hold")
            if node.isolation == "rlimits":
                async with asyncio.timeout(PATIENCE_S):
                    await ended.wait()
            else:
                pid = node._running[mine.instance_id].process.pid if not ended.is_set() else 0
                for _ in range(100):
                    assert await asyncio.to_thread(memory_of, pid) < 650 * 1024**2
                    await asyncio.sleep(0.02)
            assert await get(neighbour)
            assert kept_by == "cgroups" or node.isolation == "rlimits"

    asyncio.run(work())


def test_cgroups_go_with_their_instance_and_what_a_killed_node_left_is_swept(
    tmp_path: Path,
) -> None:
    groups = find_cgroups(tmp_path)
    if groups is None:  # this machine gives us none: then none can be left
        return

    async def work() -> None:
        async with provider("sandbox", tmp_path) as node:
            assert node.isolation == groups.name
            mine = order(tmp_path, example("notes"))
            await node.start(mine, print)
            (*_, place) = groups._places(mine.instance_id)
            assert place.is_dir()
            assert (place / "cgroup.procs").read_text().split()
            await node.stop(mine.instance_id)
            assert not place.exists()
            files = groups.make("forgotten", Limits(64 * 1024**2, 8, 1))
            command = ["sh", "-c", f"echo 0 > {files[0]}; exec sleep 600"]
            left = await asyncio.create_subprocess_exec(*command)
            await node.recover({})
            assert await left.wait() != 0
            assert not files[0].parent.exists()
        assert not place.parent.exists()

    asyncio.run(work())
