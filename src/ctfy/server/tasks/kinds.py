"""What tasks there are and what runs by the clock: domains register theirs here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """The parameters of a task: none, unless a kind adds some."""

    model_config = ConfigDict(extra="forbid")


class Report(Protocol):
    """How a task at work tells of itself."""

    async def log(self, message: str, level: str = "info") -> None:
        """Write a line."""

    async def progress(self, fraction: float, message: str) -> None:
        """Say how far it is, from 0 to 1."""


Work = Callable[[Report, Any], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of task. One that is not `repeatable` is given up when its worker dies."""

    name: str
    params: type[Params]
    work: Work
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A job that runs every `every_s` seconds. `work` returns what it did, in a few words."""

    name: str
    every_s: int
    description: str
    work: Callable[[], Awaitable[str]]


@dataclass
class Registry:
    """The kinds of tasks, and the jobs of the clock, by name."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    scheduled: dict[str, Scheduled] = field(default_factory=dict)

    def task(
        self, name: str, params: type[Params], *, repeatable: bool = True
    ) -> Callable[[Work], Work]:
        """Register a kind of task, which the decorated coroutine does."""

        def register(work: Work) -> Work:
            self.kinds[name] = Kind(name, params, work, repeatable)
            return work

        return register

    def every(
        self, seconds: int, name: str, description: str
    ) -> Callable[[Callable[[], Awaitable[str]]], Callable[[], Awaitable[str]]]:
        """Register a job of the clock, which the decorated coroutine does."""

        def register(work: Callable[[], Awaitable[str]]) -> Callable[[], Awaitable[str]]:
            self.scheduled[name] = Scheduled(name, seconds, description, work)
            return work

        return register
