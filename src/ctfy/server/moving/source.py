"""What another platform's file is read to: its competition, in one shape for all of them.

A source reads its file and fills this in; what becomes of it here is decided once, by `move.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ctfy.challenge.importers.draft import Draft, Outcome
from ctfy.challenge.metadata import Value
from ctfy.server.models.competitions import Access

Row = dict[str, Any]
Key = int | str  # an id of theirs
Order = tuple[int, ...]
Became = Literal["carried", "changed", "dropped"]

# What an answer was there; of any other kind it was not graded.
Kind = Literal["solve", "wrong", "part"]


class ExportRefused(Exception):
    """The file cannot be brought in; the message says why in one line."""


class VersionUnknown(ExportRefused):
    """It was written by a version that is not known here; it may be tried all the same."""


@dataclass(frozen=True)
class Person:
    """Somebody with an account. `password`: its hash, empty where there is none."""

    id: Key
    name: str
    email: str = ""
    password: str = ""
    is_verified: bool = False
    is_banned: bool = False
    is_admin: bool = False
    country: str = ""
    website: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True)
class PlayingTeam:
    """Who plays. One that does not count, as a hidden one, is not in their standings."""

    id: Key
    name: str
    members: tuple[Key, ...]
    captain: Key | None = None
    bracket: str = ""
    counts: bool = True
    created_at: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """An answer that was given. `order`: which of two of one moment was first."""

    id: Key
    team: Key | None
    person: Key | None
    challenge: Key | None
    text: str
    at: datetime | None
    kind: Kind | str
    order: Order = ()


@dataclass(frozen=True)
class Bonus:
    """Points that no answer brought, also fewer than none."""

    id: Key
    team: Key | None
    person: Key | None
    points: int
    at: datetime | None
    name: str = ""
    description: str = ""
    category: str = ""
    order: Order = ()


@dataclass(frozen=True)
class TakenHint:
    """A hint that a team took. `hint`: None where it is none that can be taken here."""

    team: Key | None
    person: Key | None
    hint: Key | None
    at: datetime | None


@dataclass
class MovedChallenge:
    """A challenge on its way in: `id` is theirs, `hints` are ours by theirs.

    `worth`: its value there, now. `rule`: how it falls, where that is a rule of ours;
    `other_rule`: in what theirs is another. `release_at`: from when it is shown. `requires`: what
    has to be solved before.
    """

    id: Key
    draft: Draft
    worth: int = 0
    rule: Value | None = None
    other_rule: str = ""
    is_hidden: bool = False
    release_at: datetime | None = None
    hints: dict[Key, str] = field(default_factory=dict)
    requires: list[Key] = field(default_factory=list)


@dataclass
class Source:
    """A competition of another platform, with all that was done in it.

    `unpack` makes drafts of its challenges, in their order, with their files below a folder.
    `standings`: their teams that have any, in order, with their points; None: the file knows none.
    `said`: what became of settings, and of what is not here at all.
    """

    platform: str
    version: str
    title: str
    unpack: Callable[[Path], list[MovedChallenge]]
    description: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    freezes_at: datetime | None = None
    scoreboard_visibility: str = "public"
    practice: bool = False
    access: Access = "public"
    most_on_a_team: int | None = None
    most_instances: int | None = None
    brackets: list[str] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    teams: list[PlayingTeam] = field(default_factory=list)
    in_teams: bool = True
    answers: list[Answer] = field(default_factory=list)
    bonuses: list[Bonus] = field(default_factory=list)
    hints_taken: list[TakenHint] = field(default_factory=list)
    standings: list[tuple[Key, int]] | None = None
    said: list[Outcome] = field(default_factory=list)

    def say(
        self, name: str, became: Literal["carried", "changed", "dropped"], why: str = ""
    ) -> None:
        """Say what became of something that is no challenge's."""
        self.said.append(Outcome(name, became, why))


def moment(value: Any) -> datetime | None:
    """A moment of theirs, in UTC where it does not say; None when there is none.

    Raises ValueError.
    """
    if value in (None, ""):
        return None
    found = datetime.fromisoformat(str(value))
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{value} is no moment") from error


def cleaned(value: Any, where: str) -> Any:
    """A document's texts without what no text holds. Raises ExportRefused, which says `where`."""
    try:
        return _cleaned(value)
    except UnicodeEncodeError:
        raise ExportRefused(f"{where} holds what is no text") from None


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cleaned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    if isinstance(value, str) and not value.isprintable():
        value = value.replace("\0", "")
        value.encode()  # half of a surrogate pair is no character
    return value
