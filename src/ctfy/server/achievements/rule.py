"""What an achievement is made of: its words, and the small function that says when it is earned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.events.relay import RelayedEvent
from ctfy.server.events.types import EVENTS, Event
from ctfy.server.tables.submissions import ChallengeSolve, Solve

Tier = Literal["bronze", "silver", "gold", "secret"]
POINTS: dict[Tier, int] = {"bronze": 10, "silver": 25, "gold": 50, "secret": 30}


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, and what a rule may ask of the database it happened in."""

    session: AsyncSession
    catalogue: Catalogue
    event: RelayedEvent

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.event.created_at

    @property
    def team_id(self) -> str:
        """The team that it is about."""
        return self.event.team_id or ""

    def __getitem__(self, name: str) -> Any:
        """A field of the event's payload; None where it has none."""
        return self.event.payload.get(name)

    async def scalar(self, query: Any) -> Any:
        """The one value of a query."""
        return await self.session.scalar(query)


Earned = Callable[[Happening], Awaitable[bool]]
Progress = Callable[[Any], ColumnElement[int]]


@dataclass(frozen=True)
class Achievement:
    """One achievement.

    `on`: the types of the events that may earn it; none: never by rule. `when` looks at the event
    alone, `earned` asks the database, and only once `when` agrees. `progress` counts what a team,
    in a column, did of the `target`: the catalogue has all counts in one statement. Raises
    TypeError on what is no declared type.
    """

    id: str
    name: str
    description: str
    icon: str
    tier: Tier
    on: tuple[type[Event], ...] = ()
    when: Callable[[Happening], bool] = lambda _: True
    earned: Earned | None = None
    target: int = 0
    progress: Progress | None = None
    eggs: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what would never happen, such as an event's name in place of its type."""
        for kind in self.on:
            if kind not in EVENTS.values():
                raise TypeError(f"`on` of {self.id} has what is no event: {kind!r}")

    @property
    def secret(self) -> bool:
        """Whether only those who have it may know it."""
        return self.tier == "secret"

    @property
    def points(self) -> int:
        """What it counts."""
        return POINTS[self.tier]


def solved_challenges(team_id: Any) -> ColumnElement[int]:
    """How many challenges a team solved whole."""
    return _times(ChallengeSolve.team_id == team_id)


def answered_questions(team_id: Any) -> ColumnElement[int]:
    """How many questions a team answered."""
    return _times(Solve.team_id == team_id)


def _times(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).where(condition).scalar_subquery()
