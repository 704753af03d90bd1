"""CTFd's users and teams as accounts and teams. Where people play alone, each is a team of one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.networks import EmailStr

from ctfy.challenge.importers.draft import Outcome
from ctfy.server.access.lookalikes import keys
from ctfy.server.access.secrets import is_password_hash
from ctfy.server.database.base import new_id, now
from ctfy.server.models.names import visible
from ctfy.server.moving.ctfd_export import Export, Row, moment, named

_MOST_OF_A_NAME, _MOST_OF_A_TEAM = 120, 80
_EMAIL: TypeAdapter[str] = TypeAdapter(EmailStr)
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_SITE = re.compile(r"https?://\S{1,190}")


@dataclass
class People:
    """Rows of accounts, teams and members. `users`, `teams`: our ids by theirs, of accounts.

    `counting`: the accounts that stand in the standings, which are teams, or users where each
    plays alone.
    """

    users: dict[int, str] = field(default_factory=dict)
    teams: dict[int, str] = field(default_factory=dict)
    counting: set[int] = field(default_factory=set)
    new_users: list[Row] = field(default_factory=list)
    new_teams: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    brackets: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    matched: int = 0


def plays_in_teams(export: Export) -> bool:
    """Whether teams play, or everybody alone."""
    return export.config.get("user_mode", "teams") != "users"


def counts(row: Row) -> bool:
    """Whether an account stands in the standings: hidden and banned ones do not."""
    return not row.get("hidden") and not row.get("banned")


def people(
    export: Export, here: dict[str, tuple[str, bool]], competition_id: str, operator_id: str
) -> People:
    """The rows of everybody. `here`: who has an account already, by address, and verified it."""
    found = People()
    _users(export, here, found)
    _brackets(export, found)
    in_teams = plays_in_teams(export)
    rows = {row["id"]: row for row in export.rows("teams" if in_teams else "users")}
    members: dict[int, list[Row]] = {id_: [] for id_ in rows}
    for row in export.rows("users"):
        if not in_teams:
            members[row["id"]].append(row)
        elif row.get("team_id") is not None:
            members[row["team_id"]].append(row)
    active = _who_did_something(export, in_teams)
    names = {row["id"]: str(row.get("name")) for row in export.rows("brackets")}
    taken: set[tuple[int, str]] = set()
    renamed = unseen = 0
    for id_, row in rows.items():
        is_counting = counts(row)
        if not is_counting and id_ not in active:
            continue
        unseen += not is_counting
        name = _name(row.get("name"), f"Team {id_}", _MOST_OF_A_TEAM)
        free = _free(name, taken) if is_counting else name
        renamed += free != str(row.get("name") or "").strip()
        folded, shape = keys(free) if is_counting else (None, None)
        created = moment(row.get("created")) or now()
        team_id = new_id()
        captain = found.users.get(named(row, "captain_id") if in_teams else id_)
        first = next((found.users[member["id"]] for member in members[id_]), operator_id)
        found.teams[id_] = team_id
        found.new_teams.append(
            {
                "id": team_id,
                "competition_id": competition_id,
                "name": free,
                "name_folded": folded,
                "name_shape": shape,
                "bracket": _bracket(names.get(row.get("bracket_id"))),
                "captain_user_id": captain or first,
                "created_at": created,
            }
        )
        if not is_counting:
            continue
        found.counting.add(id_)
        for member in members[id_]:
            found.members.append(
                {
                    "user_id": found.users[member["id"]],
                    "competition_id": competition_id,
                    "team_id": team_id,
                    "joined_at": max(created, moment(member.get("created")) or created),
                }
            )
    what = "teams" if in_teams else "teams of one"
    found.outcomes.append(Outcome(f"{what}: {len(found.counting)}", "carried"))
    if renamed:
        why = "their names were taken, could not be shown or were too long"
        found.outcomes.append(Outcome(f"names of teams: {renamed}", "changed", why))
    if unseen:
        why = "hidden or banned there: they come without members, and do not stand in the standings"
        found.outcomes.append(Outcome(f"teams not shown: {unseen}", "changed", why))
    _lose_columns(found, export, "teams", ("affiliation", "website", "country"), in_teams)
    return found


def _users(export: Export, here: dict[str, tuple[str, bool]], found: People) -> None:
    seen: set[str] = set()
    on: set[str] = set()
    counted = dict.fromkeys(("none", "twice", "password", "admin", "unverified", "names"), 0)
    for row in export.rows("users"):
        email = str(row.get("email") or "").strip().lower()
        if not _is_address(email):
            counted["none"] += 1
            email = ""
        if email in seen:
            counted["twice"] += 1
            email = ""
        seen |= {email} - {""}
        if email in here and here[email][0] not in on:
            id_, is_verified = here[email]
            on.add(id_)
            found.users[row["id"]] = id_
            found.matched += 1
            counted["unverified"] += not is_verified
            continue
        user = _user(row, email)
        counted["names"] += user["display_name"] != str(row.get("name") or "").strip()
        counted["password"] += bool(row.get("password")) and user["password_hash"] is None
        counted["admin"] += row.get("type") == "admin"
        found.users[row["id"]] = user["id"]
        found.new_users.append(user)
    say = found.outcomes.append
    say(Outcome(f"accounts: {len(found.new_users)}", "carried"))
    if found.matched:
        of = f", {counted['unverified']} of them with an address that nobody verified"
        why = f"they have one here by the same address{of if counted['unverified'] else ''}"
        say(Outcome(f"accounts: {found.matched}", "changed", why))
    for name, what, why in (
        ("none", "addresses", "none that can be signed in with: an operator has to help"),
        ("twice", "addresses", "another account has it, in other capitals"),
        ("password", "passwords", "hashed in a way that is not known here: they reset it"),
        ("admin", "admins", "they come as players: ctfy-admin admin users set-role"),
    ):
        if counted[name]:
            say(Outcome(f"{what}: {counted[name]}", "dropped", why))
    if counted["names"]:
        why = "what could not be shown was left out, or they were too long"
        say(Outcome(f"names of people: {counted['names']}", "changed", why))
    _lose_columns(found, export, "users", ("affiliation", "oauth_id", "language"), True)


def _user(row: Row, email: str) -> Row:
    created = moment(row.get("created")) or now()
    stored, site = str(row.get("password") or ""), str(row.get("website") or "").strip()
    country = str(row.get("country") or "")
    return {
        "id": new_id(),
        "email": email or None,
        "email_verified_at": now() if row.get("verified") and email else None,
        "display_name": _name(row.get("name"), f"Player {row['id']}", _MOST_OF_A_NAME),
        "password_hash": stored if email and is_password_hash(stored) else None,
        "country": country.upper() if _COUNTRY.fullmatch(country) else None,
        "website_url": site if _SITE.fullmatch(site) else None,
        "created_at": created,
        "suspended_at": now() if row.get("banned") else None,
        "suspended_reason": "banned on CTFd" if row.get("banned") else "",
    }


def _is_address(email: str) -> bool:
    try:
        _EMAIL.validate_python(email)
    except ValidationError:
        return False
    return len(email) <= 320


def _name(given: Any, other: str, most: int) -> str:
    return visible(str(given or "").strip())[:most].strip() or other


def _free(name: str, taken: set[tuple[int, str]]) -> str:
    """A name that looks like no other's, which takes it."""
    number, candidate = 1, name
    while not taken.isdisjoint(forms := set(enumerate(keys(candidate)))):
        number += 1
        candidate = f"{name[: _MOST_OF_A_TEAM - 8]} ({number})"
    taken |= forms
    return candidate


