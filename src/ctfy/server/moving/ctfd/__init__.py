"""A CTFd's export as a competition: `export.py` reads the file, `challenges.py` its challenges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from ctfy.server.moving.ctfd import export as exports
from ctfy.server.moving.ctfd.challenges import unpack
from ctfy.server.moving.ctfd.export import Export, named, unix
from ctfy.server.moving.source import (
    Answer,
    Bonus,
    Key,
    Person,
    PlayingTeam,
    Row,
    Source,
    TakenHint,
    moment,
)

# Tables that have no place here; what is in none of these lists is named as a plugin's.
_NO_PLACE = {
    "pages": "there are no pages of one's own here",
    "notifications": "what was announced is over",
    "comments": "there are no comments here",
    "fields": "accounts and teams have no fields of one's own",
    "field_entries": "accounts and teams have no fields of one's own",
    "tokens": "everybody makes new ones",
    "tracking": "addresses of people are not kept here",
    "ratings": "challenges are not rated by stars here",
    "audiences": "everybody sees the same challenges",
    "audience_members": "everybody sees the same challenges",
    "modules": "challenges have no modules",
    "module_audience_access": "challenges have no modules",
}
_COLUMNS = {"users": ("affiliation", "oauth_id", "language")}
_OF_TEAMS = {"teams": ("affiliation", "website", "country")}
_GRADED = ("correct", "incorrect", "partial")


@contextmanager
def opened(path: Path, *, any_version: bool = False) -> Iterator[Source]:
    """The competition of an export. Raises ExportRefused."""
    with exports.opened(path, any_version=any_version) as export:
        version = export.config.get("ctf_version", export.version)
        source = Source("CTFd", version, export.config.get("ctf_name", ""), partial(unpack, export))
        _settings(export, source)
        _brackets(export, source)
        _people(export, source)
        _play(export, source)
        _left(export, source)
        yield source


# Who sees the scores, as they call it.
_SCORES = {"public": "public", "private": "players", "hidden": "hidden", "admins": "hidden"}


def _settings(export: Export, source: Source) -> None:
    """What their settings say of the competition."""
    config = export.config
    times: dict[str, datetime | None] = {}
    for key in ("start", "end", "freeze"):
        try:
            times[key] = unix(config.get(key))
        except ValueError:
            times[key] = None
            source.say(key, "dropped", f"{config[key]!r} is no moment")
        if times[key]:
            source.say(key, "carried")
    source.starts_at, source.ends_at, source.freezes_at = times.values()
    visibility = config.get("score_visibility", "")
    source.scoreboard_visibility = _SCORES.get(visibility, "public")
    if visibility in _SCORES:
        why = "who is signed in, and takes part" if visibility == "private" else ""
        source.say("score_visibility", "changed" if why else "carried", why)
    size = config.get("team_size", "")
    source.in_teams = export.in_teams
    source.most_on_a_team = int(size) if size.isdigit() and 0 < int(size) <= 1000 else None
    source.description = config.get("ctf_description", "")
    source.say("ctf_name", "carried")
    why = "" if export.in_teams else "everybody is a team of one"
    source.say("user_mode", "changed" if why else "carried", why)


def _brackets(export: Export, source: Source) -> None:
    """Those of whoever plays: theirs are of users or of teams."""
    kind = "teams" if export.in_teams else "users"
    rows = [row for row in export.rows("brackets") if row.get("type") in (kind, None, "")]
    source.brackets = [str(row.get("name")) for row in rows]
    if any(row.get("description") for row in rows):
        source.say("brackets' descriptions", "dropped", "they have a name alone")


def _people(export: Export, source: Source) -> None:
    source.people = [
        Person(
            row["id"],
            str(row.get("name") or ""),
            str(row.get("email") or ""),
            str(row.get("password") or ""),
            bool(row.get("verified")),
            bool(row.get("banned")),
            row.get("type") == "admin",
            str(row.get("country") or ""),
            str(row.get("website") or ""),
            moment(row.get("created")),
        )
        for row in export.rows("users")
    ]
    members: defaultdict[Any, list[Key]] = defaultdict(list)
    for row in export.rows("users"):
        members[row.get("team_id") if export.in_teams else row["id"]].append(row["id"])
    brackets = {row["id"]: str(row.get("name")) for row in export.rows("brackets")}
    source.teams = [
        PlayingTeam(
            row["id"],
            str(row.get("name") or ""),
            tuple(members[row["id"]]),
            named(row, "captain_id") if export.in_teams else row["id"],
            brackets.get(row.get("bracket_id"), ""),
            not row.get("hidden") and not row.get("banned"),
            moment(row.get("created")),
        )
        for row in export.rows("teams" if export.in_teams else "users")
    ]
    for table, names in {**_COLUMNS, **(_OF_TEAMS if export.in_teams else {})}.items():
        for name in names:
            count = sum(row.get(name) not in (None, "") for row in export.rows(table))
            if count:
                source.say(f"{table} {name}: {count}", "dropped", "it has no place here")


def _play(export: Export, source: Source) -> None:
    """What everybody did, and the standings that it made."""
    account = export.account
    totals = _Totals(export)
    solves = {row["id"] for row in export.rows("solves")}
    for row in export.rows("submissions"):
        kind, id_ = str(row.get("type")), row["id"]
        is_solve = id_ in solves and kind in _GRADED
        others = {"incorrect": "wrong", "correct": "part", "partial": "part"}
        team = named(row, account)
        source.answers.append(
            Answer(
                id_,
                team,
                named(row, "user_id"),
                named(row, "challenge_id"),
                str(row.get("provided") or ""),
                moment(row.get("date")),
                "solve" if is_solve else others.get(kind, kind),
                (totals.tie[team], id_, 1),
            )
        )
    for row in export.rows("awards"):
        team = named(row, account)
        source.bonuses.append(
            Bonus(
                row["id"],
                team,
                named(row, "user_id"),
                int(row.get("value") or 0),
                moment(row.get("date")),
                str(row.get("name") or ""),
                str(row.get("description") or ""),
                str(row.get("category") or ""),
                (totals.tie[team], row["id"], 0),
            )
        )
    if any(row.get("icon") for row in export.rows("awards")):
        source.say("awards' icons", "dropped", "awards have none here")
    source.hints_taken = [
        TakenHint(
            named(row, account),
            named(row, "user_id"),
            named(row, "target") if row.get("type") == "hints" else None,
            moment(row.get("date")),
        )
        for row in export.rows("unlocks")
    ]
    source.standings = totals.standings(team.id for team in source.teams if team.counts)


class _Totals:
    """Each account's points, when it came to them, and the number that breaks a tie in time.

    The sum of values and awards, and of equals who came to it first; what is worth nothing moves
    nobody.
    """

    def __init__(self, export: Export) -> None:
        self.points: defaultdict[Key, int] = defaultdict(int)
        self.last: dict[Key, datetime] = {}
        self.tie: defaultdict[Key | None, int] = defaultdict(int)
        values = {row["id"]: int(row.get("value") or 0) for row in export.rows("challenges")}
        dates = {row["id"]: row.get("date") for row in export.rows("submissions")}
        solves, awards = export.rows("solves"), export.rows("awards")
        for row in solves:
            self._add(export, row, dates[row["id"]], values[row["challenge_id"]])
        for row in awards:
            self._add(export, row, row.get("date"), int(row.get("value") or 0))

    def _add(self, export: Export, row: Row, date: Any, points: int) -> None:
        account, at = named(row, export.account), moment(date)
        if account is None or not points or at is None:
            return
        self.points[account] += points
        self.last[account] = max(self.last.get(account, at), at)
        self.tie[account] = max(self.tie[account], row["id"])

    def standings(self, counting: Iterable[Key]) -> list[tuple[Key, int]]:
        """Of the accounts that count, those that came to anything, in order."""
        listed = [account for account in counting if account in self.last]
        listed.sort(key=lambda a: (-self.points[a], self.last[a], self.tie[a]))
        return [(account, self.points[account]) for account in listed]


def _left(export: Export, source: Source) -> None:
    """What is not read: other tables, and files of what is no challenge."""
    for table, size in sorted(export.left.items()):
        if size:
            why = _NO_PLACE.get(table, "a table that is not known here, as of a plugin")
            source.say(f"table {table}", "dropped", why)
    others = sum(row.get("challenge_id") is None for row in export.rows("files"))
    if others:
        source.say(f"files of pages: {others}", "dropped", "there are no pages here")
