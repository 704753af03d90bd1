"""Exports as CTFd writes them: made from its documented format, with a game played by its rules."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import random
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bcrypt

Row = dict[str, Any]
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = START + timedelta(days=2)
VERSION = "336b8c601b94"
CHOICES = "Which one?\n\n* () Alpha\n* () Beta\n* () Gamma\n"


def password_hash(password: str, salt: bytes | None = None) -> str:
    """As CTFd stores it: passlib's bcrypt_sha256, version 2, at the lowest cost."""
    setting = salt or bcrypt.gensalt(4)
    text = setting.decode().split("$")[-1]
    inner = base64.b64encode(hmac.digest(text.encode(), password.encode(), "sha256"))
    made = bcrypt.hashpw(inner, setting).decode()
    return f"$bcrypt-sha256$v=2,t=2b,r=4${text}${made[-31:]}"


@dataclass
class Game:
    """A CTFd with what was played on it: its tables, and the files that were uploaded."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    in_teams: bool = True

    def add(self, table: str, **row: Any) -> Row:
        rows = self.tables.setdefault(table, [])
        row = {"id": len(rows) + 1, **row}
        rows.append(row)
        return row

    def configure(self, **settings: Any) -> None:
        for key, value in settings.items():
            self.add("config", key=key, value=value)

    def write(self, path: Path, **replaced: bytes | None) -> Path:
        """The zip. `replaced`: other contents for tables; None leaves one out."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for table, rows in self.tables.items():
                if table in replaced and replaced[table] is None:
                    continue
                # A table without rows is a file without anything in it.
                document = {"count": len(rows), "results": rows, "meta": {}} if rows else None
                content = json.dumps(document).encode() if document else b""
                archive.writestr(f"db/{table}.json", replaced.get(table) or content)
            for location, data in self.uploads.items():
                archive.writestr(f"uploads/{location}", data)
        return path

    @property
    def key(self) -> str:
        return "team_id" if self.in_teams else "user_id"

    def accounts(self) -> list[Row]:
        rows = self.tables["teams" if self.in_teams else "users"]
        return [row for row in rows if not row["hidden"] and not row["banned"]]

    def solve(self, user: Row, challenge: Row, at: datetime, provided: str) -> bool:
        """A right answer; the value falls as CTFd lets it fall. Whether it was the first."""
        account = user[self.key] if self.in_teams else user["id"]
        if any(
            (s[self.key], s["challenge_id"]) == (account, challenge["id"])
            or (s["user_id"], s["challenge_id"]) == (user["id"], challenge["id"])
            for s in self.tables["solves"]
        ):
            return False
        row = self.submit(user, challenge, at, provided, "correct")
        self.tables["solves"].append(
            {name: row[name] for name in ("id", "challenge_id", "user_id", "team_id")}
        )
        self.revalue(challenge)
        return True

    def submit(self, user: Row, challenge: Row, at: datetime, provided: str, kind: str) -> Row:
        return self.add(
            "submissions",
            challenge_id=challenge["id"],
            user_id=user["id"],
            team_id=user["team_id"],
            ip="192.0.2.1",
            provided=provided,
            type=kind,
            date=written(at),
        )

    def revalue(self, challenge: Row) -> None:
        rule = next((r for r in self.tables["dynamic_challenge"] if r["id"] == challenge["id"]), {})
        if not rule:
            return
        shown = {row["id"] for row in self.accounts()}
        solves = self.tables["solves"]
        count = sum(s["challenge_id"] == challenge["id"] and s[self.key] in shown for s in solves)
        initial, minimum, decay = (rule[f"dynamic_{n}"] for n in ("initial", "minimum", "decay"))
        more = max(count - 1, 0)
        if rule["dynamic_function"] == "linear":
            value = initial - decay * more
        else:
            value = math.ceil(((minimum - initial) / decay**2) * more**2 + initial)
        challenge["value"] = max(value, minimum)

    def award(self, user: Row, value: int, at: datetime, **more: Any) -> Row:
        row = {"user_id": user["id"], "team_id": user["team_id"], "type": "standard"}
        row |= {"name": "Bonus", "description": "Well done", "category": "", "icon": ""}
        return self.add("awards", **row, value=value, date=written(at), **more)

    def take(self, user: Row, hint: Row, at: datetime) -> None:
        self.add(
            "unlocks",
            user_id=user["id"],
            team_id=user["team_id"],
            target=hint["id"],
            date=written(at),
            type="hints",
        )
        self.award(user, -hint["cost"], at)

    def standings(self) -> list[tuple[str, int]]:
        """CTFd's rule, once more and in another way: the name and points of each, in order."""
        values = {c["id"]: c["value"] for c in self.tables["challenges"]}
        dates = {s["id"]: s["date"] for s in self.tables["submissions"]}
        results = []
        for account in self.accounts():
            scored = [
                (values[s["challenge_id"]], dates[s["id"]], s["id"])
                for s in self.tables["solves"]
                if s[self.key] == account["id"] and values[s["challenge_id"]] != 0
            ]
            scored += [
                (a["value"], a["date"], a["id"])
                for a in self.tables["awards"]
                if a[self.key] == account["id"] and a["value"] != 0
            ]
            if scored:
                points = sum(value for value, _, _ in scored)
                last = max(date for _, date, _ in scored)
                results.append((-points, last, max(id_ for _, _, id_ in scored), account["name"]))
        return [(name, -points) for points, _, _, name in sorted(results)]


