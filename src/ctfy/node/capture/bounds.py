"""How much of what passes a relay is looked at, kept and held open, whoever speaks through it."""

from __future__ import annotations

import resource

MOST_BODY = 1024 * 1024  # bytes of a body or a stream; its whole length is kept beside it
MOST_HEAD = 64 * 1024  # bytes of a request or status line with its headers
MOST_HEADERS = 256
MOST_WAITING = 100  # messages of one side that the other has not answered
MOST_PARTS = 4096  # of a stream

# Memory for what is not written yet, in bytes; beyond it bodies are cut, as long ones are.
OF_CONNECTION = 4 * MOST_BODY
OF_INSTANCE = 16 * MOST_BODY
OF_NODE = 64 * MOST_BODY
TO_WRITE = 32 * MOST_BODY  # on its way to the disk; beyond it relays wait for the disk
OF_HEADER = 256  # what Python needs beside a header's own bytes

CONNECTIONS_OF_CLIENT = 128  # one address, at one instance
CONNECTIONS_OF_INSTANCE = 256
IDLE_S = 3600.0  # after which a silent connection is closed
SPARE_S = 5.0  # after which a silent one makes room for a new one, where there is no room
_FILES_OF_CONNECTION = 4
_OTHER_FILES = 256


def connections_of_node() -> int:
    """How many connections this process has files for."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return 100_000
    return max(8, (files - _OTHER_FILES) // _FILES_OF_CONNECTION)


class Budget:
    """Bytes that may be taken, of a whole that others take from, too."""

    def __init__(self, most: int, whole: Budget | None = None) -> None:
        self._most, self._whole = most, whole
        self.taken = 0

    def take(self, wanted: int) -> int:
        """How many of the wanted bytes there are; they are taken."""
        given = min(wanted, self._most - self.taken)
        if self._whole is not None:
            given = self._whole.take(given)
        self.taken += given
        return given

    def give(self, back: int) -> None:
        """Give bytes back."""
        self.taken -= back
        if self._whole is not None:
            self._whole.give(back)
