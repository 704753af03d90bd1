"""Several servers on one port are one to their clients: who was answered by one may ask another.

Each keeps what it computed until an event says that it is stale, and events take some milliseconds.
So whoever writes waits until the others have heard of it, before the answer leaves.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
import time

_SLOT = struct.Struct("qd")  # the process, and the moment up to which it knows all events
_LOOK_S = 0.001
_LOOK_AFTER_THE_DEAD_S = 0.05
# One that hangs, or is held by an older transaction that stays open, costs that much once. It is
# less than what a server that ends leaves its last requests (cli/operator/server.py).
_LONGEST_S = 2.0


class Peers:
    """How far each server on this machine's port has read, in memory that they share.

    One that is alone has nobody to wait for.
    """

    def __init__(self) -> None:
        self._memory: mmap.mmap | None = None
        self._mine = 0
        self._given_up: dict[int, float] = {}  # by process: up to when it knew all, then

    def share(self, servers: int) -> None:
        """Make the memory, before the servers are forked."""
        self._memory = mmap.mmap(-1, servers * _SLOT.size)

    def join(self, number: int) -> None:
        """Be the server of a number, from 0, in this process."""
        self._mine = number

    def knows(self, moment: float) -> None:
        """Say that every event committed before a moment, of the monotonic clock, is known here."""
        if self._memory is not None:
            _SLOT.pack_into(self._memory, self._mine * _SLOT.size, os.getpid(), moment)

    def leave(self) -> None:
        """Say that this process reads no more events: nobody waits for it."""
        self.left(os.getpid())

    def left(self, process: int) -> None:
        """Wait no longer for a process that ended."""
        if self._memory is not None:
            for number, (pid, _) in enumerate(_SLOT.iter_unpack(self._memory)):
                if pid == process:
                    _SLOT.pack_into(self._memory, number * _SLOT.size, 0, 0.0)

    @property
    def are_there(self) -> bool:
        """Whether there are others."""
        return self._memory is not None

    async def know_of(self, moment: float) -> None:
        """Return when all know of what was committed before a moment, of the monotonic clock.

        Or after a while in any case.
        """
        if self._memory is None:
            return
        began = looked = time.monotonic()
        while waiting := self._behind(moment):
            at = time.monotonic()
            if at > looked + _LOOK_AFTER_THE_DEAD_S:
                looked = at
                for process in waiting:
                    self._forget_if_gone(process)
            if at > began + _LONGEST_S:
                self._given_up = waiting
                return
            await asyncio.sleep(_LOOK_S)

    def _behind(self, moment: float) -> dict[int, float]:
        """The other processes that may not know of everything before a moment.

        But for one that was waited for in vain, and has not been heard of since.
        """
        slots = _SLOT.iter_unpack(self._memory or b"")
        return {
            process: known
            for number, (process, known) in enumerate(slots)
            if process
            and number != self._mine
            and known < moment
            and self._given_up.get(process) != known
        }

    def _forget_if_gone(self, process: int) -> None:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            self.left(process)
        except PermissionError:
            pass
