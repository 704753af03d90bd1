"""What becomes of each row: an account, nothing since there is one, or a refusal that says why."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pydantic import EmailStr, TypeAdapter, ValidationError

from ctfy.challenge.folders import printable
from ctfy.core.errors import CtfyError
from ctfy.server.access.lookalikes import NameKeys, keys
from ctfy.server.accounts.new_accounts import name_of
from ctfy.server.accounts.people_import.file import Line
from ctfy.server.accounts.service import check_password
from ctfy.server.database.base import now
from ctfy.server.models.accounts import MAX_PASSWORD
from ctfy.server.models.names import clean
from ctfy.server.tables.competitions import Competition

Outcome = Literal["create", "created", "exists", "refused"]
_EMAIL: TypeAdapter[str] = TypeAdapter(EmailStr)
_MOST_OF_A_NAME, _MOST_OF_A_TEAM, _LEAST_PASSWORD = 120, 80, 12


class Refused(Exception):
    """A row that is not taken; `reason` is the API's word for why."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass
class Known:
    """A team that there is, or will be: its name, bracket, and how many are on it."""

    name: str
    bracket: str
    members: int


@dataclass
class Teams:
    """The teams of one competition, found by either form of their names."""

    by_form: dict[tuple[int, str], Known] = field(default_factory=dict)

    def add(self, team: Known, forms: NameKeys) -> None:
        """Have it found from now on."""
        for form in enumerate(forms):
            self.by_form[form] = team

    def like(self, forms: NameKeys) -> Known | None:
        """The team that has this name, or one that looks like it."""
        return next((self.by_form[f] for f in enumerate(forms) if f in self.by_form), None)


@dataclass
class Here:
    """What there is on the platform that rows are compared with.

    `emails`: the ids of accounts by address; `names`: what they are called.
    """

    emails: dict[str, str]
    names: Iterable[str]
    competitions: list[Competition]
    teams: dict[str, Teams]


@dataclass
class Planned:
    """A row with what becomes of it, in the terms of the platform."""

    number: int
    email: str
    name: str
    password: str
    team: str
    bracket: str
    competition: str
    competition_id: str | None = None
    user_id: str | None = None
    outcome: Outcome = "create"
    reason: str = ""
    detail: str = ""


def plan(lines: list[Line], here: Here, default: Competition | None) -> list[Planned]:
    """What becomes of every row. `default`: the competition of those that name none."""
    return list(_Plan(here, default).rows(lines))


def same(name: str) -> str:
    """What two spellings of the same name have in common: all but capitals."""
    return unicodedata.normalize("NFKC", name).casefold()


class _Plan:
    def __init__(self, here: Here, default: Competition | None) -> None:
        self._here = here
        self._default = default
        self._by_id = {competition.id: competition for competition in here.competitions}
        self._by_title: dict[str, list[Competition]] = {}
        for competition in here.competitions:
            self._by_title.setdefault(same(competition.title), []).append(competition)
        self._seen: dict[str, int] = {}
        self._looks: dict[tuple[int, str], str] = {}
        for name in here.names:
            self._remember(name)

    def rows(self, lines: list[Line]) -> Iterable[Planned]:
        for line in lines:
            row = _as_written(line)
            try:
                self._check(line, row)
            except Refused as refused:
                row.outcome, row.reason = "refused", refused.reason
                row.detail = printable(refused.detail)
            yield row

    def _check(self, line: Line, row: Planned) -> None:
        if line.overlong:
            raise Refused("row_too_long")
        row.email = _address(line.email)
        if before := self._seen.get(row.email):
            raise Refused("email_twice", str(before))
        self._seen[row.email] = line.number
        if user_id := self._here.emails.get(row.email):
            row.outcome, row.user_id = "exists", user_id
            return
        row.name = self._name(line.name, row.email)
        row.password = _password(line.password, row.email)
        competition = self._competition(line)
        if competition is None:
            if line.team or line.bracket:
                raise Refused("competition_missing")
        else:
            row.competition_id = competition.id
            self._team(line, row, competition)
        self._remember(row.name)

    def _name(self, written: str, email: str) -> str:
        try:
            name = clean(written) or name_of(email)
        except ValueError as error:
            raise Refused("name_invalid", str(error)) from error
        if len(name) > _MOST_OF_A_NAME:
            raise Refused("name_too_long", str(_MOST_OF_A_NAME))
        for form in enumerate(keys(name)):
            other = self._looks.get(form)
            if other is not None and same(other) != same(name):
                raise Refused("name_looks_like", other)
        return name

    def _remember(self, name: str) -> None:
        for form in enumerate(keys(name)):
            self._looks.setdefault(form, name)

    def _competition(self, line: Line) -> Competition | None:
        if not line.competition:
            found = self._default
        else:
            named = self._by_title.get(same(line.competition), [])
            found = self._by_id.get(line.competition) or next(iter(named), None)
            if found is None:
                raise Refused("competition_unknown", line.competition)
            if len(named) > 1 and found.id != line.competition:
                raise Refused("competition_ambiguous", line.competition)
        if found is not None and found.phase_at(now()) == "past":
            raise Refused("competition_over", found.title)
        return found

    def _team(self, line: Line, row: Planned, competition: Competition) -> None:
        bracket = line.bracket
        if bracket and bracket not in competition.brackets:
            raise Refused("bracket_unknown", ", ".join(competition.brackets))
        if not line.team:
            row.team, row.bracket = "", bracket or next(iter(competition.brackets), "")
            return
        try:
            row.team = clean(line.team)
        except ValueError as error:
            raise Refused("team_name_invalid", str(error)) from error
        if len(row.team) > _MOST_OF_A_TEAM:
            raise Refused("team_name_too_long", str(_MOST_OF_A_TEAM))
        forms = keys(row.team)
        teams = self._here.teams.setdefault(competition.id, Teams())
        team = teams.like(forms)
        if team is None:
            team = Known(row.team, bracket or next(iter(competition.brackets), ""), 0)
            teams.add(team, forms)
        elif same(team.name) != same(row.team):
            raise Refused("team_name_looks_like", team.name)
        elif bracket and bracket != team.bracket:
            raise Refused("bracket_differs", team.bracket)
        elif competition.max_team_size is not None and team.members >= competition.max_team_size:
            raise Refused("team_full", str(competition.max_team_size))
        team.members += 1
        row.team, row.bracket = team.name, team.bracket


def _as_written(line: Line) -> Planned:
    """A row to be shown, whatever it holds: cut to what can be read, on one line."""
    written = (line.email, line.name, line.team, line.bracket, line.competition)
    email, name, team, bracket, competition = (printable(text[:200]) for text in written)
    return Planned(line.number, email, name, "", team, bracket, competition)


def _address(written: str) -> str:
    if not written:
        raise Refused("email_missing")
    try:
        return _EMAIL.validate_python(written).lower()
    except ValidationError as error:
        why = error.errors()[0].get("ctx", {}).get("reason", "")
        raise Refused("email_invalid", str(why)) from error


def _password(written: str, email: str) -> str:
    if not written:
        return ""
    if not _LEAST_PASSWORD <= len(written) <= MAX_PASSWORD:
        raise Refused("password_length", f"{_LEAST_PASSWORD}-{MAX_PASSWORD}")
    try:
        check_password(written, email)
    except CtfyError as error:
        raise Refused("password_weak") from error
    return written
