"""Providers: how a node runs an instance. Each is a folder, found by itself."""

from __future__ import annotations

import sys
from functools import cache

from ctfy.core.plugins import kinds
from ctfy.node.providers.base import Provider, ProviderUnavailable
from ctfy.node.settings import NodeSettings


@cache
def providers() -> dict[str, type[Provider]]:
    """Every provider by its name. Raises PluginBroken."""
    return kinds("ctfy.providers", sys.modules[__name__], "PROVIDER", Provider, "name")


async def choose_provider(settings: NodeSettings) -> Provider:
    """The provider that the settings name, or for `auto` the first that this machine can run.

    Raises ProviderUnavailable, saying what to install.
    """
    if settings.provider == "auto":
        preferred = sorted(providers().values(), key=lambda one: one.preference, reverse=True)
        names = [one.name for one in preferred if one.preference > 0]
    else:
        names = [settings.provider]
    for name in names[:-1]:
        try:
            return await _checked(name, settings)
        except ProviderUnavailable:
            continue
    return await _checked(names[-1], settings)


async def _checked(name: str, settings: NodeSettings) -> Provider:
    if name not in providers():
        raise ProviderUnavailable(
            f"there is no provider {name!r}: use auto, {', '.join(providers())}"
        )
    provider = providers()[name](settings)
    await provider.check()
    return provider
