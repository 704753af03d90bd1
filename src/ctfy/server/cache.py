"""What this replica computed from the database, kept until an event makes it stale."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

Stamp = tuple[tuple[str, int], ...]

_LONGEST_S = 60.0
_ALL = ""  # the topic of every stamp


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    stamp: Stamp
    until: float
    body: bytes


class Cache:
    """A bounded store of values with the versions of the topics that they depend on.

    A value is put with a stamp of its topics, taken before it was computed. An event on one of
    them makes it stale at once: on the replica that wrote it when the transaction commits, on the
    others when the relay brings it. Nothing is believed for longer than a minute.

    It holds at most `capacity` values and `most_bytes` of bodies; what was not asked for longest
    goes first. A body that several values share counts once.
    """

    def __init__(self, capacity: int = 8192, most_bytes: int = 64 * 1024 * 1024) -> None:
        self._capacity = capacity
        self._most_bytes = most_bytes
        self.bytes = 0
        self._holders: Counter[int] = Counter()  # of a body, by its identity
        self.changes = 0  # of all topics together
        self._versions: dict[str, int] = {}  # of a topic: the number of its last change
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def invalidate(self, topics: Iterable[str]) -> None:
        """Make stale what depends on any of some topics."""
        for topic in topics:
            self.changes += 1
            self._versions[topic] = self.changes

    def clear(self) -> None:
        """Make stale what has a stamp, also what is being computed now."""
        self.invalidate([_ALL])

    def stamp(self, *topics: str) -> Stamp:
        """The present versions of some topics: take it before computing what depends on them."""
        return tuple((topic, self._versions.get(topic, 0)) for topic in (_ALL, *topics))

    def stamp_since(self, changes: int, *topics: str) -> Stamp | None:
        """The stamp of topics that one learns only by computing; None when to compute again.

        `changes`: as it was before. One of the topics may have changed meanwhile.
        """
        stamp = self.stamp(*topics)
        return stamp if max(version for _, version in stamp) <= changes else None

    def is_current(self, stamp: Stamp) -> bool:
        """Whether nothing changed since a stamp was taken."""
        versions = self._versions
        return all(versions.get(topic, 0) == version for topic, version in stamp)

    def get(self, key: Hashable) -> Any | None:
        """The value under a key while it is current; None when there is none."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if time.time() >= entry.until or not self.is_current(entry.stamp):
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.value

    def put(
        self, key: Hashable, value: Any, stamp: Stamp, *until: float | None, body: bytes = b""
    ) -> None:
        """Keep a value. `until`: Unix times at which it stops being true by the clock.

        `body`: the bytes that it holds, where they are many.
        """
        end = min([time.time() + _LONGEST_S, *(moment for moment in until if moment is not None)])
        if key in self._entries:
            self._drop(key)
        self._entries[key] = _Entry(value, stamp, end, body)
        if not self._holders[id(body)]:
            self.bytes += len(body)
        self._holders[id(body)] += 1
        while len(self._entries) > self._capacity or self.bytes > self._most_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        body = self._entries.pop(key).body
        self._holders[id(body)] -= 1
        if not self._holders[id(body)]:
            del self._holders[id(body)]
            self.bytes -= len(body)
