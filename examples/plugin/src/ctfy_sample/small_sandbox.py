"""A provider: the sandbox, on a machine that has little memory to give."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ctfy.node.providers.base import Order, StartFailed
from ctfy.node.providers.sandbox.provider import SandboxProvider
from ctfy.node.settings import NodeSettings
from ctfy.server.models.instances import ServiceEndpoint


class SmallSandboxSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CTFY_NODE_SMALL_SANDBOX_")

    memory_mb: int = Field(512, ge=16, description="The most that a challenge may ask for")


class SmallSandbox(SandboxProvider):
    """Refuses challenges that ask for more than `CTFY_NODE_SMALL_SANDBOX_MEMORY_MB`."""

    name = "small-sandbox"
    preference = 0  # only where a node asks for it by name
    settings_type = SmallSandboxSettings

    def __init__(self, settings: NodeSettings) -> None:
        super().__init__(settings)
        self._memory_mb = SmallSandboxSettings().memory_mb

    async def start(self, order: Order, on_exit: Callable[[str], None]) -> list[ServiceEndpoint]:
        sandbox = order.challenge.metadata.sandbox
        if sandbox is not None and sandbox.memory_mb > self._memory_mb:
            raise StartFailed(f"This node gives no more than {self._memory_mb} MB.")
        return await super().start(order, on_exit)
