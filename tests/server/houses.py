"""A platform that others' competitions are moved to, and what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.database.connections import Database
from ctfy.server.moving import ctfd, gzctf, rctf
from ctfy.server.moving.move import Moved, move
from ctfy.server.moving.source import ExportRefused
from ctfy.server.moving.undo import Undone, undo
from ctfy.server.standings import board
from ctfy.server.standings.scoring import ranked

Result = TypeVar("Result")
OPENED: dict[str, Any] = {"ctfd": ctfd.opened, "gzctf": gzctf.opened, "rctf": rctf.opened}
ODD: list[Any] = [
    None,
    "",
    "x",
    "\u0000",
    "\ud800",
    -1,
    0,
    2**70,
    1.5,
    float("inf"),
    [],
    {},
    [{}],
    True,
    "9" * 400,
]


@dataclass
class House:
    """A platform's database and its folder of challenges, without a server."""

    url: str
    challenges: Path
    scratch: Path

    def do(self, work: Callable[[Database], Awaitable[Result]]) -> Result:
        async def done() -> Result:
            database = Database(self.url, pool_size=2)
            try:
                return await work(database)
            finally:
                await database.close()

        with ThreadPoolExecutor(1) as apart:
            return apart.submit(asyncio.run, done()).result()

    def move(self, platform: str, path: Path, *, dry_run: bool = False, **options: Any) -> Moved:
        opened = partial(OPENED[platform], **options)
        return self.do(
            lambda database: move(database, opened, path, self.challenges, dry_run=dry_run)
        )

    def undo(self, competition_id: str) -> Undone:
        return self.do(lambda database: undo(database, competition_id, self.challenges))

    def rows(self, statement: Any, *values: Any) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(statement, values)
            return found.fetchall() if found.description else []

    def standings(self, competition_id: str) -> list[tuple[str, int]]:
        """As the platform draws them, of the teams with points or any award."""
        catalogue = Catalogue.load(self.challenges)
        drawn = self.do(lambda database: board.load(database, catalogue, competition_id))
        return [
            (drawn.teams[id_].name, score.points)
            for _, (_, id_), score in ranked(drawn.scores(), "points")
            if score.reached_at < float("inf")
        ]

    def state(self) -> dict[str, int]:
        """How many rows the tables have that a move writes, and files its folder."""
        tables = "competitions users teams team_members submissions solves awards events"
        counted = {t: self.rows(f"SELECT count(*) FROM {t}")[0][0] for t in tables.split()}
        return {**counted, "files": len(list(self.challenges.rglob("*")))}

    def refuses(self, platform: str, path: Path, **options: Any) -> str:
        """The one line that a file is refused with, which changes nothing."""
        before = self.state()
        with pytest.raises(ExportRefused) as refused:
            self.move(platform, path, **options)
        assert self.state() == before
        assert "\n" not in str(refused.value)
        return str(refused.value)


def said(moved: Moved) -> dict[str, tuple[str, str]]:
    return {one.field: (one.became, one.why) for one in moved.fields}
