"""An rCTF's database as a competition: its users are teams, who are reached by one address each.

`dump.py` reads the file, `config.py` rCTF's `conf.d`, `challenges.py` the challenges, and
`scoring.py` has its rules. https://github.com/redpwn/rctf
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ctfy.challenge.folders import printable
from ctfy.server.moving.rctf import config as configuration
from ctfy.server.moving.rctf import dump
from ctfy.server.moving.rctf.challenges import Challenge, read, unpack
from ctfy.server.moving.rctf.config import Config
from ctfy.server.moving.rctf.config import moment as moment_of
from ctfy.server.moving.rctf.scoring import Rule, Solve, standings, values
from ctfy.server.moving.source import (
    Answer,
    ExportRefused,
    Person,
    PlayingTeam,
    Source,
    VersionUnknown,
    cleaned,
    moment,
)
from ctfy.server.moving.tables import Tables

# The migrations of its database, of which the table of them names those that were done.
KNOWN_MIGRATIONS = frozenset(
    {
        "1581292018019_add-users",
        "1581292025458_user-perms",
        "1581297115194_add-solves",
        "1581725957097_del-password",
        "1581840671046_add-solve-createdat",
        "1581917595746_add-solves-primary-key",
        "1582424634372_string-uuids",
        "1582446586521_foreign-key-userid",
        "1585799727940_add-ctftime-id",
        "1587352163274_add-user-members",
        "1587950739709_challenge-data",
        "1590976823599_del-name-grade",
        "1591166544932_citext_name",
        "1591915539134_indices",
        "1591923901993_string-uuids",
        "1592008739015_add-user-createdat",
        "1597827385452_timezone",
    }
)
_MIGRATIONS = "pgmigrations"
_NEEDED = {
    "users": {"id", "name", "division"},
    "solves": {"id", "challengeid", "userid", "createdat"},
    "challenges": {"id", "data"},
}
_READ = frozenset({*_NEEDED, "user_members", _MIGRATIONS})
_NAMES: dict[str, dict[str, str]] = {
    "users": {},
    "solves": {"userid": "users"},
    "user_members": {"userid": "users"},
}
_MAY_WRITE_CHALLENGES = 2  # a bit of `perms`


@contextmanager
def opened(
    path: Path, *, any_version: bool = False, config: Path | None = None
) -> Iterator[Source]:
    """The competition of a dump, and of rCTF's `conf.d`. Raises ExportRefused."""
    settings = configuration.read(config)
    found = dump.read(path, _READ)
    version = _version(found, any_version=any_version)
    tables = Tables(found.tables, lambda table: f"the table {table}")
    tables.check(str, _NAMES)
    challenges = {row["id"]: read(row) for row in tables.rows("challenges")}
    if len(challenges) < len(tables.rows("challenges")):
        raise ExportRefused("two of its challenges have the same id")
    solves = [row for row in tables.rows("solves") if row["challengeid"] in challenges]
    if tables.rows("solves") and not challenges:
        raise ExportRefused(
            "it has solves and no challenges: with this challengeProvider rCTF kept them elsewhere"
        )
    rules = {
        id_: Rule(one.points.min, one.points.max, one.tiebreak_eligible)
        for id_, one in challenges.items()
    }
    played = [_solve(row) for row in solves]
    worth = values(rules, played)
    source = Source("rCTF", version, "", partial(unpack, challenges, worth, played))
    _settings(settings, source)
    _people(tables, settings.divisions, source)
    _play(tables, challenges, source)
    source.standings = list(standings([str(team.id) for team in source.teams], rules, played))
    _left(found, source)
    yield source


def _version(found: dump.Dump, *, any_version: bool) -> str:
    """The newest migration. Raises ExportRefused where one is not known, or tables are missing."""
    for table, columns in _NEEDED.items():
        if table not in found.tables:
            raise ExportRefused(
                f"the table {table} is not in it: this is no dump of a whole rCTF: {dump.RIGHT}"
            )
        for row in found.tables[table][:1]:
            if missing := sorted(columns - row.keys()):
                raise ExportRefused(f"the table {table} has no column {missing[0]}")
    done = [str(row.get("name")) for row in found.tables.get(_MIGRATIONS, [])]
    unknown = sorted(set(done) - KNOWN_MIGRATIONS)
    if (unknown or not done) and not any_version:
        what = f"has the migration {printable(unknown[0])[:80]}" if unknown else "names none"
        raise VersionUnknown(
            f"its database {what}, and those of redpwn's rCTF of 2020 to 2025 are known: another "
            "version, or a fork"
        )
    return max(done, default="").partition("_")[0]


