"""Providers: how a node runs an instance."""

from __future__ import annotations

from ctfy.node.providers.base import Provider, ProviderUnavailable
from ctfy.node.providers.docker import DockerProvider
from ctfy.node.providers.sandbox import SandboxProvider
from ctfy.node.settings import NodeSettings


async def choose_provider(settings: NodeSettings) -> Provider:
    """The provider that the settings name; `auto` is docker where an engine answers, else sandbox.

    Raises ProviderUnavailable, saying what to install.
    """
    if settings.provider in ("auto", "docker"):
        docker = DockerProvider(settings)
        try:
            await docker.check()
        except ProviderUnavailable:
            if settings.provider == "docker":
                raise
        else:
            return docker
    sandbox = SandboxProvider(settings)
    await sandbox.check()
    return sandbox
