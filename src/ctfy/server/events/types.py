"""What an event is: a declared type, in its domain's `events.py`. Nothing else can be emitted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Audience(StrEnum):
    """Who hears of an event. Administrators hear of all but the last."""

    EVERYBODY = "everybody"
    COMPETITION = "competition"  # the people of `competition_id`: on its teams, or running it
    OPERATORS = "operators"  # who runs `competition_id`
    BRACKET = "bracket"  # the teams of a competition's `bracket`, and who runs it
    TEAM = "team"
    PERSON = "person"  # `user_id` alone
    ADMINS = "admins"
    PLATFORM = "platform"  # the replicas themselves: nobody reads it


class Topic(StrEnum):
    """What cached values depend on; with the id in the event's field it is one topic."""

    COMPETITION = "competition"  # its settings, teams and people
    USER = "user"  # their account, tokens and teams
    ATTEMPTS = "attempts"  # a competition's answers
    LAUNCHES = "launches"  # a competition's instances

    @property
    def field(self) -> str:
        """The field of an event that names what has changed."""
        return "user_id" if self is Topic.USER else "competition_id"


class OnBoard(StrEnum):
    """What a competition's board does with an event."""

    ATTEMPT = "attempt"  # counts a submission
    ANSWER = "answer"  # and a question answered
    SOLVE = "solve"  # and a challenge solved whole
    LAUNCH = "launch"
    RELOAD = "reload"  # what it was loaded from has changed


EVENTS: dict[str, type[Event]] = {}


class Event(BaseModel):
    """Something that happened. A subclass with an audience is a type of event.

    Its name on the wire is the class's in snake case. Every payload has `team_id`, `team_name` and
    `challenge_id`, empty where they do not apply, and the ids of what it is about.

    `audiences`: who may hear of it; the first unless the emitter names another. `is_personal`:
    `user_id`, whom it is about, hears of it besides. `makes_stale`: what it invalidates in caches.
    `changes_rights`: what `user_id` may read is looked up again. `board`: what standings do.
    `tells_solves`: it tells others of what a team solved, so that it follows the standings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str] = ""
    audiences: ClassVar[tuple[Audience, ...]] = ()
    is_personal: ClassVar[bool] = False
    makes_stale: ClassVar[tuple[Topic, ...]] = ()
    changes_rights: ClassVar[bool] = False
    board: ClassVar[OnBoard | None] = None
    tells_solves: ClassVar[bool] = False

    team_id: str = ""
    team_name: str = ""
    challenge_id: str = ""

    def __init_subclass__(cls, **_: Any) -> None:
        """Leave the keywords to the method below, which is called once the fields are known."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        to: Audience | tuple[Audience, ...] = (),
        personal: bool = False,
        stale: tuple[Topic, ...] = (),
        rights: bool = False,
        board: OnBoard | None = None,
        solves: bool = False,
        **_: Any,
    ) -> None:
        """Register the type when it names an audience."""
        cls.audiences = (to,) if isinstance(to, Audience) else to
        if not cls.audiences:  # fields that several events share
            return
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        cls.is_personal, cls.makes_stale, cls.changes_rights = personal, stale, rights
        cls.board, cls.tells_solves = board, solves
        needed = {topic.field for topic in stale} | ({"user_id"} if personal or rights else set())
        if missing := needed - cls.model_fields.keys():
            raise TypeError(f"{cls.__name__} declares what needs the fields {sorted(missing)}")
        if cls.name in EVENTS:
            raise TypeError(f"two events are called {cls.name}")
        EVENTS[cls.name] = cls

    @property
    def topics(self) -> list[str]:
        """The topics that it makes stale."""
        changed = ((topic, getattr(self, topic.field)) for topic in self.makes_stale)
        return [f"{topic}:{value}" for topic, value in changed if value]


def topics_of(kind: type[Event] | None, payload: dict[str, Any]) -> Iterable[str]:
    """The topics that an event of a type with this payload makes stale."""
    for topic in kind.makes_stale if kind else ():
        if changed := payload.get(topic.field):
            yield f"{topic}:{changed}"
