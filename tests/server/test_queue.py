from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctfy.sdk import StartTimeout
from tests.conftest import ADMIN_EMAIL, Arena, cloned_database, make_admin, mint_invite, sign_in
from tests.processes import stack, wait_for
from tests.refusals import refusal


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A platform whose one node holds two instances, and where a team may have four."""
    with cloned_database() as url:
        make_admin(url)
        folder = tmp_path_factory.mktemp("small")
        with (
            stack(url, folder, mint_invite, capacity=2, CTFY_MAX_INSTANCES_PER_TEAM="4") as up,
            sign_in(up.url, ADMIN_EMAIL) as admin,
        ):
            yield Arena(up.url, admin)


def test_a_full_node_queues_fairly_and_moves_on(small: Arena) -> None:
    competition = small.competition()
    greedy, modest = small.registered(competition), small.registered(competition)

    def wants(player):  # type: ignore[no-untyped-def]
        with pytest.raises(StartTimeout) as caught:
            player.instances.start("notes", competition_id=competition.id, timeout=0)
        return caught.value.instance_id

    running = [greedy.instances.start("notes", competition_id=competition.id).id for _ in range(2)]
    waiting = [wants(greedy), wants(greedy)]
    late = wants(modest)
    place = lambda player, id_: player.instances.status(id_).queue_position  # noqa: E731
    assert [place(greedy, w) for w in waiting] == [2, 3]
    assert modest.instances.status(late).waiting_for == "place"
    assert place(modest, late) == 1  # its team runs nothing, so it goes first
    error = refusal(greedy.instances.start, "notes", competition_id=competition.id)
    assert (error.status_code, error.code, error.detail["cap"]) == (409, "capacity_exceeded", 4)
    greedy.instances.stop(running[0])
    wait_for("its turn", lambda: modest.instances.status(late).status == "ready")
    assert place(greedy, waiting[0]) == 1
    greedy.instances.stop(waiting[0])
    assert greedy.instances.get(waiting[0]).status == "stopped"
    for player in (greedy, modest):
        for instance in player.instances.list(status="starting") + player.instances.list(
            status="ready"
        ):
            player.instances.stop(instance.id)


def test_stopping_everything_empties_the_node(small: Arena) -> None:
    competition = small.competition()
    player = small.registered(competition)
    ready = player.instances.start("notes", competition_id=competition.id)
    assert ready.id in {row["id"] for row in small.admin.admin.instances.stop_all()}
    wait_for("the end", lambda: small.admin.health().running_instances == 0)
    assert player.instances.get(ready.id).stop_reason == "admin_stop_all"


def test_a_removed_node_fails_its_instances_with_a_reason(small: Arena) -> None:
    competition = small.competition()
    player = small.registered(competition)
    ready = player.instances.start("notes", competition_id=competition.id)
    (node,) = player.nodes.list()
    small.admin.admin.nodes.remove(node.id)
    seen = player.instances.get(ready.id)
    assert (seen.status, seen.stop_reason) == ("error", "node_unhealthy")
    assert player.nodes.list() == []
