"""What a process remembers is bounded, in values and in bytes."""

from __future__ import annotations

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from ctfy.server.cache import Cache

BODIES = [bytes(size) for size in (1, 10, 40, 60)]


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(BODIES))))
def test_it_holds_what_was_asked_for_last_within_its_bounds(puts: list[tuple[int, bytes]]) -> None:
    cache, kept = Cache(capacity=5, most_bytes=100), OrderedDict[int, bytes]()
    for key, body in puts:
        cache.put(key, key, cache.stamp(), body=body)
        kept.pop(key, None)
        kept[key] = body
        while len(kept) > 5 or sum(map(len, set(kept.values()))) > 100:
            kept.popitem(last=False)
        assert cache.bytes == sum(map(len, set(kept.values())))
    assert [key for key in range(10) if cache.get(key) is not None] == sorted(kept)


def test_a_body_that_many_share_counts_once() -> None:
    cache, body = Cache(most_bytes=1500), bytes(1000)
    for caller in range(100):
        cache.put(caller, caller, cache.stamp(), body=body)
    assert cache.bytes == 1000
    assert cache.get(0) == 0


def test_what_is_stale_is_not_held_once_it_was_asked_for() -> None:
    cache = Cache()
    cache.put("page", 1, cache.stamp("competition:1"), body=bytes(1000))
    cache.invalidate(["competition:1"])
    assert (cache.get("page"), cache.bytes) == (None, 0)
