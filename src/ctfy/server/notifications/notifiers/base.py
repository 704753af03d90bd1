"""What all kinds of channels share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

TIMEOUT_S = 20.0
MOST_SAID = 300
_SECRET = 5  # what is at least so long in an address may be one


class Outcome(NamedTuple):
    """Whether a message arrived, and what came back, in a line.

    `final`: it never will, so that it is not tried again.
    """

    ok: bool
    said: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is sent at once: `events` that happened, each with its text. Another try has its id."""

    id: str
    platform: str
    url: str
    created_at: datetime
    events: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where it goes. `networks`: addresses that are not public and may be reached even so."""

    address: str
    secret: str
    networks: list[str]


class NotAnAddress(ValueError):
    """An address that a kind of channel cannot use; the message says why."""


class Notifier(ABC):
    """A kind of channel."""

    name: ClassVar[str]
    signs: ClassVar[bool] = False  # has a secret

    @abstractmethod
    async def shown(self, address: str) -> str:
        """Where an address leads, without what is secret in it. Raises NotAnAddress."""

    @abstractmethod
    async def send(self, delivery: Delivery, to: Destination) -> Outcome:
        """Send it, within `TIMEOUT_S`."""


def without_secrets(said: str, address: str) -> str:
    """What came back, where it repeats nothing of an address that may be secret."""
    scheme, _, rest = address.partition("://")
    if scheme in ("http", "https"):  # the host of a URL is shown; that of a service's may be a key
        host, _, path = rest.partition("/")
        rest = f"{host.rpartition('@')[0]}/{path}"
    parts = re.split(r"[/?&=@:;,%]+", rest)
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SECRET:
            said = said.replace(part, "…")
    return said


def one_line(text: str) -> str:
    """What the other side said, as a line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_SAID else f"{line[: MOST_SAID - 1]}…"
