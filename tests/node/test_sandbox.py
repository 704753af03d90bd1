"""What only sandboxes can leave behind."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from ctfy.node.providers.sandbox.provider import find_bubblewrap
from tests.node.lone_provider import provider
from tests.processes import PATIENCE_S


def test_what_a_killed_node_had_only_just_forked_is_ended(tmp_path: Path) -> None:
    async def work() -> None:
        async with provider("sandbox", tmp_path) as node:
            answers = tmp_path / "instances" / "forgotten" / "answers"
            answers.mkdir(parents=True)
            bubblewrap = find_bubblewrap()
            assert bubblewrap is not None
            # As it is left when the node dies before the sandbox asked to die with it.
            command = [bubblewrap, "--ro-bind", "/", "/", "--bind", str(answers), "/tmp"]
            forgotten = await asyncio.create_subprocess_exec(*command, "sleep", "600")
            try:
                await node.recover({})
                async with asyncio.timeout(PATIENCE_S):
                    assert await forgotten.wait() == -9
            finally:
                with contextlib.suppress(ProcessLookupError):
                    forgotten.kill()
                await forgotten.wait()

    asyncio.run(work())
