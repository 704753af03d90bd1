"""What a domain brings: it says so once, in its package, and the process walks over the list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from fastapi import APIRouter
from procrastinate import RetryStrategy
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Delete
from sqlalchemy.orm import InstrumentedAttribute

from ctfy.server.database.base import Base, now
from ctfy.server.database.connections import Database
from ctfy.server.jobs.queue import Jobs
from ctfy.server.services import Services
from ctfy.server.settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """A durable job. `work` gets the job's arguments and, by their types, the services it names."""

    name: str
    work: Callable[..., Awaitable[Any]]
    retry: RetryStrategy | bool = False

    def register(self, services: Services) -> None:
        """Put it on the process's queue."""
        bound = services.bind(self.work)

        async def run(**arguments: Any) -> None:
            await bound(**arguments)

        services.get(Jobs).app.task(name=self.name, retry=self.retry)(run)


class Params(BaseModel):
    """The parameters of a task: none, unless a kind adds some."""

    model_config = ConfigDict(extra="forbid")


class Report(Protocol):
    """How a task at work tells of itself."""

    async def log(self, message: str, level: str = "info") -> None:
        """Write a line."""

    async def log_lines(self, messages: Sequence[str], level: str = "info") -> None:
        """Write several lines at once."""

    async def progress(self, fraction: float, message: str) -> None:
        """Say how far it is, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of task that operators start.

    `work(report, params, …)` does it and returns its result; besides, it gets the services that it
    names by their types. One that is not `repeatable` is given up when its worker dies.
    """

    name: str
    params: type[Params]
    work: Callable[..., Awaitable[dict[str, Any]]]
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job that runs every `every_s` seconds; `work` returns what it did, in a few words."""

    name: str
    every_s: int
    description: str
    work: Callable[..., Awaitable[str]]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A table that holds something of a person, whom `column` names.

    `exported`: handed out to them, except what others wrote in the columns that are `withheld`.
    `beside`: columns of a table that it refers to, without which nobody could read the rows.
    `on_deletion`: whether the rows go with the account, or stay under its id, which names nobody
    then.
    """

    table: type[Base]
    column: str
    on_deletion: Literal["delete", "keep"]
    exported: bool = True
    withheld: frozenset[str] = frozenset()
    beside: tuple[InstrumentedAttribute[Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows that are deleted when they are old: by the schedule, in a statement of its own."""

    rows: Callable[[Settings, datetime], Delete]
    schedule: str = "retention_sweep"


@dataclass(frozen=True)
class Domain:
    """One subject of the platform and all that it brings.

    `services`: built at start from the services their constructors name, lower domains' first.
    `background`: coroutines that run in a worker until it ends. `on_account_deletion`: called with
    `session` and `caller` before an account's rows go.
    """

    routers: tuple[APIRouter, ...] = ()
    services: tuple[Callable[..., Any], ...] = ()
    jobs: tuple[Job, ...] = ()
    tasks: tuple[Task, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    background: tuple[Callable[..., Coroutine[Any, Any, None]], ...] = ()
    personal_data: tuple[PersonalData, ...] = ()
    on_account_deletion: Callable[..., Awaitable[None]] | None = None
    retention: tuple[Retention, ...] = ()


class Domains(tuple[Domain, ...]):
    """Every domain of the process, the highest first."""


async def prune(database: Database, settings: Settings, domains: Domains, schedule: str) -> int:
    """Delete the rows that are old by what the domains declare for a schedule; how many."""
    total = 0
    for retention in (each for domain in domains for each in domain.retention):
        if retention.schedule == schedule:
            async with database.transaction() as session:
                deleted = await session.execute(retention.rows(settings, now()))
                total += deleted.rowcount  # type: ignore[attr-defined]
    return total
