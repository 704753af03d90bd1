"""Every achievement that there is: a file each in `rules/`, found by itself."""

from __future__ import annotations

from collections import defaultdict

from ctfy.core.plugins import kinds
from ctfy.server.achievements import rules
from ctfy.server.achievements.rule import Achievement


def _load() -> dict[str, Achievement]:
    found = kinds("ctfy.achievements", rules, "ACHIEVEMENT", Achievement, "id")
    order = ("bronze", "silver", "gold", "secret")
    return {a.id: a for a in sorted(found.values(), key=lambda a: (order.index(a.tier), a.id))}


ACHIEVEMENTS = _load()
BY_EVENT: defaultdict[str, list[Achievement]] = defaultdict(list)
for _achievement in ACHIEVEMENTS.values():
    for _name in _achievement.on:
        BY_EVENT[_name].append(_achievement)
BY_EGG = {egg: a for a in ACHIEVEMENTS.values() for egg in a.eggs}
