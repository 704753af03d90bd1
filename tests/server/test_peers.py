"""Servers that wait for one another."""

from __future__ import annotations

import asyncio
import time

from ctfy.server.database.peers import Peers


async def _waits(peers: Peers) -> float:
    began = time.monotonic()
    await peers.know_of_now()
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
