"""A node's instances, with all that stands between a provider and players."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
import structlog.testing

from ctfy.challenge.audit import audit
from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import Unavailable
from ctfy.node.builds import Builds
from ctfy.node.capture.relay import Capture
from ctfy.node.instances import Instances
from ctfy.node.inventory import Inventory
from ctfy.node.library import Library
from ctfy.node.providers import choose_provider
from ctfy.node.settings import NodeSettings
from ctfy.server.models.instances import AttackSurface
from ctfy.server.models.nodes import NodeStartRequest
from tests.available import PROVIDERS
from tests.node.lone_provider import FLAG, left
from tests.processes import CHALLENGES, PATIENCE_S

pytestmark = pytest.mark.parametrize("name", PROVIDERS)

WARM = """
import http.server as h
class H(h.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open("/answers/flag", "rb").read()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
h.HTTPServer(("", 8000), H).serve_forever()
"""


@asynccontextmanager
async def a_node(
    name: str,
    folder: Path,
    challenges: Path = CHALLENGES,
    capacity: int = 10,
    *,
    keep: bool = False,
) -> AsyncIterator[Instances]:
    settings = NodeSettings(provider=name, data_dir=folder, ready_timeout_s=PATIENCE_S)
    provider = await choose_provider(settings)
    catalogue = Catalogue.load(challenges)
    instances = Instances(
        provider,
        Inventory(folder / "instances"),
        Library(catalogue, folder / "versions", folder=challenges),
        capacity,
        capture=Capture(""),
        builds=Builds(provider, catalogue, folder / "builds.json"),
    )
    await instances.recover()
    try:
        yield instances
    finally:
        await instances.close(keep=keep)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


async def start(instances: Instances, challenge_id: str, **answers: str) -> tuple[str, str]:
    """An instance that has started, or failed: its id, and why it failed."""
    instance_id = uuid.uuid4().hex
    instances.start(
        NodeStartRequest(
            challenge_id=challenge_id,
            instance_id=instance_id,
            ttl=600,
            answers=answers or {"flag": FLAG},
        )
    )
    while instances.get(instance_id).status == "starting":
        await instances.wait_started(instance_id, 1)
    return instance_id, instances.get(instance_id).error


def surface(instances: Instances, instance_id: str) -> AttackSurface:
    found = instances.get(instance_id).attack_surface
    assert found is not None, instances.get(instance_id).error
    return found


async def read(instances: Instances, instance_id: str) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(surface(instances, instance_id).services[0].url)).text


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not what():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def kill(handle: str) -> None:
    """What the engine runs for an instance."""
    engine = docker.from_env()
    for container in engine.containers.list(filters={"label": f"ctfy.instance={handle}"}):
        container.kill()
    engine.close()


def warm_challenges(folder: Path, warm: int = 2) -> Path:
    root = folder / "challenges" / "made"
    (root / "services" / "web").mkdir(parents=True, exist_ok=True)
    (root / "services" / "web" / "app.py").write_text(WARM)
    (root / "services" / "web" / "Dockerfile").write_text(
        'FROM python:3.11-slim\nCOPY app.py /app/app.py\nCMD ["python3", "-u", "/app/app.py"]\n'
    )
    (root / "docker-compose.yml").write_text(
        "services: {web: {build: services/web, ports: ['8000'], volumes: ['a:/answers:ro']}}\n"
    )
    (root / "attachments").mkdir(exist_ok=True)
    (root / "attachments" / "where.txt.j2").write_text("{{ services[0].port }} {{ answers.flag }}")
    (root / "metadata.yaml").write_text(
        f"{{name: Made, description: d, difficulty: easy, tags: [t], warm: {warm}, "
        "sandbox: {run: [python3, services/web/app.py], port: 8000}}\n"
    )
    return folder / "challenges"


@pytest.mark.parametrize("challenge_id", ["notes", "two-time", "relay-station"])
def test_every_solver_captures_the_answer_and_all_it_did_is_recorded(
    name: str, challenge_id: str, tmp_path: Path
) -> None:
    async def work() -> None:
        async with a_node(name, tmp_path) as instances:
            instance_id, error = await start(
                instances, challenge_id, flag=FLAG, passphrase="ab" * 16
            )
            assert not error
            folder = instances.inventory.folder(instance_id)
            solver = await asyncio.create_subprocess_exec(
                sys.executable,
                str(CHALLENGES / challenge_id / "solve.py"),
                surface(instances, instance_id).services[0].url,
                str(folder / "attachments"),
                stdout=asyncio.subprocess.PIPE,
            )
            output, _ = await solver.communicate()
            assert output.decode().splitlines()[-1] == FLAG
            await until(lambda: instances.capture.counted(instance_id)[0])
            flows = await instances.capture.flows(folder, 0, 1000)
            assert len(flows) == instances.capture.counted(instance_id)[0]
            packets = await instances.capture.packets(folder)
            assert packets is not None
            assert packets.stat().st_size > 200

    run(work)


def test_a_warm_instance_is_claimed_once_and_holds_no_answer_before(
    name: str, tmp_path: Path
) -> None:
    async def work() -> None:
        async with a_node(name, tmp_path / "node", warm_challenges(tmp_path)) as instances:
            await until(lambda: instances.warm.ready() == {"made": 2})
            before = [path.read_text() for path in (tmp_path / "node" / "warm").glob("*/answers/*")]
            assert len(set(before)) == 2
            assert all(answer.startswith("unclaimed-") for answer in before)
            assert instances.running == 0
            # Three at once for two that are ready: nobody gets what another got.
            flags = [f"FLAG{{{n}}}" for n in range(3)]
            started = await asyncio.gather(*(start(instances, "made", flag=f) for f in flags))
            assert [error for _, error in started] == ["", "", ""]
            ids = [instance_id for instance_id, _ in started]
            assert [await read(instances, i) for i in ids] == flags
            handles = {instances.handle(i) for i in ids}
            assert len(handles) == 3
            assert len([h for h in handles if h.startswith("warm")]) == 2
            attachment = instances.attachment(ids[0], "where.txt").read_text()
            assert attachment == f"{surface(instances, ids[0]).services[0].port} {flags[0]}"
            await until(lambda: instances.warm.ready() == {"made": 2})
            await instances.stop(ids[0])
            with pytest.raises(httpx.TransportError):
                async with httpx.AsyncClient() as client:
                    await client.get(f"http://127.0.0.1:{attachment.split()[0]}")
        assert not [part for handle in handles for part in left(name, handle)]

    run(work)


def test_warm_instances_follow_their_challenge_and_give_way(name: str, tmp_path: Path) -> None:
    async def work() -> None:
        root = warm_challenges(tmp_path)
        async with a_node(name, tmp_path / "node", root, capacity=2) as instances:
            await until(lambda: instances.warm.ready() == {"made": 2})
            warm_challenges(tmp_path, warm=1)  # the same but for how many, so another digest
            await instances.library.rescan()
            await until(lambda: instances.warm.ready() == {"made": 1})
            first, error = await start(instances, "made", flag="one")
            assert not error
            await until(lambda: instances.warm.ready() == {"made": 1})
            second, error = await start(instances, "made", flag="two")
            assert (error, await read(instances, second)) == ("", "two")
            assert instances.warm.ready() == {}  # the node is full, of teams' instances alone
            with pytest.raises(Unavailable):
                await start(instances, "made")
            await instances.stop(first)
            await until(lambda: instances.warm.ready() == {"made": 1})

    run(work)


@pytest.mark.parametrize("ticks", range(4))
def test_a_warm_pool_closes_while_it_hears_news(name: str, tmp_path: Path, ticks: int) -> None:
    async def work() -> None:
        root = warm_challenges(tmp_path, warm=1)
        async with a_node(name, tmp_path / "node", root) as instances:
            await until(lambda: instances.warm.ready() == {"made": 1})
            (challenge,) = instances.library.catalogue.challenges.values()
            member = instances.warm.claim(challenge)
            assert member
            instances.warm.release(member)
            for _ in range(ticks):
                await asyncio.sleep(0)
            closing = asyncio.create_task(instances.warm.close())
            done, _ = await asyncio.wait({closing}, timeout=PATIENCE_S)
            assert done

    run(work)


def test_a_warm_instance_that_was_claimed_outlives_the_node_where_others_do(
    name: str, tmp_path: Path
) -> None:
    async def work() -> None:
        root = warm_challenges(tmp_path, warm=1)
        async with a_node(name, tmp_path / "node", root) as before:
            await until(lambda: before.warm.ready() == {"made": 1})
            instance_id, _ = await start(before, "made", flag="kept")
            port = surface(before, instance_id).services[0].port
            await until(lambda: before.warm.ready() == {"made": 1})
            before.capture.close()  # a node that dies takes its ports with it
            async with a_node(name, tmp_path / "node", root) as after:
                state = after.get(instance_id)
                if name == "docker":
                    assert (state.status, await read(after, instance_id)) == ("ready", "kept")
                    assert surface(after, instance_id).services[0].port == port
                    await asyncio.to_thread(kill, after.handle(instance_id))
                    await until(lambda: after.get(instance_id).status == "error")
                    assert "code 137" in after.get(instance_id).error
                else:
                    assert "lost the instance" in state.error

    run(work)


def test_a_stop_may_leave_instances_for_the_next_start(name: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with a_node(name, tmp_path, keep=True) as before:
            kept, _ = await start(before, "notes")
            port = surface(before, kept).services[0].port
        with pytest.raises(httpx.TransportError):  # nobody serves it meanwhile
            await read(before, kept)
        async with a_node(name, tmp_path) as after:
            if name == "docker":
                assert "Pocket Notes" in await read(after, kept)
                assert surface(after, kept).services[0].port == port
            else:
                assert "lost the instance" in after.get(kept).error
        assert not left(name, kept)

    run(work)


def test_warm_needs_answers_that_can_come_later(name: str, tmp_path: Path) -> None:
    folder = warm_challenges(tmp_path) / "made"
    compose = folder / "docker-compose.yml"
    for service in (
        "web: {build: {context: services/web, args: {FLAG: '${ANSWER_FLAG}'}}, ports: ['8000']}",
        "web: {image: x, ports: ['8000'], environment: ['WHO=${INSTANCE_ID}']}",
        "web: {image: x, ports: ['8000']}, flag-rotator: {image: y}",
    ):
        compose.write_text(f"services: {{{service}}}\n")
        (finding,) = (found for found in audit(folder) if found.is_error)
        assert (finding.line, "before it has answers" in finding.problem) == (1, True)


def test_a_disk_that_takes_no_more_ends_the_start_and_nothing_else(
    name: str, tmp_path: Path
) -> None:
    async def work() -> None:
        async with a_node(name, tmp_path) as instances:
            beside, error = await start(instances, "notes")
            assert not error
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # every write fails, really
            with structlog.testing.capture_logs():  # the log can go nowhere either
                try:
                    failed, error = await start(instances, "notes")
                    assert "cannot write to its disk" in error
                    assert await read(instances, beside)  # not recorded, but served
                    await instances.capture.flows(tmp_path, 0, 1)  # it has been tried
                finally:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            assert instances.get(failed).status == "error"
            await instances.stop(failed)
            again, error = await start(instances, "notes")
            assert (error, bool(await read(instances, again))) == ("", True)

    run(work)


def test_a_clock_that_jumps_is_not_noticed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with a_node(name, tmp_path) as instances:
            beside, _ = await start(instances, "notes")
            clock, jumps = time.time, iter([3600, -3600, 86400, -86400] * 10_000)
            monkeypatch.setattr(time, "time", lambda: clock() + next(jumps))
            instance_id, error = await start(instances, "notes")
            assert not error
            assert await read(instances, instance_id)
            assert await instances.provider.is_healthy(beside)
            flows = await instances.capture.flows(instances.inventory.folder(instance_id), 0, 10)
            assert all(0 <= flow["duration_ms"] < 10_000 for flow in flows), flows
            await instances.stop(instance_id)

    run(work)
