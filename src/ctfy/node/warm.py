"""The warm pool: instances that are started before they are ordered.

Until it is claimed, an instance has an id and answers of the node's own making and no public port.
When it is claimed, its folder is renamed to the ordered instance's and the answers are replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.node.inventory import write_answers
from ctfy.node.providers.base import Order, Provider, ProviderAway, StartFailed
from ctfy.server.models.instances import ServiceEndpoint

log = structlog.get_logger()

_POLL_S = 1.0
_MAX_PAUSE_S = 300.0


@dataclass(eq=False)
class WarmInstance:
    """An instance that is not claimed yet. `on_exit` is called with the reason when it ends."""

    handle: str
    challenge: Challenge
    folder: Path
    on_exit: Callable[[str], None]
    services: list[ServiceEndpoint]


class WarmPool:
    """Keeps as many instances ready as each challenge asks for, while the node has room.

    `room` gives how many more instances the node may run; `busy`, whether it starts an ordered one
    now, which takes precedence.
    """

    def __init__(
        self,
        provider: Provider,
        catalogue: Catalogue,
        root: Path,
        *,
        room: Callable[[], int],
        busy: Callable[[], bool],
    ) -> None:
        self._provider = provider
        self._catalogue = catalogue
        self._root = root
        self._room = room
        self._busy = busy
        self._members: list[WarmInstance] = []
        self._ending: list[WarmInstance] = []
        self._failures: defaultdict[str, int] = defaultdict(int)
        self._not_before: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._members)

    def ready(self) -> dict[str, int]:
        """How many are unclaimed, by challenge id."""
        counts: defaultdict[str, int] = defaultdict(int)
        for member in self._members:
            counts[member.challenge.id] += 1
        return dict(counts)

    def open(self) -> None:
        """Start to fill the pool; what an earlier process left in the folder is removed."""
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir(parents=True, mode=0o700)
        self._task = asyncio.create_task(self._run())

    def claim(self, challenge: Challenge) -> WarmInstance | None:
        """Take one of the challenge's present version out of the pool; None when there is none."""
        for member in self._members:
            if member.challenge.digest == challenge.digest and member.challenge.id == challenge.id:
                self._members.remove(member)
                self._changed.set()
                return member
        return None

    def release(self, member: WarmInstance) -> None:
        """End an instance that was claimed and could not be used."""
        self._ending.append(member)
        self._changed.set()

    async def evict_one(self) -> None:
        """End an unclaimed instance, to make room for an ordered one."""
        if self._members:
            await self._end(self._members[0])

    async def close(self) -> None:
        """End every unclaimed instance."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for member in [*self._members, *self._ending]:
            with contextlib.suppress(ProviderAway):  # the next start of the node finds it
                await self._end(member)
        shutil.rmtree(self._root, ignore_errors=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._end_unwanted()
                challenge = self._wanted()
                if challenge is not None and not self._busy():
                    await self._add(challenge)
                    continue
            except ProviderAway as error:
                log.warning("warm_pool_waits", error=str(error))
            except Exception:  # one failure must not end the pool
                log.exception("warm_pool_failed")
            self._changed.clear()
            # Not wait_for: in Python 3.11 it forgets a cancellation that comes with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await self._changed.wait()

    def _wanted(self) -> Challenge | None:
        """A challenge with too few warm instances; None without one, or without room."""
        if self._room() <= 0:
            return None
        ready = self.ready()
        for challenge in self._catalogue.challenges.values():
            lacks = ready.get(challenge.id, 0) < challenge.metadata.warm
            if lacks and time.monotonic() >= self._not_before.get(challenge.id, 0.0):
                return challenge
        return None

    async def _end_unwanted(self) -> None:
        """End those that stopped by themselves, are of an old version, or are too many."""
        for member in list(self._ending):
            await self._end(member)
        kept: defaultdict[str, int] = defaultdict(int)
        for member in list(self._members):
            now = self._catalogue.get(member.challenge.id)
            kept[member.challenge.id] += 1
            wanted = now.metadata.warm if now else 0
            if (
                now is None
                or now.digest != member.challenge.digest
                or kept[member.challenge.id] > wanted
            ):
                await self._end(member)

    async def _add(self, challenge: Challenge) -> None:
        handle = f"warm{secrets.token_hex(14)}"
        folder = self._root / handle
        folder.mkdir(mode=0o700)
        # The form of answers that nobody ever minted: right for no instance.
        answers = {
            question.id: f"unclaimed-{secrets.token_hex(16)}"
            for question in challenge.metadata.questions
            if question.minted
        }
        write_answers(folder / "answers", answers)
        member = WarmInstance(handle, challenge, folder, lambda _: None, [])
        member.on_exit = lambda reason: self._ended_by_itself(member, reason)
        try:
            member.services = await self._provider.start(
                Order(handle, challenge, answers, folder), lambda reason: member.on_exit(reason)
            )
        except StartFailed as error:
            self._pause(challenge, str(error))
            await self._end(member)
        except BaseException:
            await self._end(member)
            raise
        else:
            if member not in self._ending:
                self._failures.pop(challenge.id, None)
                self._members.append(member)

    def _pause(self, challenge: Challenge, reason: str) -> None:
        self._failures[challenge.id] += 1
        pause = min(_MAX_PAUSE_S, 2.0 ** self._failures[challenge.id])
        self._not_before[challenge.id] = time.monotonic() + pause
        log.warning("warm_start_failed", challenge_id=challenge.id, reason=reason, pause_s=pause)

    def _ended_by_itself(self, member: WarmInstance, reason: str) -> None:
        """Note that an unclaimed instance ended by itself."""
        if member in self._members:
            self._members.remove(member)
        self._ending.append(member)
        self._pause(member.challenge, reason)
        self._changed.set()

    async def _end(self, member: WarmInstance) -> None:
        """End an instance. It stays in `_ending` while the provider is away, to be ended later."""
        if member in self._members:
            self._members.remove(member)
        if member not in self._ending:
            self._ending.append(member)
        await self._provider.stop(member.handle)
        shutil.rmtree(member.folder, ignore_errors=True)
        with contextlib.suppress(ValueError):  # two may have ended it at once
            self._ending.remove(member)