def _bracket(name: str | None) -> str:
    return visible(name or "")[:64].strip()


def _brackets(export: Export, found: People) -> None:
    """Those of whoever plays: theirs are of users or of teams."""
    kind = "teams" if plays_in_teams(export) else "users"
    rows = [row for row in export.rows("brackets") if row.get("type") in (kind, None, "")]
    found.brackets = [
        name for name in dict.fromkeys(_bracket(str(row.get("name"))) for row in rows) if name
    ]
    if found.brackets:
        found.outcomes.append(Outcome(f"brackets: {', '.join(found.brackets)}", "carried"))
    if any(row.get("description") for row in rows):
        why = "they have a name alone"
        found.outcomes.append(Outcome("brackets' descriptions", "dropped", why))


def _who_did_something(export: Export, in_teams: bool) -> set[Any]:
    key = "team_id" if in_teams else "user_id"
    return {
        row.get(key) for table in ("submissions", "awards", "unlocks") for row in export.rows(table)
    }


def _lose_columns(
    found: People, export: Export, table: str, names: tuple[str, ...], applies: bool
) -> None:
    for name in names if applies else ():
        count = sum(row.get(name) not in (None, "") for row in export.rows(table))
        if count:
            what = f"{table} {name}: {count}"
            found.outcomes.append(Outcome(what, "dropped", "it has no place here"))
