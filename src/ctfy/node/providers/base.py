"""The contract that every provider meets."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic_settings import BaseSettings

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.limits import Amounts, too_much
from ctfy.node.settings import NodeSettings
from ctfy.server.models.instances import ServiceEndpoint
from ctfy.server.models.nodes import NodeContainer


class ProviderUnavailable(Exception):
    """This machine cannot run the provider; the message names what is missing."""


class ProviderAway(Exception):
    """What runs the instances does not answer now; they may be running all the same."""


class StartFailed(Exception):
    """An instance did not come up; the message is for its team."""


@dataclass(frozen=True, slots=True)
class Order:
    """An instance to start. `folder` is its own; `folder/answers` holds a file per answer."""

    instance_id: str
    challenge: Challenge
    answers: dict[str, str]
    folder: Path


class Provider(abc.ABC):
    """Runs instances. An instance is known by its id alone, before and after a restart."""

    name: ClassVar[str]
    builds: ClassVar[bool]
    """Whether a challenge must be built before it starts."""
    preference: ClassVar[int] = 0
    """`auto` takes the usable provider with the highest; one with 0 only runs when it is named."""
    settings_type: ClassVar[type[BaseSettings] | None] = None
    """What this provider alone has to be told, for the documentation."""

    isolation: str = ""
    """What holds an instance to its budget on this machine, once `check` has passed."""

    say: Callable[[str, str], None] = staticmethod(lambda challenge_id, line: None)
    """Takes what building and pulling print, line by line, from any thread."""

    def __init__(self, settings: NodeSettings) -> None:
        self._settings = settings

    def _beyond(self, asks: Amounts) -> str:
        """That a challenge asks for more than an instance may have here; empty when it does not."""
        for kind, words in too_much(asks, self._settings.most):
            return f"The challenge {words} on this node (CTFY_NODE_MOST_{kind.upper()})."
        return ""

    def unfit(self, challenge: Challenge) -> str:
        """Why no instance of a challenge can run here, however well it is made; empty when it can.

        `start` refuses it in the same words.
        """
        return ""

    @abc.abstractmethod
    async def check(self) -> None:
        """Raise ProviderUnavailable when this machine cannot run instances this way."""

    @abc.abstractmethod
    async def start(self, order: Order, on_exit: Callable[[str], None]) -> list[ServiceEndpoint]:
        """Start an instance and wait until its services answer; where this machine reaches them.

        `on_exit` is called with the reason when it ends by itself later. Raises StartFailed, and
        then nothing of the instance is left. Cancelled, it may leave parts: `stop` follows.
        """

    @abc.abstractmethod
    async def stop(self, instance_id: str) -> None:
        """End an instance whole; one that is not there is no error."""

    @abc.abstractmethod
    async def is_healthy(self, instance_id: str) -> bool:
        """Whether the instance still runs and its services answer."""

    @abc.abstractmethod
    async def logs(self, instance_id: str, folder: Path) -> str:
        """What its processes printed, the newest at the end, at most LOG_TAIL bytes."""

    async def follow_logs(self, instance_id: str, folder: Path) -> AsyncGenerator[str, None]:
        """Each line that its processes print, from the first on, until whoever reads stops."""
        seen = ""
        while True:
            said = await self.logs(instance_id, folder)
            new = said[: said.rfind("\n") + 1]  # the last line may not be whole yet
            begins = len(seen)
            if not new.startswith(seen):  # the oldest is not kept any more
                last = seen[-_RECOGNISED:]
                begins = new.rfind(last) + len(last) if last in new else 0
            for line in new[begins:].splitlines():
                yield line
            seen = new
            await asyncio.sleep(_FOLLOW_S)

    @abc.abstractmethod
    async def containers(self, instance_id: str) -> list[NodeContainer]:
        """What the instance is made of."""

    @abc.abstractmethod
    async def build(self, challenge: Challenge) -> None:
        """Have everything built that the challenge starts from. Raises StartFailed."""

    @abc.abstractmethod
    async def pull(self, challenge: Challenge) -> None:
        """Have every image that the challenge takes from elsewhere. Raises StartFailed."""

    @abc.abstractmethod
    def shell_command(self, instance_id: str, container: str, shell: str) -> list[str]:
        """The command that opens a shell in a container, for a terminal. Raises KeyError."""

    @abc.abstractmethod
    async def services(self, instance_id: str, challenge: Challenge) -> list[ServiceEndpoint]:
        """Where the services of a running instance are; this machine alone reaches them."""

    @abc.abstractmethod
    async def recover(self, known: dict[str, Callable[[str], None]]) -> set[str]:
        """After a restart: adopt those of `known` that still run, end everything else.

        `known` gives for each its `on_exit`, as `start` takes it. The ids of the adopted ones.
        """

    async def vpn(self, instance_id: str) -> tuple[str, int] | None:
        """Where the instance's VPN server takes datagrams, for this machine; None without one."""
        return None

    def write_vpn_config(self, folder: Path, host: str, port: int) -> None:
        """Write the client's configuration to `folder/client.ovpn`, for players' way to it."""
        raise NotImplementedError

    @abc.abstractmethod
    async def close(self) -> None:
        """End every instance."""

    async def detach(self) -> None:
        """Leave instances running, where they can outlive this process; else end them."""
        await self.close()


LOG_TAIL = 256 * 1024
_FOLLOW_S = 0.2
_RECOGNISED = 4096  # bytes of a log by which its continuation is found
