"""Servers that wait for one another."""

from __future__ import annotations

import asyncio
import copy
import time

import psycopg

from ctfy.server.database.connections import Database
from ctfy.server.database.peers import Peers
from ctfy.server.domains import DOMAINS
from ctfy.server.events.relay import Relay
from tests.conftest import cloned_database

_EVENT = (
    "INSERT INTO events (name, audience, payload, created_at) "
    "VALUES ('competition_updated', 'platform', '{}', now())"
)


async def _waits(peers: Peers) -> float:
    began = time.monotonic()
    await peers.know_of(began)
    return time.monotonic() - began


def test_a_server_that_hangs_holds_a_writer_up_once_until_it_is_heard_of_again() -> None:
    async def work() -> list[float]:
        peers = Peers()
        peers.share(2)

        def other_knows(moment: float) -> None:
            peers.join(number=1)
            peers.knows(moment)
            peers.join(number=0)

        other_knows(time.monotonic())
        first, second = await _waits(peers), await _waits(peers)
        other_knows(time.monotonic())
        third = await _waits(peers)
        other_knows(time.monotonic() + 3600)
        return [first, second, third, await _waits(peers)]

    first, second, third, last = asyncio.run(work())
    assert first > 0.9
    assert second < first / 2
    assert third > 0.9
    assert last < first / 2


def test_who_asks_late_whether_the_others_know_hears_it_soon() -> None:
    """As on a busy machine, where time goes by between a commit and what comes after it."""
    assert DOMAINS  # they bring the types of events

    async def work(url: str) -> list[float]:
        writer, waited = Peers(), []
        writer.share(2)
        other = copy.copy(writer)
        other.join(number=1)
        database = Database(url)
        relay = Relay(database, other)
        await relay.open()
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            for late in (0.0, 0.1, 0.5):
                await connection.execute(_EVENT)
                await asyncio.sleep(late)
                waited.append(await _waits(writer))
        await relay.close()
        await database.close()
        return waited

    with cloned_database() as url:
        waited = asyncio.run(work(url))
    # Without an event, the relay looks again every five seconds.
    assert max(waited) < 1.5
