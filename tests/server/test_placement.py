"""Which node an instance goes to, and what those that wait are told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ctfy.sdk import PlatformClient, StartTimeout
from ctfy.sdk.errors import CtfyApiError
from ctfy.server.models.competitions import CompetitionInfo
from tests.conftest import ADMIN_EMAIL, Arena, lone_server, sign_in
from tests.processes import CHALLENGES, wait_for


@dataclass
class Beating:
    """A node as the platform hears of it: it says how it is, and answers nobody."""

    url: str
    id: str
    token: str

    def beat(self, **how: Any) -> None:
        body = {"id": self.id, "capacity": 2, **how}
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.post(f"{self.url}/api/v1/nodes/heartbeat", headers=headers, json=body)
        answer.raise_for_status()


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("placement")
    challenges = folder / "challenges"
    shutil.copytree(CHALLENGES / "notes", challenges / "notes")
    shutil.copytree(CHALLENGES / "notes", challenges / "picky")
    with (challenges / "picky" / "metadata.yaml").open("a") as metadata:
        metadata.write('\nnode_labels: {gpu: "yes"}\n')
    shutil.copytree(CHALLENGES / "notes", challenges / "large")
    with (challenges / "large" / "metadata.yaml").open("a") as metadata:
        metadata.write("\nlimits: {memory_mb: 1500, cpus: 1.5, lifetime_s: 120}\n")
    environment = {"CTFY_CHALLENGES_DIR": str(challenges), "CTFY_NODE_UNREACHABLE_S": "600"}
    with lone_server(folder, **environment) as url, sign_in(url, ADMIN_EMAIL) as admin:
        yield Arena(url, admin)


@pytest.fixture
def competition(lone: Arena) -> Iterator[CompetitionInfo]:
    made = lone.competition("notes", "picky", "large")
    yield made
    lone.admin.admin.competitions.delete(made.id, force=True)
    for node in lone.admin.nodes.list():
        lone.admin.admin.nodes.remove(node.id)


def join(lone: Arena, **how: Any) -> Beating:
    invite = lone.admin.admin.nodes.mint_invite().registration_token
    body = {"url": "http://127.0.0.1:9", "display_name": "spare", "capacity": 2}
    joined = httpx.post(
        f"{lone.url}/api/v1/nodes/register",
        headers={"Authorization": f"Bearer {invite}"},
        json=body,
    ).json()
    node = Beating(lone.url, joined["id"], joined["token"])
    node.beat(**how)
    return node


def launch(player: PlatformClient, competition: CompetitionInfo, challenge: str = "notes") -> str:
    with pytest.raises(StartTimeout) as caught:
        player.instances.start(challenge, competition_id=competition.id, timeout=0)
    return caught.value.instance_id


def reason(player: PlatformClient, instance_id: str) -> str:
    status = player.instances.status(instance_id)
    assert (status.queue_position > 0) == (status.waiting_for != "")
    assert player.instances.get(instance_id).waiting_for == status.waiting_for
    return status.waiting_for


def placed_on(lone: Arena, instance_id: str) -> str:
    return lone.admin.admin.instances.get(instance_id).node_id


def test_whoever_waits_is_told_what_for(lone: Arena, competition: CompetitionInfo) -> None:
    player = lone.registered(competition)
    picky = launch(player, competition, "picky")
    assert reason(player, picky) == "node"
    node = join(lone, memory_percent=99)
    first = launch(player, competition)
    assert (reason(player, first), reason(player, picky)) == ("memory", "labels")
    node.beat(memory_percent=20, disk_percent=99)
    assert reason(player, first) == "memory"
    node.beat(memory_percent=20)
    wait_for("a place", lambda: reason(player, first) == "")
    assert placed_on(lone, first) == node.id
    second, third = launch(player, competition), launch(player, competition)
    assert (reason(player, second), reason(player, third)) == ("", "place")
    with pytest.raises(StartTimeout, match="every node is full"):
        player.instances.start("notes", competition_id=competition.id, timeout=0)
    lone.admin.admin.nodes.patch(node.id, draining=True)
    assert reason(player, third) == "node"


def test_busy_processors_keep_nobody_waiting(lone: Arena, competition: CompetitionInfo) -> None:
    player = lone.registered(competition)
    busy = join(lone, cpu_percent=100)
    ids = [launch(player, competition) for _ in range(2)]
    assert [placed_on(lone, id_) for id_ in ids] == [busy.id, busy.id]


def test_of_several_nodes_the_idle_one_is_taken(lone: Arena, competition: CompetitionInfo) -> None:
    player = lone.registered(competition)
    busy, idle = join(lone, cpu_percent=98), join(lone, cpu_percent=5)
    ids = [launch(player, competition) for _ in range(3)]
    assert [placed_on(lone, id_) for id_ in ids] == [idle.id, idle.id, busy.id]


def test_how_much_memory_is_too_much_can_be_changed_live(
    lone: Arena, competition: CompetitionInfo
) -> None:
    player = lone.registered(competition)
    node = join(lone, memory_percent=80)
    lone.admin.admin.settings.set("placement_max_load", 70)
    try:
        node.beat(memory_percent=80)
        instance = launch(player, competition)
        assert reason(player, instance) == "memory"
    finally:
        lone.admin.admin.settings.unset("placement_max_load")
    node.beat(memory_percent=80)
    assert placed_on(lone, instance) == node.id


def test_instances_count_with_what_they_take(lone: Arena, competition: CompetitionInfo) -> None:
    player = lone.registered(competition)
    node = join(lone, capacity=10, memory_mb=2048, cpus=10)
    large, small = launch(player, competition, "large"), launch(player, competition)
    assert [placed_on(lone, id_) for id_ in (large, small)] == [node.id, node.id]
    third = launch(player, competition)
    assert (placed_on(lone, third), reason(player, third)) == ("", "place")
    node.beat(capacity=10, memory_mb=2560, cpus=2.5)
    assert (placed_on(lone, third), reason(player, third)) == ("", "place")
    node.beat(capacity=10, memory_mb=2560, cpus=3.5)
    assert placed_on(lone, third) == node.id


def test_a_node_that_tells_nothing_of_its_room_counts_places(
    lone: Arena, competition: CompetitionInfo
) -> None:
    player = lone.registered(competition)
    node = join(lone, capacity=2)
    ids = [launch(player, competition, "large") for _ in range(2)]
    assert [placed_on(lone, id_) for id_ in ids] == [node.id, node.id]
    assert reason(player, launch(player, competition)) == "place"
    (shown,) = lone.admin.nodes.list()
    assert (shown.memory_mb, shown.cpus) == (None, None)


def test_what_no_node_is_large_enough_for_is_refused_with_the_number(
    lone: Arena, competition: CompetitionInfo
) -> None:
    player = lone.registered(competition)
    node = join(lone, capacity=10, memory_mb=8192, cpus=10, most={"memory_mb": 1024})
    with pytest.raises(CtfyApiError, match="1500 MB of memory, and the most is 1024") as caught:
        player.instances.start("large", competition_id=competition.id, timeout=0)
    assert caught.value.code == "challenge_too_large"
    rows = lone.admin.admin.challenges.audit("large")
    (row,) = (row for row in rows if row.rule == "limits.no-node")
    assert (row.severity, "1024" in row.problem, row.line > 0) == ("warning", True, True)
    node.beat(capacity=10, memory_mb=8192, cpus=10, most={"memory_mb": 1500})
    assert placed_on(lone, launch(player, competition, "large")) == node.id


def test_an_instance_lives_as_long_as_its_challenge_says(
    lone: Arena, competition: CompetitionInfo
) -> None:
    player = lone.registered(competition)
    large = launch(player, competition, "large")
    found = player.instances.get(large)
    assert (found.ttl, round(found.expires_at - found.started_at)) == (120, 120)
    with pytest.raises(CtfyApiError, match="from 1 to 120 seconds"):
        player.instances.start("large", competition_id=competition.id, ttl=121, timeout=0)
    with pytest.raises(CtfyApiError, match="from 1 to 120 seconds"):
        player.instances.renew(large, ttl=121)
    assert player.instances.renew(large).expires_at <= found.started_at + 120.001
    lone.admin.admin.settings.set("default_instance_ttl_s", 60)
    lone.admin.admin.settings.set("max_instance_ttl_s", 60)
    try:
        rows = lone.admin.admin.challenges.audit("large")
        assert [row.fix for row in rows if row.rule == "limits.lifetime"] == ["at most 60"]
        assert player.instances.get(launch(player, competition, "large")).ttl == 60
    finally:
        lone.admin.admin.settings.unset("max_instance_ttl_s")
        lone.admin.admin.settings.unset("default_instance_ttl_s")
