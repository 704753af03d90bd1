"""Every achievement that there is."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict

from ctfy.server.achievements import rules
from ctfy.server.achievements.rule import Achievement
from ctfy.server.events.types import Event


def _load() -> dict[str, Achievement]:
    modules = [module.name for module in pkgutil.iter_modules(rules.__path__)]
    found = [importlib.import_module(f"{rules.__name__}.{name}").ACHIEVEMENT for name in modules]
    order = ("bronze", "silver", "gold", "secret")
    return {a.id: a for a in sorted(found, key=lambda a: (order.index(a.tier), a.id))}


ACHIEVEMENTS = _load()
BY_EVENT: defaultdict[type[Event], list[Achievement]] = defaultdict(list)
for _achievement in ACHIEVEMENTS.values():
    for _kind in _achievement.on:
        BY_EVENT[_kind].append(_achievement)
BY_EGG = {egg: a for a in ACHIEVEMENTS.values() for egg in a.eggs}
