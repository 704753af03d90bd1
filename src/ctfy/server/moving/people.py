"""Their people and teams as accounts and teams. Where people play alone, each is a team of one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError
from pydantic.networks import EmailStr

from ctfy.challenge.importers.draft import Outcome
from ctfy.server.access.lookalikes import keys
from ctfy.server.access.secrets import is_password_hash
from ctfy.server.database.base import new_id, now
from ctfy.server.models.names import visible
from ctfy.server.moving.source import Key, Person, Row, Source

_MOST_OF_A_NAME, _MOST_OF_A_TEAM, _MOST_OF_A_BRACKET, _MOST_BRACKETS = 120, 80, 64, 50
_EMAIL: TypeAdapter[str] = TypeAdapter(EmailStr)
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_SITE = re.compile(r"https?://\S{1,190}")


@dataclass
class People:
    """Rows of accounts, teams and members. `users`, `teams`: our ids by theirs.

    `counting`: their ids of the teams that stand in the standings.
    """

    users: dict[Key, str] = field(default_factory=dict)
    teams: dict[Key, str] = field(default_factory=dict)
    counting: set[Key] = field(default_factory=set)
    new_users: list[Row] = field(default_factory=list)
    new_teams: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    brackets: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    matched: int = 0


def people(
    source: Source, here: dict[str, tuple[str, bool]], competition_id: str, operator_id: str
) -> People:
    """The rows of everybody. `here`: who has an account already, by address, and verified it."""
    found = People()
    _users(source, here, found)
    brackets = [name for name in dict.fromkeys(map(_bracket, source.brackets)) if name]
    found.brackets = brackets[:_MOST_BRACKETS]
    if found.brackets:
        found.outcomes.append(Outcome(f"brackets: {', '.join(found.brackets)}", "carried"))
    if lost := len(brackets) - len(found.brackets):
        why = f"a competition has at most {_MOST_BRACKETS}: their teams have none"
        found.outcomes.append(Outcome(f"brackets: {lost}", "dropped", why))
    joined = {person.id: person.created_at for person in source.people}
    active = _who_did_something(source)
    taken: set[tuple[int, str]] = set()
    renamed = unseen = 0
    for team in source.teams:
        if not team.counts and team.id not in active:
            continue
        unseen += not team.counts
        name = _name(team.name, f"Team {team.id}", _MOST_OF_A_TEAM)
        free = _free(name, taken) if team.counts else name
        renamed += free != team.name.strip()
        folded, shape = keys(free) if team.counts else (None, None)
        created = team.created_at or now()
        team_id = new_id()
        captain = found.users.get(team.captain) if team.captain is not None else None
        first = next((found.users[member] for member in team.members), operator_id)
        found.teams[team.id] = team_id
        found.new_teams.append(
            {
                "id": team_id,
                "competition_id": competition_id,
                "name": free,
                "name_folded": folded,
                "name_shape": shape,
                "bracket": bracket if (bracket := _bracket(team.bracket)) in found.brackets else "",
                "captain_user_id": captain or first,
                "created_at": created,
            }
        )
        if not team.counts:
            continue
        found.counting.add(team.id)
        for member in team.members:
            found.members.append(
                {
                    "user_id": found.users[member],
                    "competition_id": competition_id,
                    "team_id": team_id,
                    "joined_at": max(created, joined[member] or created),
                }
            )
    if source.teams:
        what = "teams" if source.in_teams else "teams of one"
        found.outcomes.append(Outcome(f"{what}: {len(found.counting)}", "carried"))
    if renamed:
        why = "their names were taken, could not be shown or were too long"
        found.outcomes.append(Outcome(f"names of teams: {renamed}", "changed", why))
    if unseen:
        why = "hidden or banned there: they come without members, and do not stand in the standings"
        found.outcomes.append(Outcome(f"teams not shown: {unseen}", "changed", why))
    return found


def _users(source: Source, here: dict[str, tuple[str, bool]], found: People) -> None:
    seen: set[str] = set()
    on: set[str] = set()
    counted = dict.fromkeys(("none", "twice", "password", "admin", "unverified", "names"), 0)
    for person in source.people:
        email = person.email.strip().lower()
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
            found.users[person.id] = id_
            found.matched += 1
            counted["unverified"] += not is_verified
            continue
        user = _user(source, person, email)
        counted["names"] += user["display_name"] != person.name.strip()
        counted["password"] += bool(person.password) and user["password_hash"] is None
        counted["admin"] += person.is_admin
        found.users[person.id] = user["id"]
        found.new_users.append(user)
    say = found.outcomes.append
    if source.people:
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


def _user(source: Source, person: Person, email: str) -> Row:
    stored, site, country = person.password, person.website.strip(), person.country
    return {
        "id": new_id(),
        "email": email or None,
        "email_verified_at": now() if person.is_verified and email else None,
        "display_name": _name(person.name, f"Player {person.id}", _MOST_OF_A_NAME),
        "password_hash": stored if email and is_password_hash(stored) else None,
        "country": country.upper() if _COUNTRY.fullmatch(country) else None,
        "website_url": site if _SITE.fullmatch(site) else None,
        "created_at": person.created_at or now(),
        "suspended_at": now() if person.is_banned else None,
        "suspended_reason": f"banned on {source.platform}" if person.is_banned else "",
    }


def _is_address(email: str) -> bool:
    try:
        _EMAIL.validate_python(email)
    except ValidationError:
        return False
    return len(email) <= 320


def _name(given: str, other: str, most: int) -> str:
    return visible(given.strip())[:most].strip() or visible(other)[:most].strip()


def _free(name: str, taken: set[tuple[int, str]]) -> str:
    """A name that looks like no other's, which takes it."""
    number, candidate = 1, name
    while not taken.isdisjoint(forms := set(enumerate(keys(candidate)))):
        number += 1
        candidate = f"{name[: _MOST_OF_A_TEAM - 8]} ({number})"
    taken |= forms
    return candidate


def _bracket(name: str) -> str:
    return visible(name)[:_MOST_OF_A_BRACKET].strip()


def _who_did_something(source: Source) -> set[Key | None]:
    done = (source.answers, source.bonuses, source.hints_taken)
    return {one.team for part in done for one in part}
