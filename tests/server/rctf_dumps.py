"""An rCTF's database as `pg_dump` writes it: of rCTF's migrations, and played by its rules."""

from __future__ import annotations

import json
import math
import random
import re
import subprocess
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from ctfy.server.database.embedded import bin_path
from ctfy.server.moving.rctf import KNOWN_MIGRATIONS
from tests.processes import PATIENCE_S

Row = dict[str, Any]
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = {
    "challenges": ("id", "data"),
    "pgmigrations": ("id", "name", "run_on"),
    "solves": ("id", "challengeid", "userid", "createdat"),
    "user_members": ("id", "userid", "email"),
    "users": ("id", "name", "email", "division", "perms", "ctftime_id", "created_at"),
}
# What rCTF's migrations come to; `name` is of the type citext where that extension is.
SCHEMA = """
CREATE TABLE public.challenges (id character varying NOT NULL, data jsonb NOT NULL);
CREATE TABLE public.pgmigrations (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    run_on timestamp without time zone NOT NULL
);
CREATE TABLE public.solves (
    id character varying NOT NULL,
    challengeid character varying NOT NULL,
    userid character varying NOT NULL,
    createdat timestamp with time zone NOT NULL
);
CREATE TABLE public.user_members (
    id character varying NOT NULL,
    userid character varying NOT NULL,
    email character varying NOT NULL
);
CREATE TABLE public.users (
    id character varying NOT NULL,
    name character varying NOT NULL,
    email character varying,
    division character varying NOT NULL,
    perms integer NOT NULL,
    ctftime_id character varying,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT require_email_or_ctftime_id CHECK (((email IS NOT NULL) OR (ctftime_id IS NOT NULL)))
);
"""
BEFORE = """--
-- PostgreSQL database dump
--

\\restrict 0123456789abcdef

-- Dumped from database version 12.3
-- Dumped by pg_dump version 18.0

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Name: citext; Type: EXTENSION; Schema: -; Owner: -
--

COMMENT ON EXTENSION citext IS 'data type for case-insensitive character strings; it''s
COPY public.users (id) FROM stdin;
nothing but text';
"""
AFTER = """--
-- PostgreSQL database dump complete
--

\\unrestrict 0123456789abcdef

"""
_ESCAPED = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


@dataclass
class Game:
    """An rCTF with what was played on it: its tables, in the order of their rows."""

    tables: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def text(self) -> str:
        """The dump as plain SQL."""
        return BEFORE + SCHEMA + "".join(map(self.block, self.tables)) + AFTER

    def block(self, table: str) -> str:
        """The rows of a table as a COPY block."""
        columns = COLUMNS.get(table) or tuple(self.tables[table][0])
        lines = [f"COPY public.{table} ({', '.join(columns)}) FROM stdin;"]
        for row in self.tables[table]:
            lines.append("\t".join(_cell(row[column]) for column in columns))
        return "\n".join([*lines, "\\.", "", ""])

    def write(self, path: Path) -> Path:
        path.write_text(self.text(), errors="surrogatepass")
        return path

    def load(self, url: str) -> None:
        """Make a real database of it."""
        with psycopg.connect(url) as connection:
            connection.execute(SCHEMA.encode())
            for table, columns in COLUMNS.items():
                given = f"COPY {table} ({', '.join(columns)}) FROM stdin".encode()
                with connection.cursor().copy(given) as copy:
                    for row in self.tables[table]:
                        copy.write_row([_plain(row[column]) for column in columns])

    def solve(self, team: Row, challenge: Row, at: datetime) -> None:
        row = {"id": _id(), "challengeid": challenge["id"], "userid": team["id"], "createdat": at}
        self.tables["solves"].append(row)

    def standings(self) -> list[tuple[str, int]]:
        """rCTF's rule once more, in another way: the name and points of each, in order."""
        rules = {one["id"]: one["data"] for one in self.tables["challenges"]}
        solves = [s for s in self.tables["solves"] if s["challengeid"] in rules]
        counts = {id_: sum(s["challengeid"] == id_ for s in solves) for id_ in rules}
        most = max([1, *counts.values()])

        def shape(part: float) -> float:
            low, high = -math.atanh(0.7), math.atanh(0.96)
            start, end = math.tanh(low), math.tanh(high)
            return (end - math.tanh(low + (high - low) * part)) / (end - start)

        worth = {
            id_: math.floor(
                data["points"]["min"]
                + (data["points"]["max"] - data["points"]["min"]) * shape(counts[id_] / most)
                + 0.5
            )
            for id_, data in rules.items()
        }
        found = []
        for number, team in enumerate(self.tables["users"]):
            mine = [s for s in solves if s["userid"] == team["id"]]
            ties = [s["createdat"] for s in mine if rules[s["challengeid"]]["tiebreakEligible"]]
            if mine:
                last = (not ties, max(ties or [s["createdat"] for s in mine]))
                points = sum(worth[s["challengeid"]] for s in mine)
                found.append((-points, *last, number, team["name"]))
        return [(entry[-1], -entry[0]) for entry in sorted(found)]


