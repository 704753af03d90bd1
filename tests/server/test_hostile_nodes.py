"""A node that lies or dawdles harms nobody but what it was given to run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ADMIN_EMAIL, Arena, lone_server, sign_in
from tests.hostile_node import HostileNode
from tests.processes import wait_for
from tests.refusals import refusal


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
    return player, str(player.call("POST", "/instances", json=body).json()["id"])


ACCEPTED = {"instance_id": "x", "status": "starting"}
SERVICE = {"service_type": "http", "host": "127.0.0.1", "port": 9, "label": "web"}


def ready(*services: object, **surface: object) -> dict[str, Any]:
    """What a node says of an instance that is up."""
    return {**ACCEPTED, "status": "ready", "attack_surface": {"services": services, **surface}}


LIES: list[Any] = [
    [],
    {},
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    {"instance_id": "x", "status": 7},
    {"instance_id": "x", "status": "ready"},
    {"instance_id": "x", "status": "starting", "expires_at": float("inf")},
    ready({"host": 1, "port": "far"}),
    ready({**SERVICE, "label": "with\0nul"}),
    ready(SERVICE, flag_path="x" * 2_000_000),
    ready(*[0] * 400_000),
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: str(lie)[:60])
def test_nonsense_from_a_node_is_a_failed_start(lonely: Arena, lie: Any) -> None:
    hostile = HostileNode(lambda method, path: lie if "/status" in path else ACCEPTED)
    node = lonely.admin.admin.nodes.register(hostile.url, 1)
    try:
        player, instance_id = order(lonely)
        wait_for("the failure", lambda: player.instances.status(instance_id).status == "error")
        assert "nonsense" in player.instances.status(instance_id).error
        assert player.instances.get(instance_id).services == []
    finally:
        lonely.admin.admin.nodes.remove(node.id)
        hostile.close()


def test_what_a_node_says_of_a_failure_reaches_its_team(lonely: Arena) -> None:
    said = {**ACCEPTED, "status": "error", "error": "no\0 room" + "!" * 100_000}
    hostile = HostileNode(lambda method, path: said if "/status" in path else ACCEPTED)
    node = lonely.admin.admin.nodes.register(hostile.url, 1)
    try:
        player, instance_id = order(lonely)
        wait_for("the failure", lambda: player.instances.status(instance_id).status == "error")
        error = player.instances.status(instance_id).error
        assert error.startswith("no room!!!")
        assert len(error) == 2000
    finally:
        lonely.admin.admin.nodes.remove(node.id)
        hostile.close()


@pytest.mark.parametrize("flows", [[{"kind": "http"}], [0] * 1000, b"[NaN]", {"items": []}])
def test_traffic_that_is_none_is_not_handed_on(lonely: Arena, flows: Any) -> None:
    def answer(method: str, path: str) -> Any:
        if "/traffic" in path:
            return flows
        if method == "GET" and path.endswith("/instances"):
            return [{**ACCEPTED, "status": "ready", "last_traffic_at": float("inf")}]
        return ready(SERVICE) if "/status" in path else ACCEPTED

    hostile, admin = HostileNode(answer), lonely.admin.admin
    node = admin.nodes.register(hostile.url, 1)
    try:
        player, instance_id = order(lonely)
        wait_for("ready", lambda: player.instances.status(instance_id).status == "ready")
        for kind in ("traffic", "har"):
            refused = refusal(player.call, "GET", f"/instances/{instance_id}/{kind}")
            assert (refused.status_code, refused.code) == (502, "node_traffic_fetch_failed")
        path = f"/admin/instances/{instance_id}"
        for kind in ("traffic", "har", "containers", "container-log"):
            refused = refusal(lonely.admin.call, "GET", f"{path}/{kind}")
            assert (refused.status_code, refused.code) == (502, "node_fetch_failed")
        assert instance_id in [
            i.instance_id for i in admin.observability.traffic_summary().instances
        ]
        player.instances.stop(instance_id)
        (record,) = [r for r in admin.records.list(limit=1000) if r.id == instance_id]
        assert admin.records.traffic(record.id) == []
    finally:
        admin.nodes.remove(node.id)
        hostile.close()


@pytest.mark.parametrize(
    "url", ["http://a:99999", "http://[::", "http://[6]", "http://é", "http://a?b", "http://"]
)
def test_an_address_that_is_none_is_refused(lonely: Arena, url: str) -> None:
    assert refusal(lonely.admin.admin.nodes.register, url, 1).code == "validation_error"


def test_a_node_that_does_not_answer_holds_nobody_up(lonely: Arena) -> None:
    over = threading.Event()

    def dawdle(method: str, path: str) -> Any:
        over.wait()
        return {"rows": []}

    hostile = HostileNode(dawdle)
    admin = lonely.admin.admin
    node = admin.nodes.register(hostile.url, 1)
    admin.nodes.drain(node.id)
    try:
        (row,) = [r for r in admin.challenges.build_state().rows if r.challenge_id == "notes"]
        assert row.nodes[0].node_error == "The node did not answer in time."
        assert admin.observability.traffic_summary().total_requests >= 0
        task = admin.tasks.wait(admin.challenges.build("notes").id)
        assert (task.status, task.error) == ("failed", "1 of 1 failed; the log says why.")
        assert "did not answer in time" in admin.tasks.logs(task.id).items[0].message
    finally:
        over.set()
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
    up: set[str] = set()

    def answer(method: str, path: str) -> Any:
        if "/status" in path and path.split("/")[-2] in up:
            return ready(SERVICE)
        if method == "GET" and path.endswith("/instances"):
            return [{"instance_id": i, "status": "ready"} for i in up]
        return ACCEPTED

    with (
        lone_server(tmp_path, CTFY_WORKER_CONCURRENCY="1") as url,
        sign_in(url, ADMIN_EMAIL) as admin,
    ):
        arena, hostile = Arena(url, admin), HostileNode(answer)
        admin.admin.nodes.register(hostile.url, 5)
        try:
            player, first = order(arena)
            up.add(first)
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
