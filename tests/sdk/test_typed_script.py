"""A typed script does what its types say."""

from __future__ import annotations

import asyncio

from tests.conftest import Arena
from tests.sdk import typed_script


def test_a_typed_script_plays(arena: Arena) -> None:
    competition = arena.competition()
    token = arena.registered(competition).token
    told = typed_script.play(arena.url, token, competition.id, "notes", "wrong")
    assert told[0].startswith("http://")
    assert told[-2].startswith(("unknown_question_id", "instance_"))
    assert told[-1] == "False"
    assert "ready" in typed_script.seen


def test_a_typed_script_plays_and_awaits(arena: Arena) -> None:
    competition = arena.competition()
    token = arena.registered(competition).token
    told = asyncio.run(
        typed_script.play_awaiting(arena.url, token, competition.id, "notes", "wrong")
    )
    assert told[0].startswith("http://")
    assert (told[1][0], told[2]) == ("4", "False")
