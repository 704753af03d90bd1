"""Things that come in kinds: a file of ours each, and what installed packages add.

A kind is what a module of a certain package calls by a certain name, as `MODE` in
`ctfy/challenge/modes/numeric.py`. An installed package adds one with an entry point in that kind's
group.
"""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any


class PluginBroken(Exception):
    """An installed package offers what cannot be used; the message names package and reason."""


def kinds(group: str, package: ModuleType, constant: str, base: type, name: str) -> dict[str, Any]:
    """Every kind by its name: those of the package's modules, then those of entry points.

    `constant` is what a module calls its kind (one without is no kind), `base` what a kind is an
    instance or a subclass of, `name` its attribute that holds its name. Raises PluginBroken.
    """
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    ]
    ours = [getattr(module, constant) for module in modules if hasattr(module, constant)]
    found = {getattr(kind, name): kind for kind in ours}
    for point in sorted(entry_points(group=group), key=lambda point: (_package(point), point.name)):
        kind = _load(point, base)
        if getattr(kind, name) in found:
            raise PluginBroken(f"{_where(point)}: there is a `{getattr(kind, name)}` already")
        found[getattr(kind, name)] = kind
    return found


def _load(point: EntryPoint, base: type) -> Any:
    try:
        kind = point.load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise PluginBroken(f"{_where(point)}: it cannot be loaded ({reason})") from error
    type_ = kind if isinstance(kind, type) else type(kind)
    if not issubclass(type_, base):
        raise PluginBroken(f"{_where(point)}: it is no {base.__module__}.{base.__name__}")
    if missing := getattr(kind, "__abstractmethods__", None):
        raise PluginBroken(f"{_where(point)}: it lacks {', '.join(sorted(missing))}")
    return kind


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"


def _where(point: EntryPoint) -> str:
    return f"the plugin `{point.name}` ({point.group}) of the package {_package(point)}"
