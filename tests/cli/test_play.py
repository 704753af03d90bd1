"""The full-screen board, used as a player uses it, against a live platform."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Markdown, Static

from ctfy.cli.player.play import Board
from tests.conftest import Arena
from tests.playing import flag
from tests.processes import PATIENCE_S


async def until(pilot: Pilot[None], look: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not look():
            await pilot.pause(0.05)


def test_a_player_starts_answers_and_sees_the_standings_move(arena: Arena, secret: bytes) -> None:
    competition = arena.competition("notes", "field-notes")
    with arena.player("Boarder") as player, arena.registered(competition, "Rival") as rival:
        board = Board(arena.url, player.auth.mint_token("board").token, competition.id)

        async def play() -> None:
            async with board.run_test(size=(160, 50)) as pilot:
                challenges = board.query_one("#challenges", DataTable)
                standings = board.query_one("#standings", DataTable)
                said = board.query_one("#instance", Static)
                await until(pilot, lambda: challenges.row_count == 2)
                await until(pilot, lambda: "Pocket" in board.query_one(Markdown).source)
                await pilot.press("x")  # nothing runs: it says so, and does nothing
                await pilot.press("s")
                await until(pilot, lambda: "http://" in str(said.content))
                (instance,) = player.instances.list("notes")

                async def answer(text: str) -> None:
                    await pilot.press("a")
                    board.query_one("#answer", Input).value = text
                    await pilot.press("enter")

                await answer("nonsense")
                await until(pilot, lambda: any("wrong" in n.message for n in board._notifications))
                await answer(flag(secret, instance.id))
                await until(pilot, lambda: "✓" in str(challenges.get_row("notes")))
                await until(pilot, lambda: "Boarder" in str(standings.get_row_at(0)))

                # What others do shows without a key.
                theirs = rival.instances.start("notes", competition_id=competition.id)
                rival.submissions.submit(theirs.id, flag(secret, theirs.id))
                await until(
                    pilot,
                    lambda: (
                        "Rival" in str([*map(standings.get_row_at, range(standings.row_count))])
                    ),
                )

                await pilot.press("escape", "r", "x")
                await until(pilot, lambda: "s starts it" in str(said.content))
                await pilot.press("down")
                await until(pilot, lambda: "without an instance" in str(said.content))
                await answer("hello")
                await until(
                    pilot, lambda: any(n.message == "correct" for n in board._notifications)
                )

        asyncio.run(play())


def test_a_board_without_a_competition_says_so(arena: Arena) -> None:
    with arena.player() as player:
        board = Board(arena.url, player.auth.mint_token("board").token, "nothing")

        async def look() -> None:
            async with board.run_test() as pilot:
                await until(pilot, lambda: list(board._notifications))

        asyncio.run(look())
