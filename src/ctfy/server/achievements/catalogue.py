"""Every achievement that there is: a file each in `rules/`, found by itself."""

from __future__ import annotations

from collections import defaultdict

from ctfy.core.plugins import kinds
from ctfy.server.achievements import rules
from ctfy.server.achievements.rule import Achievement
from ctfy.server.events.types import Event


def _load() -> dict[str, Achievement]:
    found = kinds("ctfy.achievements", rules, "ACHIEVEMENT", Achievement, "id")
    order = ("bronze", "silver", "gold", "secret")
    return {a.id: a for a in sorted(found.values(), key=lambda a: (order.index(a.tier), a.id))}


ACHIEVEMENTS = _load()
BY_EVENT: defaultdict[type[Event], list[Achievement]] = defaultdict(list)
for _achievement in ACHIEVEMENTS.values():
    for _kind in _achievement.on:
        BY_EVENT[_kind].append(_achievement)
BY_EGG = {egg: a for a in ACHIEVEMENTS.values() for egg in a.eggs}
