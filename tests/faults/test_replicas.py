"""Two servers, two workers and two nodes on one PostgreSQL."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.server.models.tasks import AdminTaskInfo
from tests.conftest import ADMIN_EMAIL, Arena, cloned_database, make_admin, mint_invite, sign_in
from tests.hostile_node import HostileNode
from tests.playing import start
from tests.processes import CHALLENGES, Process, free_port, wait_for
from tests.refusals import refusal

pytestmark = pytest.mark.xdist_group("replicas")


@dataclass
class Replicas:
    """The processes, and an administrator at each server."""

    servers: list[Process]
    workers: list[Process]
    nodes: list[Process]
    admins: list[PlatformClient] = field(default_factory=list)

    def arena(self, number: int = 0) -> Arena:
        admin = self.admins[number]
        return Arena(admin.base_url.removesuffix("/api/v1"), admin)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health/ready").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    folder = tmp_path_factory.mktemp("replicas")
    with cloned_database() as database, contextlib.ExitStack() as stack:
        make_admin(database)
        common = {
            "CTFY_DATABASE_URL": database,
            "CTFY_DATA_DIR": str(folder / "platform"),
            "CTFY_CHALLENGES_DIR": str(CHALLENGES),
            "CTFY_RATE_LIMITING_ENABLED": "false",
            "CTFY_PLACEMENT_MAX_LOAD": "100",
            "CTFY_STALLED_JOB_S": "4",
        }
        ports = [free_port(), free_port()]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        servers = [
            Process(
                ["server", "start", "--no-worker", "--port", str(port)],
                common,
                folder / f"server{number}.log",
            )
            for number, port in enumerate(ports)
        ]
        workers = [Process(["worker"], common, folder / f"worker{n}.log") for n in range(2)]
        nodes = [
            Process(
                [
                    *("node", "join", urls[number], "--provider", "sandbox"),
                    *("--capacity", "12", "--data-dir", str(folder / f"node{number}")),
                    *("--port", str(free_port()), "--display-name", f"n{number}"),
                ],
                {**common, "CTFY_NODE_HEARTBEAT_S": "1"},
                folder / f"node{number}.log",
            )
            for number in range(2)
        ]

        def stop(part: Process) -> None:
            if part.popen is not None and part.popen.poll() is None:
                part.stop()

        for part in (*servers, *workers, *nodes):
            stack.callback(stop, part)
        servers[0].start()
        wait_for("the first server", lambda: answers(urls[0]))
        for part in (servers[1], *workers):
            part.start()
        wait_for("the second server", lambda: answers(urls[1]))
        up = Replicas(servers, workers, nodes, [sign_in(url, ADMIN_EMAIL) for url in urls])
        for node, url in zip(nodes, urls, strict=True):
            node.environment["CTFY_NODE_TOKEN"] = mint_invite(url)
            node.start()
        wait_for("the nodes", lambda: up.admins[0].admin.observability.overview().nodes.total == 2)
        yield up
        for admin in up.admins:
            admin.close()


def test_a_setting_changed_on_one_holds_on_the_other(replicas: Replicas) -> None:
    first, second = replicas.admins
    arena = replicas.arena(1)
    competition = arena.competition("notes")
    player = arena.registered(competition)

    def refused_there() -> bool:
        body = {"challenge_id": "notes", "competition_id": competition.id, "ttl": 90_001}
        try:
            player.call("POST", "/instances", json=body)
        except CtfyApiError as error:
            return "1 to 90000" in str(error)
        return False

    first.admin.settings.set("max_instance_ttl_s", 90_000)
    try:
        wait_for("the setting on the other server", refused_there)
        seen = {s.key: s for s in second.admin.settings.list()}["max_instance_ttl_s"]
        assert (seen.value, seen.source) == (90_000, "db")
    finally:
        first.admin.settings.unset("max_instance_ttl_s")


class SlowNode:
    """A node that builds for as long as the test wants it to."""

    def __init__(self, admin: PlatformClient) -> None:
        self.finished = threading.Event()
        self._admin = admin

        def answer(method: str, path: str) -> object:
            if method == "POST":
                return {"status": "accepted"}
            status = "built" if self.finished.is_set() else "building"
            rows = [{"challenge_id": "notes", "status": status, "built_at": 1.0}]
            return [] if path.endswith("/instances") else {"rows": rows}

        self._node = HostileNode(answer)
        self.id = admin.admin.nodes.register(self._node.url, 1).id
        admin.admin.nodes.drain(self.id)

    def close(self) -> None:
        self.finished.set()
        self._admin.admin.nodes.remove(self.id)
        self._node.close()


@pytest.fixture
def slow_node(replicas: Replicas) -> Iterator[SlowNode]:
    node = SlowNode(replicas.admins[0])
    yield node
    node.close()


def running(admin: PlatformClient, task: AdminTaskInfo) -> bool:
    return admin.admin.tasks.get(task.id).status == "running"


def test_a_task_is_seen_logged_and_cancelled_from_the_other(
    replicas: Replicas, slow_node: SlowNode
) -> None:
    first, second = replicas.admins
    task = first.admin.challenges.build("notes")
    wait_for("the task", lambda: running(second, task))
    wait_for("its log", lambda: len(second.admin.tasks.logs(task.id).items) >= 2)
    wait_for("its progress", lambda: second.admin.tasks.get(task.id).progress)
    assert second.admin.tasks.get(task.id).progress < 1
    assert second.admin.tasks.cancel(task.id).cancel_requested
    done = first.admin.tasks.wait(task.id)
    assert done.status == "cancelled"
    assert first.admin.tasks.logs(task.id).items[-1].message == "cancelled"
    assert refusal(first.admin.tasks.cancel, task.id).code == "task_finished"


def test_whoever_is_killed_in_the_middle_of_a_task_another_finishes_it(
    replicas: Replicas, slow_node: SlowNode
) -> None:
    first, second = replicas.admins
    task = first.admin.challenges.build("notes")
    wait_for("the task", lambda: running(second, task))
    replicas.servers[0].kill()
    for worker in replicas.workers:  # one of them has the task
        worker.kill()
    replicas.workers[0].start()
    wait_for("the next attempt", lambda: second.admin.tasks.get(task.id).attempts >= 2)
    replicas.workers[1].start()
    assert running(second, task)
    slow_node.finished.set()
    done = second.admin.tasks.wait(task.id)
    assert (done.status, done.error) == ("succeeded", "")
    told = [line.message for line in second.admin.tasks.logs(task.id).items]
    assert any(line.startswith("taken up again") for line in told)
    replicas.servers[0].start()
    url = first.base_url.removesuffix("/api/v1")
    wait_for("the first server", lambda: answers(url))
    assert first.admin.tasks.get(task.id).status == "succeeded"


def test_a_node_drains_while_it_runs_ten_instances(replicas: Replicas) -> None:
    admin = replicas.admins[0].admin
    arena = replicas.arena()
    by_name = {n.display_name: n for n in replicas.admins[0].nodes.list()}
    other, drained = by_name["n0"], by_name["n1"]
    admin.nodes.drain(other.id)
    competition = arena.competition("notes")
    player = arena.registered(competition)
    ten = [start(player, competition.id) for _ in range(10)]
    assert {admin.instances.get(i.id).node_id for i in ten} == {drained.id}
    admin.nodes.patch(other.id, draining=False)
    admin.nodes.drain(drained.id)
    later = [start(player, competition.id) for _ in range(3)]
    assert {admin.instances.get(i.id).node_id for i in later} == {other.id}
    assert {admin.instances.get(i.id).status for i in ten} == {"ready"}
    for instance in (*ten, *later):
        assert httpx.get(instance.surface.services[0].url).status_code == 200
    assert admin.observability.overview().draining_nodes == 1
    for instance in ten:
        player.instances.stop(instance.id)
    assert {admin.records.get(i.id).record.stop_reason for i in ten} == {"user"}
    admin.nodes.remove(drained.id)
    assert drained.id not in [n.id for n in replicas.admins[0].nodes.list()]
    node = replicas.nodes[1]
    assert node.popen is not None
    wait_for("the removed node to end", lambda: node.popen.poll() is not None)  # type: ignore[union-attr]
    assert {player.instances.status(i.id).status for i in later} == {"ready"}
