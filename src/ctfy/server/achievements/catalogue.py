"""Every achievement that there is."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict

from ctfy.server.achievements import rules
from ctfy.server.achievements.rule import Achievement


def _load() -> dict[str, Achievement]:
    modules = [module.name for module in pkgutil.iter_modules(rules.__path__)]
    found = [importlib.import_module(f"{rules.__name__}.{name}").ACHIEVEMENT for name in modules]
    order = ("bronze", "silver", "gold", "secret")
    return {a.id: a for a in sorted(found, key=lambda a: (order.index(a.tier), a.id))}


ACHIEVEMENTS = _load()
BY_EVENT: defaultdict[str, list[Achievement]] = defaultdict(list)
for _achievement in ACHIEVEMENTS.values():
    for _name in _achievement.on:
        BY_EVENT[_name].append(_achievement)
BY_EGG = {egg: a for a in ACHIEVEMENTS.values() for egg in a.eggs}
