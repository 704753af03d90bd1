"""`kill -9` of server, worker or node at any point of an instance's life, then a restart."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg
import pytest

from ctfy.challenge.modes.dynamic import Dynamic
from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.server.instances.answers import derive
from tests.available import PROVIDERS, lacking
from tests.conftest import (
    ADMIN_EMAIL,
    Arena,
    cloned_database,
    make_admin,
    mint_invite,
    sign_in,
)
from tests.processes import Process, Stack, stack, wait_for

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture(scope="module", params=PROVIDERS)
def apart(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stack, Arena, str]]:
    """Server, worker and node, each a process of its own."""
    with cloned_database() as url:
        make_admin(url)
        folder = tmp_path_factory.mktemp(f"faults-{request.param}")
        with (
            stack(
                url,
                folder,
                mint_invite,
                provider=request.param,
                worker_apart=True,
                CTFY_STALLED_JOB_S="4",
                CTFY_NODE_UNREACHABLE_S="20",
            ) as up,
            sign_in(up.url, ADMIN_EMAIL) as admin,
        ):
            yield up, Arena(up.url, admin), url


def order(player: PlatformClient, competition_id: str) -> str:
    """Ask for an instance and do not wait."""
    body = {"challenge_id": "notes", "competition_id": competition_id}
    return str(player.call("POST", "/instances", json=body).json()["id"])


def status(player: PlatformClient, instance_id: str) -> str:
    try:
        return player.instances.status(instance_id).status
    except (httpx.HTTPError, CtfyApiError):
        return "away"


def kill_and_restart(part: Process) -> None:
    part.kill()
    part.start()


def settle(up: Stack) -> None:
    wait_for("the platform", up.healthy)


POINTS = [
    ("server", "requested"),
    ("worker", "requested"),
    ("node", "requested"),
    ("worker", "starting"),
    ("node", "starting"),
    ("server", "ready"),
    ("worker", "ready"),
    ("node", "ready"),
    ("worker", "stopping"),
    ("node", "stopping"),
]


@pytest.mark.parametrize(("part", "moment"), POINTS)
def test_a_kill_loses_nothing_and_leaves_nothing(
    apart: tuple[Stack, Arena, str], part: str, moment: str
) -> None:
    up, arena, database_url = apart
    competition = arena.competition()
    player = arena.registered(competition)
    victim: Process = getattr(up, part)
    instance_id = order(player, competition.id)
    if moment == "requested":
        kill_and_restart(victim)
    elif moment == "starting":
        wait_for("the start", lambda: state(database_url, instance_id) != "requested")
        kill_and_restart(victim)
    else:
        wait_for("ready", lambda: status(player, instance_id) == "ready")
        if moment == "stopping":
            with ThreadPoolExecutor(1) as pool:
                stopping = pool.submit(stop, player, instance_id)
                wait_for("the stop", lambda: state(database_url, instance_id) != "ready")
                kill_and_restart(victim)
                stopping.result()
        else:
            kill_and_restart(victim)
    settle(up)

    # Whatever became of it, it comes to an end that its team sees.
    settled = ("stopped",) if moment == "stopping" else ("ready", "error")
    found = wait_for("an end", lambda: (s := status(player, instance_id)) in settled and s)
    if found == "ready":
        answer = derive(secret(up), instance_id, Dynamic(id="flag", prompt="?"))
        assert player.submissions.submit(instance_id, answer).correct
        stop(player, instance_id)
    elif found == "error":
        assert player.instances.status(instance_id).error

    # Starting again works, and afterwards nothing of either is left.
    again = order(player, competition.id)
    wait_for("another start", lambda: status(player, again) == "ready")
    stop(player, again)
    wait_for("an empty machine", lambda: not left(up))


def state(database_url: str, instance_id: str) -> str:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT state FROM instances WHERE id = %s", [instance_id]
        ).fetchone()
    return str(row[0]) if row else ""


def stop(player: PlatformClient, instance_id: str) -> None:
    with suppress(httpx.HTTPError, CtfyApiError):
        player.instances.stop(instance_id)
    wait_for("the stop", lambda: status(player, instance_id) == "stopped")


def secret(up: Stack) -> bytes:
    return (up.folder / "platform" / "secret.key").read_text().strip().encode()


def left(up: Stack) -> list[str]:
    """Processes, containers and folders of instances that are still on the machine."""
    folders = [path.name for path in (up.folder / "node" / "instances").iterdir()]
    running = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
            if str(up.folder / "node" / "instances") in line:
                running.append(line)
    containers = []
    if "docker" not in lacking():
        listed = subprocess.run(
            ["docker", "ps", "-aq", "--filter", f"label=ctfy.node={up.folder / 'node'}"],
            capture_output=True,
            text=True,
        )
        containers = listed.stdout.split()
    return folders + running + containers


def test_acknowledged_submissions_survive_kills_of_the_server(
    apart: tuple[Stack, Arena, str],
) -> None:
    up, arena, database_url = apart
    competition = arena.competition()
    player = arena.registered(competition)
    instance_id = order(player, competition.id)
    wait_for("ready", lambda: status(player, instance_id) == "ready")
    acknowledged: list[str] = []
    finished = threading.Event()

    def submit(worker: int) -> None:
        client = PlatformClient(up.url, player.token, max_retries=0)
        number = 0
        while not finished.is_set():
            number += 1
            with suppress(httpx.HTTPError, CtfyApiError):
                answer = client.submissions.submit(instance_id, f"guess {worker} {number}")
                acknowledged.append(answer.id)

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(submit, worker) for worker in range(4)]
        for _ in range(2):
            seen = len(acknowledged)
            wait_for("submissions", lambda seen=seen: len(acknowledged) > seen + 10)  # type: ignore[misc]
            kill_and_restart(up.server)
            wait_for("the server", up.server_answers)
        finished.set()
        for writer in writers:
            writer.result()
    settle(up)
    with psycopg.connect(database_url) as connection:
        kept = {row[0] for row in connection.execute("SELECT id FROM submissions").fetchall()}
    assert len(acknowledged) > 20
    assert set(acknowledged) <= kept
    stop(player, instance_id)


def test_a_node_that_dies_while_starting_ends_the_instance_with_a_reason(
    apart: tuple[Stack, Arena, str],
) -> None:
    up, arena, _ = apart
    competition = arena.competition()
    player = arena.registered(competition)
    up.node.kill()
    instance_id = order(player, competition.id)
    wait_for("the error", lambda: status(player, instance_id) == "error")
    assert "stopped answering" in player.instances.status(instance_id).error
    up.node.start()
    wait_for("the node", lambda: up.node.popen is not None and node_answers(player))
    again = order(player, competition.id)
    wait_for("another start", lambda: status(player, again) == "ready")
    stop(player, again)


def node_answers(player: PlatformClient) -> bool:
    (node,) = player.nodes.list()
    try:
        return httpx.get(f"{node.url}/api/v1/health").status_code == 200
    except httpx.HTTPError:
        return False
