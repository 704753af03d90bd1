"""What players do: launch an instance and find its answer."""

from __future__ import annotations

import subprocess
import sys

from ctfy.challenge.modes.dynamic import Dynamic
from ctfy.sdk import PlatformClient, StartTimeout
from ctfy.server.instances.answers import derive
from tests.processes import CHALLENGES


def start(player: PlatformClient, competition_id: str, challenge: str = "notes", **kw: object):  # type: ignore[no-untyped-def]
    try:
        return player.instances.start(
            challenge, competition_id=competition_id, poll_interval=0.2, **kw
        )
    except StartTimeout as error:
        error.add_note("\n".join(map(repr, player.nodes.list())))
        raise


def flag(secret: bytes, instance_id: str) -> str:
    """The right answer, which the platform's secret and the instance make."""
    return derive(secret, instance_id, Dynamic(id="flag", prompt="?"))


def solved(challenge: str, url: str) -> str:
    """The right answer, as the challenge's own solver finds it at that address."""
    solver = [sys.executable, str(CHALLENGES / challenge / "solve.py"), url]
    return subprocess.run(solver, capture_output=True, text=True, check=True).stdout.strip()
