"""Waiting for a connection: in order, bounded, and nobody's turn is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctfy.core.errors import Unavailable
from ctfy.server.app import create_app
from ctfy.server.database.connections import Database
from ctfy.server.database.turns import MOST_WAITING, Turns
from ctfy.server.settings import Settings
from tests.processes import CHALLENGES, free_port

_MORE = 40


@given(at_once=st.integers(1, 4), given_up=st.lists(st.booleans(), min_size=1, max_size=25))
def test_no_turn_is_lost_or_made(at_once: int, given_up: list[bool]) -> None:
    inside, most, served = 0, 0, list[int]()

    async def wait(turns: Turns, number: int) -> None:
        nonlocal inside, most
        async with turns:
            inside += 1
            most = max(most, inside)
            served.append(number)
            try:
                await asyncio.sleep(0)
            finally:
                inside -= 1

    async def play() -> None:
        turns = Turns(at_once)
        tasks = [asyncio.create_task(wait(turns, number)) for number in range(len(given_up))]
        await asyncio.sleep(0)
        for task, gone in zip(tasks, given_up, strict=True):
            if gone:
                task.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(*tasks, return_exceptions=True)
        again = [asyncio.create_task(wait(turns, -1)) for _ in range(at_once)]
        await asyncio.gather(*again)

    asyncio.run(play())
    assert most <= at_once
    first = [number for number in served if number >= 0]
    assert first == sorted(first)
    assert served.count(-1) == at_once


def test_the_oldest_who_wait_are_refused() -> None:
    async def play() -> list[object]:
        turns, done = Turns(1, most_waiting=2), asyncio.Event()

        async def wait(number: int) -> int:
            async with turns:
                await done.wait()
            return number

        tasks = [asyncio.create_task(wait(number)) for number in range(5)]
        await asyncio.sleep(0.01)
        done.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    first, *refused, fourth, fifth = asyncio.run(play())
    assert (first, fourth, fifth) == (0, 3, 4)
    assert [error.code for error in refused if isinstance(error, Unavailable)] == ["overloaded"] * 2


def _settings(database_url: str, folder: Path) -> Settings:
    return Settings(
        database_url=database_url, data_dir=folder, challenges_dir=CHALLENGES, secret_key="x"
    )


def test_more_reads_than_may_wait_are_answered_at_once(database_url: str, tmp_path: Path) -> None:
    async def ask() -> list[httpx.Response]:
        app = create_app(_settings(database_url, tmp_path), with_worker=False)
        transport = httpx.ASGITransport(app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
            await psycopg.AsyncConnection.connect(database_url) as holder,
        ):
            await client.get("/api/v1/health")
            await holder.execute("LOCK TABLE nodes")
            asked = [
                asyncio.create_task(client.get("/api/v1/health"))
                for _ in range(MOST_WAITING + _MORE)
            ]
            refused, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            assert all(task.result().status_code == 503 for task in refused)
            await holder.rollback()
            answers = await asyncio.gather(*asked)
        await app.services.get(Database).close()
        return list(answers)

    answers = asyncio.run(ask())
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 0 < len(refused) < _MORE
    for answer in refused:
        assert answer.status_code == 503
        assert answer.json()["code"] == "overloaded"
        assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("path", ["/health", "/nodes", "/auth/login"])
def test_a_database_that_is_away_is_503(path: str, tmp_path: Path) -> None:
    nobody = f"postgresql://postgres@127.0.0.1:{free_port()}/ctfy"

    async def ask() -> httpx.Response:
        app = create_app(_settings(nobody, tmp_path), with_worker=False)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test/api/v1") as client:
            if path == "/auth/login":
                return await client.post(path, json={"email": "a@example.org", "password": "x"})
            return await client.get(path)

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "retry-after" in answer.headers
