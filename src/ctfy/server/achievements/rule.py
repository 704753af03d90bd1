"""What an achievement is made of: its words, and the condition that says when it is earned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Float,
    Integer,
    Select,
    String,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.events.relay import RelayedEvent
from ctfy.server.events.types import EVENTS, Event
from ctfy.server.tables.submissions import ChallengeSolve, Solve

Tier = Literal["bronze", "silver", "gold", "secret"]
POINTS: dict[Tier, int] = {"bronze": 10, "silver": 25, "gold": 50, "secret": 30}


# The events of a batch, as a table: a rule is asked of all of them in one statement. `number` is an
# event's place in the batch, `payload` all that it says.
_BATCH = func.jsonb_to_recordset(bindparam("batch", type_=JSONB)).table_valued(
    column("number", Integer),
    column("team_id", String),
    column("competition_id", String),
    column("challenge_id", String),
    column("question_id", String),
    column("solve_time_s", Float),
    column("at", DateTime(timezone=True)),
    column("payload", JSONB),
)
EVENT = _BATCH.render_derived(name="event", with_types=True).c


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, as a rule's `when` sees it."""

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

    def row(self, number: int) -> dict[str, Any]:
        """Its row in the table of a batch."""
        payload = self.event.payload
        told = ("competition_id", "challenge_id", "question_id", "solve_time_s")
        return {
            "number": number,
            "team_id": self.team_id,
            "at": self.at.isoformat(),
            "payload": payload,
            **{name: payload.get(name) for name in told},
        }


Progress = Callable[[Any], ColumnElement[int]]


@dataclass(frozen=True)
class Achievement:
    """One achievement.

    `on`: the types of the events that may earn it; none: never by rule. `when` looks at the event
    alone; `earned` is a condition on the columns of EVENT and on tables, asked only once `when`
    agrees. `progress` counts what a team, in a column, did of the `target`, and reaching it earns
    the achievement. Raises TypeError on what is no declared type.
    """

    id: str
    name: str
    description: str
    icon: str
    tier: Tier
    on: tuple[type[Event], ...] = ()
    when: Callable[[Happening], bool] = lambda _: True
    earned: ColumnElement[bool] | None = None
    target: int = 0
    progress: Progress | None = None
    eggs: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what would never happen, such as an event's name in place of its type."""
        for kind in self.on:
            if kind not in EVENTS.values():
                raise TypeError(f"`on` of {self.id} has what is no event: {kind!r}")

    @property
    def query(self) -> Select[int] | None:
        """Which events of a batch earn it, by their numbers; None where `when` has said it all."""
        earned = self.earned
        if self.progress is not None and self.target:
            reached = self.progress(EVENT.team_id) >= self.target
            earned = reached if earned is None else earned & reached
        return None if earned is None else select(EVENT.number).where(earned)

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
