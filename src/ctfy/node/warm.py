"""The warm pool: instances that run before anybody asks for them.

An unclaimed one has a name and answers that the platform never heard of, and nobody reaches it. Who
claims it gets it whole, once: its folder becomes the instance's, and the answers are put in place.
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

_LOOK_S = 1.0
_LONGEST_PAUSE_S = 300.0


@dataclass(eq=False)
class Member:
    """An instance that runs for nobody yet. `on_exit` is whoever must know of its end."""

    handle: str
    challenge: Challenge
    folder: Path
    on_exit: Callable[[str], None]
    services: list[ServiceEndpoint]


class WarmPool:
    """Keeps as many instances ready as each challenge asks for, while the node has room.

    `room` says how many more instances the node may run; `busy`, whether it starts one for a team
    now, which goes first.
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
        self._members: list[Member] = []
        self._over: list[Member] = []
        self._failures: defaultdict[str, int] = defaultdict(int)
        self._not_before: dict[str, float] = {}
        self._news = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._members)

    def ready(self) -> dict[str, int]:
        """How many wait for each challenge."""
        counts: defaultdict[str, int] = defaultdict(int)
        for member in self._members:
            counts[member.challenge.id] += 1
        return dict(counts)

    def open(self) -> None:
        """Begin to keep; what an earlier process left in the folder is nobody's."""
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir(parents=True, mode=0o700)
        self._keeping = asyncio.create_task(self._keep())

    def claim(self, challenge: Challenge) -> Member | None:
        """One of the challenge as it is now, which is the caller's from here on."""
        for member in self._members:
            if member.challenge.digest == challenge.digest and member.challenge.id == challenge.id:
                self._members.remove(member)
                self._news.set()
                return member
        return None

    def give_back(self, member: Member) -> None:
        """End one that was claimed in vain; nobody gets it again."""
        self._over.append(member)
        self._news.set()

    async def give_way(self) -> None:
        """End one of them: a team needs its place."""
        if self._members:
            await self._end(self._members[0])

    async def close(self) -> None:
        """End them all."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        for member in [*self._members, *self._over]:
            with contextlib.suppress(ProviderAway):  # the next start of the node finds it
                await self._end(member)
        shutil.rmtree(self._root, ignore_errors=True)

    async def _keep(self) -> None:
        while True:
            try:
                await self._drop_old()
                challenge = self._wanted()
                if challenge is not None and not self._busy():
                    await self._add(challenge)
                    continue
            except ProviderAway as error:
                log.warning("warm_pool_waits", error=str(error))
            except Exception:  # whatever it was, the next look may find it gone
                log.exception("warm_pool_failed")
            self._news.clear()
            # Not wait_for: in Python 3.11 it forgets a cancellation that comes along with the news.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._news.wait()

    def _wanted(self) -> Challenge | None:
        """A challenge that has too few, if there is room for one more."""
        if self._room() <= 0:
            return None
        ready = self.ready()
        for challenge in self._catalogue.challenges.values():
            lacks = ready.get(challenge.id, 0) < challenge.metadata.warm
            if lacks and time.monotonic() >= self._not_before.get(challenge.id, 0.0):
                return challenge
        return None

    async def _drop_old(self) -> None:
        """End those that ended by themselves, or whose challenge changed, or asks for fewer."""
        for member in list(self._over):
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
        member = Member(handle, challenge, folder, lambda _: None, [])
        member.on_exit = lambda reason: self._lost(member, reason)
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
            if member not in self._over:
                self._failures.pop(challenge.id, None)
                self._members.append(member)

    def _pause(self, challenge: Challenge, reason: str) -> None:
        self._failures[challenge.id] += 1
        pause = min(_LONGEST_PAUSE_S, 2.0 ** self._failures[challenge.id])
        self._not_before[challenge.id] = time.monotonic() + pause
        log.warning("warm_start_failed", challenge_id=challenge.id, reason=reason, pause_s=pause)

    def _lost(self, member: Member, reason: str) -> None:
        """An unclaimed one ended by itself."""
        if member in self._members:
            self._members.remove(member)
        self._over.append(member)
        self._pause(member.challenge, reason)
        self._news.set()

    async def _end(self, member: Member) -> None:
        """End one; where the provider is away it stays among those that are over."""
        if member in self._members:
            self._members.remove(member)
        if member not in self._over:
            self._over.append(member)
        await self._provider.stop(member.handle)
        shutil.rmtree(member.folder, ignore_errors=True)
        with contextlib.suppress(ValueError):  # two may have ended it at once
            self._over.remove(member)
