"""What this replica remembers until an event says that it changed."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

Stamp = tuple[tuple[str, int], ...]

_LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class _Memory:
    value: Any
    stamp: Stamp
    until: float


def topics_of(name: str, payload: dict[str, Any]) -> Iterable[str]:
    """The topics that an event makes stale."""
    competition_id = payload.get("competition_id")
    if name.startswith("flag_"):
        yield f"attempts:{competition_id}"
    elif name == "instance_started":
        yield f"launches:{competition_id}"
    elif name.startswith(("team_", "competition_", "hint_", "account_")):
        if competition_id:
            yield f"competition:{competition_id}"
        if user_id := payload.get("user_id"):
            yield f"user:{user_id}"


class Memory:
    """A bounded store of things computed from the database.

    A thing is kept with a stamp of the topics it depends on, taken before it was computed. An
    event on one of them makes it stale at once: on this replica when the transaction commits, on
    the others when the relay tells them. Nothing is believed for longer than a minute.
    """

    def __init__(self, capacity: int = 8192) -> None:
        self._capacity = capacity
        self.changes = 0  # of all topics together
        self._versions: dict[str, int] = {}
        self._kept: OrderedDict[Hashable, _Memory] = OrderedDict()

    def see(self, name: str, payload: dict[str, Any]) -> None:
        """Take note of an event."""
        for topic in topics_of(name, payload):
            self.changes += 1
            self._versions[topic] = self._versions.get(topic, 0) + 1

    def forget(self) -> None:
        """Forget what depends on anything but the clock: something changed under all of it."""
        self.changes += 1
        for key in [key for key, memory in self._kept.items() if memory.stamp]:
            del self._kept[key]

    def stamp(self, *topics: str) -> Stamp:
        """The present versions of some topics: take it before computing what depends on them."""
        return tuple((topic, self._versions.get(topic, 0)) for topic in topics)

    def holds(self, stamp: Stamp) -> bool:
        """Whether nothing changed since a stamp was taken."""
        versions = self._versions
        return all(versions.get(topic, 0) == version for topic, version in stamp)

    def get(self, key: Hashable) -> Any | None:
        """What is kept under a key, while it is true."""
        memory = self._kept.get(key)
        if memory is None:
            return None
        if time.time() >= memory.until or not self.holds(memory.stamp):
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return memory.value

    def keep(self, key: Hashable, value: Any, stamp: Stamp, *until: float | None) -> None:
        """Keep a thing. `until`: Unix times at which it stops being true by the clock."""
        end = min([time.time() + _LONGEST_S, *(moment for moment in until if moment is not None)])
        self._kept[key] = _Memory(value, stamp, end)
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