def _id() -> str:
    return str(uuid.UUID(int=_rng.getrandbits(128), version=4))


_rng = random.Random(2026)


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _cell(value: Any) -> str:
    """A value in COPY's text format; jsonb is written with a space after each colon and comma."""
    if value is None:
        return "\\N"
    if isinstance(value, datetime):
        return re.sub(r"0+(?=\+00)|\.0+(?=\+00)", "", f"{value:%Y-%m-%d %H:%M:%S.%f}+00")
    return "".join(_ESCAPED.get(c, c) for c in str(_plain(value)))


def dump(url: str, path: Path, *options: str) -> Path:
    """What the real `pg_dump` writes of a database."""
    subprocess.run(
        [str(bin_path() / "pg_dump"), f"--file={path}", *options, url],
        check=True,
        capture_output=True,
        timeout=PATIENCE_S,
    )
    return path


def empty() -> Game:
    """An rCTF whose migrations are done."""
    game = Game()
    for number, name in enumerate(sorted(KNOWN_MIGRATIONS), 1):
        row = {"id": number, "name": name, "run_on": "2026-02-01 10:00:00.5"}
        game.tables["pgmigrations"].append(row)
    return game


def team(game: Game, name: str, *members: str, **more: Any) -> Row:
    """A user, which is a team, with the addresses of its members."""
    row = {
        "id": _id(),
        "name": name,
        "email": f"{re.sub('[^a-z0-9]', '.', name.lower())}@example.org",
        "division": "open",
        "perms": 0,
        "ctftime_id": None,
        "created_at": START - timedelta(days=3),
        **more,
    }
    game.tables["users"].append(row)
    for email in members:
        game.tables["user_members"].append({"id": _id(), "userid": row["id"], "email": email})
    return row


def challenge(game: Game, name: str, flag: str = "flag{x}", **more: Any) -> Row:
    """A challenge; by default its value falls from 500 to 100."""
    data = {
        "name": name,
        "description": f"About {name}.",
        "category": "web",
        "author": "",
        "files": [],
        "points": {"min": 100, "max": 500},
        "flag": flag,
        "tiebreakEligible": True,
        **more,
    }
    row = {"id": re.sub("[^a-z0-9]+", "-", name.lower()), "data": data}
    game.tables["challenges"].append(row)
    return row


def season() -> Game:
    """30 challenges, 200 teams and some 2,500 solves, with ties to the millisecond."""
    rng = random.Random(7)
    game = empty()
    challenges = [
        challenge(
            game,
            f"Challenge {number}",
            category=rng.choice(["web", "pwn", "rev", "forensics"]),
            points={"min": low, "max": high},
        )
        for number in range(30)
        for low, high in [rng.choice([(100, 500), (50, 50), (1, 1000), (200, 490)])]
    ]
    teams = [
        team(game, f"Team {number}", *[f"m{number}.{n}@example.org" for n in range(number % 4)])
        for number in range(200)
    ]
    hardness = [rng.random() for _ in challenges]
    for one in teams:
        skill = rng.random()
        for place, other in enumerate(challenges):
            if rng.random() < skill * hardness[place] * 1.7:
                # Whole minutes of half a day: many are the same.
                game.solve(one, other, START + timedelta(minutes=rng.randrange(720)))
    rng.shuffle(game.tables["solves"])
    return game
