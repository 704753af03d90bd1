"""A node that lies or dawdles harms nobody but what it was given to run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ADMIN_EMAIL, Arena, lone_server, sign_in
from tests.hostile_node import HostileNode
from tests.processes import wait_for


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A platform without an honest node."""
    folder = tmp_path_factory.mktemp("hostile")
    with (
        lone_server(folder, CTFY_NODE_UNREACHABLE_S="3") as url,
        sign_in(url, ADMIN_EMAIL) as admin,
    ):
        yield Arena(url, admin)


def order(arena: Arena) -> tuple[Any, str]:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    body = {"challenge_id": "notes", "competition_id": competition.id}
    return player, str(player._http.request("POST", "/instances", json=body).json()["id"])


LIES: list[Any] = [
    [],
    {},
    {"status": 7},
    {"status": "ready"},
    {"status": "ready", "attack_surface": {"services": [{"host": 1, "port": "far"}]}},
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_nonsense_from_a_node_is_a_failed_start(lonely: Arena, lie: Any) -> None:
    hostile = HostileNode(lambda method, path: lie if "/status" in path else {})
    node = lonely.admin.admin.nodes.register(hostile.url, 1)
    try:
        player, instance_id = order(lonely)
        wait_for("the failure", lambda: player.instances.status(instance_id).status == "error")
        assert "nonsense" in player.instances.status(instance_id).error
        assert player.instances.get(instance_id).services == []
    finally:
        lonely.admin.admin.nodes.remove(node.id)
        hostile.close()


def test_a_node_that_does_not_answer_holds_nobody_up(lonely: Arena) -> None:
    def dawdle(method: str, path: str) -> Any:
        time.sleep(8)
        return {"rows": []}

    hostile = HostileNode(dawdle)
    admin = lonely.admin.admin
    node = admin.nodes.register(hostile.url, 1)
    admin.nodes.drain(node.id)
    try:
        began = time.monotonic()
        (row,) = [r for r in admin.challenges.build_state().rows if r.challenge_id == "notes"]
        assert row.nodes[0].node_error == "The node did not answer in time."
        assert admin.observability.traffic_summary().total_requests >= 0
        assert time.monotonic() - began < 15  # not the 16 that both would take
        task = admin.tasks.wait(admin.challenges.build("notes").id)
        assert (task.status, task.error) == ("failed", "1 of 1 failed; the log says why.")
        assert "did not answer in time" in admin.tasks.logs(task.id).items[0].message
    finally:
        admin.nodes.remove(node.id)
        hostile.close()


def test_an_inventory_of_lies_stops_nothing_elsewhere(lonely: Arena) -> None:
    seen: list[str] = []

    def lie(method: str, path: str) -> Any:
        seen.append(f"{method} {path}")
        if method == "GET" and path.endswith("/instances"):
            return [{"instance_id": "../../x", "status": "ready"}]
        return {}

    hostile = HostileNode(lie)
    node = lonely.admin.admin.nodes.register(hostile.url, 1)
    lonely.admin.admin.nodes.drain(node.id)
    try:
        wait_for("the reconciler", lambda: any(s.startswith("DELETE") for s in seen))
        assert lonely.admin.health().status == "ok"
        jobs = {j.name: j for j in lonely.admin.admin.scheduled_jobs.list()}
        assert jobs["reconcile"].last_error == ""
    finally:
        lonely.admin.admin.nodes.remove(node.id)
        hostile.close()


def test_more_than_fits_waits_and_says_so(lonely: Arena, tmp_path: Path) -> None:
    _, first = order(lonely)
    player, second = order(lonely)
    assert player.instances.status(second).queue_position >= 1
    assert lonely.admin.admin.observability.overview().queued_instances >= 2
    lonely.admin.admin.instances.stop_all()
    assert lonely.admin.admin.instances.get(first).status == "stopped"


def test_starts_that_take_for_ever_keep_nobody_from_ending(tmp_path: Path) -> None:
    """With one hand for starts, and that one taken."""
    ready: set[str] = set()
    service = {"service_type": "http", "host": "127.0.0.1", "port": 9, "label": "web"}

    def answer(method: str, path: str) -> Any:
        instance_id = path.split("/")[-2]
        if "/status" in path and instance_id in ready:
            return {"status": "ready", "attack_surface": {"services": [service]}}
        if method == "GET" and path.endswith("/instances"):
            return [{"instance_id": i, "status": "ready"} for i in ready]
        return {"status": "starting"}

    with (
        lone_server(tmp_path, CTFY_WORKER_CONCURRENCY="1") as url,
        sign_in(url, ADMIN_EMAIL) as admin,
    ):
        arena, hostile = Arena(url, admin), HostileNode(answer)
        admin.admin.nodes.register(hostile.url, 5)
        try:
            player, first = order(arena)
            ready.add(first)
            wait_for("ready", lambda: player.instances.status(first).status == "ready")
            _, second = order(arena)
            wait_for("the start", lambda: admin.admin.instances.get(second).node_id)

            def runs() -> int:
                jobs = {j.name: j.run_count for j in admin.admin.scheduled_jobs.list()}
                return jobs["reconcile"]

            before = runs()
            player.instances.stop(first)
            assert player.instances.status(first).status == "stopped"
            wait_for("the clock", lambda: runs() > before)
            assert admin.admin.instances.get(second).status == "starting"
        finally:
            hostile.close()