def written(at: datetime) -> str:
    """As the export has moments: UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat()


def empty(*, in_teams: bool = True) -> Game:
    """A CTFd that was set up: all tables, its settings and its administrator."""
    game = Game(in_teams=in_teams)
    names = "config challenges dynamic_challenge flags hints tags topics challenge_topics files "
    names += "users teams brackets submissions solves awards unlocks pages notifications tracking"
    game.tables = {name: [] for name in names.split()}
    game.tables["alembic_version"] = [{"version_num": VERSION}]
    game.configure(
        ctf_name="Spring CTF",
        ctf_description="A weekend.",
        ctf_version="3.8.7",
        user_mode="teams" if in_teams else "users",
        start=str(int(START.timestamp())),
        end=str(int(END.timestamp())),
        freeze=str(int((END - timedelta(hours=4)).timestamp())),
        team_size="6",
    )
    user(game, "admin", type="admin", hidden=True)
    return game


def user(game: Game, name: str, *, team: Row | None = None, **more: Any) -> Row:
    row = {
        "oauth_id": None,
        "name": name,
        "password": password_hash("old password", _SALT),
        "email": f"{name.replace(' ', '.')}@example.org",
        "type": "user",
        "secret": None,
        "website": None,
        "affiliation": None,
        "country": None,
        "bracket_id": None,
        "hidden": False,
        "banned": False,
        "verified": True,
        "team_id": team["id"] if team else None,
        "created": written(START - timedelta(days=7)),
    }
    return game.add("users", **{**row, **more})


_SALT = bcrypt.gensalt(4)


def team(game: Game, name: str, **more: Any) -> Row:
    row = {
        "name": name,
        "email": None,
        "password": password_hash("for joining", _SALT),
        "captain_id": None,
        "bracket_id": None,
        "hidden": False,
        "banned": False,
        "created": written(START - timedelta(days=5)),
    }
    return game.add("teams", **{**row, **more})


def challenge(game: Game, name: str, *, flag: str = "flag{x}", **more: Any) -> Row:
    rule = more.pop("rule", None)
    row = {
        "name": name,
        "description": f"About {name}.",
        "connection_info": None,
        "next_id": None,
        "max_attempts": 0,
        "value": 100,
        "category": "web",
        "type": "dynamic" if rule else "standard",
        "state": "visible",
        "logic": "any",
        "position": 0,
        "function": "static",
        "requirements": None,
    }
    made = game.add("challenges", **{**row, **more})
    if flag:
        game.add("flags", challenge_id=made["id"], type="static", content=flag, data="")
    if rule:
        function, initial, minimum, decay = rule
        game.tables["dynamic_challenge"].append(
            {
                "id": made["id"],
                "dynamic_initial": initial,
                "dynamic_minimum": minimum,
                "dynamic_decay": decay,
                "dynamic_function": function,
            }
        )
        made["value"] = initial
    return made


def file(game: Game, challenge: Row, name: str, data: bytes) -> Row:
    location = f"{hashlib.md5(data, usedforsecurity=False).hexdigest()}/{name}"
    game.uploads[location] = data
    sum_ = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    return game.add(
        "files",
        type="challenge",
        location=location,
        sha1sum=sum_,
        challenge_id=challenge["id"],
        page_id=None,
    )


def season(*, in_teams: bool = True, seconds: bool = False) -> Game:
    """40 challenges, 300 users, 60 teams and 4,000 submissions, the same each time.

    `seconds`: moments are noted in whole ones, as by the databases of older versions, and the
    players are quick, so that many are the same.
    """
    rng = random.Random(2026)
    game = empty(in_teams=in_teams)
    for name in ("Students", "Professionals"):
        game.add("brackets", name=name, description="", type="teams" if in_teams else "users")
    challenges = _challenges(game, rng)
    players = _players(game, rng)
    span = 600 if seconds else int((END - START).total_seconds())
    moments = sorted(rng.uniform(0, span) for _ in range(4000))
    hints = game.tables["hints"]
    for second in moments:
        at = START + timedelta(seconds=int(second) if seconds else second)
        player, one = rng.choice(players), rng.choice(challenges)
        kind = rng.random()
        if kind < 0.35 and game.solve(player, one, at, "flag{x}"):
            continue
        if kind < 0.4 and hints:
            hint = rng.choice(hints)
            taken = {(u[game.key], u["target"]) for u in game.tables["unlocks"]}
            account = player[game.key] if in_teams else player["id"]
            if (account, hint["id"]) not in taken:
                game.take(player, hint, at)
        elif kind < 0.41:
            game.award(player, rng.choice([-50, 10, 0, 75]), at)
        game.submit(player, one, at, f"flag{{{rng.randrange(100)}}}", "incorrect")
    return game


def _challenges(game: Game, rng: random.Random) -> list[Row]:
    made = []
    rules = [
        None,
        ("logarithmic", 500, 100, 20),
        ("linear", 400, 50, 7),
        ("logarithmic", 1000, 10, 37),
    ]
    for number in range(40):
        flag = ["flag{x}", "flag{x}", ""][number % 3]
        one = challenge(
            game,
            f"Challenge {number}",
            flag=flag,
            rule=rules[number % 4],
            category=rng.choice(["web", "pwn", "Forensics", "rev"]),
            position=number % 5,
        )
        if number % 4 == 0:
            one["value"] = [0, 50, 100, 150, 250][number % 5]
        if not flag:
            game.add("flags", challenge_id=one["id"], type="regex", content=r"flag\{x+\}", data="")
            content = {"content": "FLAG{X}", "data": "case_insensitive"}
            game.add("flags", challenge_id=one["id"], type="static", **content)
        if number % 7 == 3:
            one |= {"type": "multiple_choice", "description": CHOICES, "value": 30}
            game.tables["flags"] = [
                f for f in game.tables["flags"] if f["challenge_id"] != one["id"]
            ]
            game.tables["dynamic_challenge"] = [
                r for r in game.tables["dynamic_challenge"] if r["id"] != one["id"]
            ]
            game.tables["flags"].append(
                {
                    "id": 1000 + number,
                    "challenge_id": one["id"],
                    "type": "static",
                    "content": "Beta",
                    "data": "",
                }
            )
        if number % 2:
            game.add(
                "hints",
                challenge_id=one["id"],
                content=f"Hint of {number}",
                cost=5 * number,
                type="standard",
                title=None,
                requirements=None,
            )
        if number % 3 == 0:
            file(game, one, f"data{number}.bin", rng.randbytes(2000 + number))
            game.add("tags", challenge_id=one["id"], value=f"tag{number % 6}")
        if number % 10 == 9:
            one["requirements"] = {"prerequisites": [made[number - 1]["id"]]}
        if number % 5 == 2:
            one["max_attempts"] = 10
        made.append(one)
    return made


def _players(game: Game, rng: random.Random) -> list[Row]:
    teams = [
        team(
            game,
            f"Team {number}",
            bracket_id=1 + number % 2,
            hidden=number == 7,
            banned=number == 8,
        )
        for number in range(60 if game.in_teams else 0)
    ]
    players = []
    for number in range(299):
        more: Row = {"bracket_id": None if game.in_teams else 1 + number % 2}
        if not game.in_teams:
            more |= {"hidden": number == 7, "banned": number == 8}
        if number == 42:
            more["password"] = password_hash("correct horse battery")
        on = teams[number % 60] if teams else None
        players.append(user(game, f"player {number}", team=on, **more))
        if on is not None and on["captain_id"] is None:
            on["captain_id"] = players[-1]["id"]
    rng.shuffle(players)
    return players
