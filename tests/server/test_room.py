"""Placement by what instances take: never more than a node has, and never idle while one fits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctfy.server.models.nodes import NodeHeartbeat, NodeRegister
from ctfy.server.scheduling.placement import Room, assign, bounds, unmet
from ctfy.server.tables.instances import Instance

sizes = st.sampled_from([64, 512, 700, 1024, 4096])
processors = st.sampled_from([0.1, 0.25, 1.0, 1.5, 4.0])


def waiting(number: int, memory: int, cpus: float, gpu: bool, says: bool) -> Instance:
    return Instance(
        id=str(number),
        challenge_id="c",
        node_labels={"gpu": "yes"} if gpu else {},
        memory_mb=memory,
        cpus=cpus,
        asks={"memory_mb": memory, "cpus": cpus} if says else {},
    )


def room(number: int, places: int, memory: int, cpus: float, gpu: bool, most: int) -> Room:
    return Room(
        str(number),
        places,
        places,
        0.0,
        {"gpu": "yes"} if gpu else {},
        None,
        memory or None,
        memory,
        cpus or None,
        cpus,
        {"memory_mb": most} if most else None,
    )


instances = st.lists(
    st.tuples(sizes, processors, st.booleans(), st.booleans()), min_size=1, max_size=30
)
rooms = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.sampled_from([0, 512, 2048, 6000]),
        st.sampled_from([0, 1.0, 3.0, 8.0]),
        st.booleans(),
        st.sampled_from([0, 600, 5000]),
    ),
    max_size=4,
)


@given(instances, rooms)
def test_a_node_is_never_over_its_room_and_what_fits_is_placed(
    wanted: list[Any], there: list[Any]
) -> None:
    queue = [waiting(number, *each) for number, each in enumerate(wanted)]
    before = [room(number, *each) for number, each in enumerate(there)]
    left = [room(number, *each) for number, each in enumerate(there)]
    placed = {instance.id: (instance, node) for instance, node in assign(queue, left)}
    for node in before:
        here = [instance for instance, its in placed.values() if its.id == node.id]
        assert len(here) <= node.capacity
        if node.memory_mb is not None:
            assert sum(instance.memory_mb for instance in here) <= node.memory_mb
        if node.cpus is not None:
            assert sum(instance.cpus for instance in here) <= node.cpus + 1e-5
        for instance in here:
            assert instance.node_labels.items() <= node.labels.items()
            most = (node.most or {}).get("memory_mb")
            assert most is None or instance.asks.get("memory_mb", 0) <= most
    for instance in queue:
        if instance.id not in placed:
            assert not any(node.fits(instance) for node in left)


@given(instances)
def test_a_node_that_tells_nothing_is_filled_by_places_alone(wanted: list[Any]) -> None:
    queue = [waiting(number, *each) for number, each in enumerate(wanted)]
    node = Room("old", len(queue), len(queue), 0.0, {"gpu": "yes"})
    assert len(list(assign(queue, [node]))) == len(queue)


def test_a_small_one_is_not_held_up_by_a_big_one_before_it() -> None:
    big, small = waiting(0, 4096, 1, False, True), waiting(1, 512, 1, False, False)
    ((placed, _),) = assign([big, small], [room(0, 9, 2048, 0, False, 0)])
    assert placed is small


def test_of_several_the_one_with_most_of_its_scarcest_left_is_taken() -> None:
    full = room(0, 10, 4096, 0, False, 0)
    full.free_memory_mb = 512
    spare = room(1, 10, 4096, 0, False, 0)
    spare.free = 5
    ((_, node),) = assign([waiting(0, 512, 1, False, False)], [full, spare])
    assert node is spare


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([], ""),
        ([{}], ""),
        ([{"memory_mb": 512}, {"memory_mb": 2048}], ""),
        ([{"memory_mb": 9}, {"memory_mb": 600}], "asks for 1024 MB of memory, and the most is 600"),
        ([{"memory_mb": 512, "cpus": 4}, {"memory_mb": 2048, "cpus": 1}], "no single node"),
    ],
)
def test_what_no_node_gives_is_said_with_what_one_does(
    nodes: list[dict[str, float]], words: str
) -> None:
    said = unmet({"memory_mb": 1024, "cpus": 2}, nodes)
    assert said.startswith(words)
    assert bool(said) == bool(words)


def test_what_one_instance_can_have_is_no_more_than_all_together() -> None:
    assert bounds({"memory_mb": 4096, "processes": 9}, 1024, None) == {
        "memory_mb": 1024,
        "processes": 9,
    }
    assert bounds(None, None, None) == {}


def test_a_node_of_before_registers_and_beats_as_it_did() -> None:
    assert NodeRegister(url="http://n:1").most is None
    beat = NodeHeartbeat(id="n", running=1, capacity=2)
    assert (beat.memory_mb, beat.cpus, beat.most) == (None, None, None)
