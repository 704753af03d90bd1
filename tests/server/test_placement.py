"""Which node an instance goes to, and what those that wait are told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ctfy.sdk import PlatformClient, StartTimeout
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
    environment = {"CTFY_CHALLENGES_DIR": str(challenges), "CTFY_NODE_UNREACHABLE_S": "600"}
    with lone_server(folder, **environment) as url, sign_in(url, ADMIN_EMAIL) as admin:
        yield Arena(url, admin)


@pytest.fixture
def competition(lone: Arena) -> Iterator[CompetitionInfo]:
    made = lone.competition("notes", "picky")
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
