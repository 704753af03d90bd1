"""Rules are asked of a batch of events at once: what they cost, and that one holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import Integer, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from bench import load
from ctfy.challenge.catalogue import Catalogue
from ctfy.server.achievements import awarding
from ctfy.server.achievements.catalogue import ACHIEVEMENTS, BY_EVENT
from ctfy.server.achievements.rule import EVENT, Achievement
from ctfy.server.database.connections import Database
from ctfy.server.events.relay import Position, RelayedEvent
from ctfy.server.events.types import Audience
from ctfy.server.submissions.events import FlagCorrect
from tests.conftest import cloned_database
from tests.processes import CHALLENGES

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday: neither early nor late


@pytest.fixture
def url() -> Iterator[str]:
    with cloned_database() as url:
        load.fill(url)
        yield url


@asynccontextmanager
async def counting(url: str) -> AsyncIterator[tuple[AsyncSession, list[str]]]:
    """A transaction, and every statement in it."""
    database = Database(url)
    statements: list[str] = []
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_: statements.append(statement),
    )
    try:
        async with database.transaction() as session:
            yield session, statements
    finally:
        await database.close()


def solved(url: str, most: int) -> list[RelayedEvent]:
    """The events of solves, one of each team's."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        rows = connection.execute(
            "SELECT DISTINCT ON (c.team_id) c.*, m.user_id FROM challenge_solves c"
            " JOIN team_members m ON m.team_id = c.team_id ORDER BY c.team_id LIMIT %s",
            [most],
        ).fetchall()
    return [
        RelayedEvent(
            position=Position(1, number),
            name=FlagCorrect.name,
            audience=Audience.COMPETITION,
            team_id=row["team_id"],
            payload={
                "competition_id": row["competition_id"],
                "challenge_id": row["challenge_id"],
                "question_id": "flag",
                "user_id": row["user_id"],
                "instance_id": "",
                "solve_rank": row["rank"],
                "solve_time_s": 60.0,
            },
            created_at=NOON,
        )
        for number, row in enumerate(rows)
    ]


def test_a_rule_looks_at_the_batch_once() -> None:
    for achievement in ACHIEVEMENTS.values():
        if achievement.query is not None:
            sql = str(achievement.query.compile(dialect=postgresql.dialect()))
            assert sql.count("jsonb_to_recordset") == 1, achievement.id


def test_five_hundred_solves_cost_as_many_statements_as_fifty(url: str) -> None:
    catalogue = Catalogue.load(CHALLENGES)

    async def consider(most: int) -> int:
        async with counting(url) as (session, statements):
            await awarding.consider(session, catalogue, solved(url, most))
            return len(statements)

    fifty = asyncio.run(consider(50))
    assert asyncio.run(consider(500)) <= fifty + 2 <= 30
    with psycopg.connect(url) as connection:
        given = connection.execute(
            "SELECT team_id FROM achievement_unlocks WHERE achievement_id = 'decathlete'"
        ).fetchall()
        due = connection.execute(
            "SELECT team_id FROM challenge_solves WHERE team_id = ANY(%s)"
            " GROUP BY team_id HAVING count(*) >= 10",
            [[one.team_id for one in solved(url, 500)]],
        ).fetchall()
    assert len(given) > 50
    assert sorted(given) == sorted(due)


def test_an_event_that_breaks_a_rule_holds_up_no_other(url: str) -> None:
    strict = Achievement(
        id="strict",
        name="Strict",
        description="Breaks on a rank that is no number.",
        icon="!",
        tier="bronze",
        on=(FlagCorrect,),
        earned=EVENT.payload["solve_rank"].astext.cast(Integer) > 0,
    )
    happened = solved(url, 20)
    happened[7].payload["solve_rank"] = "first"

    async def consider() -> None:
        async with counting(url) as (session, _):
            await awarding.consider(session, Catalogue.load(CHALLENGES), happened)

    with patch.dict(BY_EVENT, {FlagCorrect: [strict]}), patch.dict(ACHIEVEMENTS, strict=strict):
        asyncio.run(consider())
    with psycopg.connect(url) as connection:
        given = connection.execute("SELECT team_id FROM achievement_unlocks").fetchall()
    others = [one.team_id for number, one in enumerate(happened) if number != 7]
    assert sorted(team for (team,) in given) == sorted(others)