def _solve(row: dict[str, Any]) -> Solve:
    if row["userid"] is None:
        raise ExportRefused("the table solves: a row is nobody's")
    try:
        at = moment(row["createdat"])
    except ValueError as error:
        raise ExportRefused(printable(f"the table solves: {error}")[:300]) from None
    if at is None:
        raise ExportRefused("the table solves: a row has no moment")
    return Solve(row["userid"], row["challengeid"], at)


def _settings(config: Config, source: Source) -> None:
    """What rCTF's database does not know of the competition."""
    source.title, source.description = config.ctf_name, config.meta.description
    source.starts_at = moment_of(config.start_time, "startTime")
    source.ends_at = moment_of(config.end_time, "endTime")
    for name, value in (
        ("name", config.ctf_name),
        ("description", config.meta.description),
        ("start", config.start_time),
        ("end", config.end_time),
    ):
        why = "" if value else "it is in rCTF's conf.d, not in its database: give it as --config"
        source.say(name, "carried" if value else "dropped", why)


def _people(tables: Tables, divisions: dict[str, str], source: Source) -> None:
    """A team's own account, and one for each address of a member, which nobody signed in by."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    for row in tables.rows("user_members"):
        members[row["userid"]].append(cleaned(row.get("email") or "", "the table user_members"))
    named = Counter[str]()
    for row in tables.rows("users"):
        row = cleaned(row, "the table users")
        name, created = row["name"] or "", moment(row.get("created_at"))
        perms = int(row.get("perms") or 0)
        own = Person(
            row["id"],
            name,
            row.get("email") or "",
            is_admin=bool(perms & _MAY_WRITE_CHALLENGES),
            created_at=created,
        )
        named["ctftime_id"] += bool(row.get("ctftime_id"))
        others = [email for email in members[row["id"]] if email.lower() != own.email.lower()]
        people = [own]
        for number, email in enumerate(others, 2):
            people.append(
                Person(f"{row['id']}/{number}", f"{name} ({number})", email, created_at=created)
            )
        source.people += people
        source.teams.append(
            PlayingTeam(
                row["id"],
                name,
                tuple(person.id for person in people),
                own.id,
                divisions.get(row["division"] or "", row["division"] or ""),
                created_at=created,
            )
        )
    source.brackets = list(divisions.values()) or sorted({team.bracket for team in source.teams})
    if source.people:
        why = "rCTF has none: whoever has the address sets one by Forgot the password?"
        source.say("passwords", "dropped", why)
    extra = len(source.people) - len(source.teams)
    if extra:
        why = "rCTF knows their addresses alone: each gets an account, named after the team"
        source.say(f"members: {extra}", "changed", why)
    if named["ctftime_id"]:
        source.say(f"users ctftime_id: {named['ctftime_id']}", "dropped", "it has no place here")
    if source.brackets and not divisions:
        why = "they are called by their ids: their names are in rCTF's conf.d, --config"
        source.say("divisions", "changed", why)


def _play(tables: Tables, challenges: dict[str, Challenge], source: Source) -> None:
    """Solves. Of two of one moment that of the team whose row is before the other's comes first."""
    places = {team.id: place for place, team in enumerate(source.teams)}
    gone = 0
    for row in tables.rows("solves"):
        if row["challengeid"] not in challenges:
            gone += 1
            continue
        team, solve = row["userid"], _solve(row)
        flag = challenges[solve.challenge].flag
        order = (places[team],)
        source.answers.append(
            Answer(row["id"], team, team, solve.challenge, flag, solve.at, "solve", order)
        )
    if gone:
        why = "their challenges are gone, and count for nothing there, either"
        source.say(f"solves of what is gone: {gone}", "dropped", why)
    if source.answers:
        why = "rCTF keeps none: they stand as the flag, which is the one that it takes"
        source.say("texts of right answers", "changed", why)
        source.say("wrong answers", "dropped", "rCTF keeps none but in its log")


def _left(found: dump.Dump, source: Source) -> None:
    """The tables that are not read."""
    for table, rows in sorted(found.left.items()):
        if rows:
            source.say(f"table {table}", "dropped", "a table that is not known here")
