"""Building and pulling images before instances need them, and the state of that."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections import defaultdict, deque
from pathlib import Path
from typing import Any

import structlog

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.core.errors import NotFound
from ctfy.node.inventory import read_json, write_atomically
from ctfy.node.providers.base import Provider, StartFailed
from ctfy.server.models.builds import (
    NodeBuildLine,
    NodeBuildLog,
    NodeBuildRow,
    NodeBuildState,
    NodePullRow,
    NodePullState,
)

log = structlog.get_logger()

_CONCURRENCY = 2
_PAUSES_S = (0.5, 2.0)  # between attempts
_MOST_LINES = 500  # of a challenge, the newest
_LONGEST_LINE = 500
# Colours and other orders to a terminal; what signs in to a registry or a mirror.
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")


class BuildLogs:
    """What is said while challenges are built, the newest lines of each. Any thread may write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seq = 0
        self._lines: defaultdict[str, deque[NodeBuildLine]] = defaultdict(
            lambda: deque(maxlen=_MOST_LINES)
        )

    def say(self, challenge_id: str, said: str) -> None:
        """Add lines of a challenge, without colours and passwords."""
        for line in said.splitlines():
            shown = _CREDENTIALS.sub("***@", _TERMINAL.sub("", line)).rstrip()[:_LONGEST_LINE]
            if shown:
                with self._lock:
                    self._seq += 1
                    self._lines[challenge_id].append(NodeBuildLine(seq=self._seq, line=shown))

    def of(self, challenge_id: str, after: int) -> NodeBuildLog:
        """The lines of a challenge with a higher `seq`."""
        with self._lock:
            lines = [line for line in self._lines.get(challenge_id, ()) if line.seq > after]
        return NodeBuildLog(lines=lines)


class Builds:
    """Builds and pulls challenges, with the state of each in a file that survives restarts.

    A challenge that changed counts as unbuilt again: its digest is part of what is kept.
    """

    def __init__(self, provider: Provider, catalogue: Catalogue, path: Path) -> None:
        self._provider = provider
        self._catalogue = catalogue
        self._path = path
        self._rows: dict[str, dict[str, Any]] = read_json(path) or {}
        self._slots = asyncio.Semaphore(_CONCURRENCY)
        self._logs = BuildLogs()
        provider.say = self._logs.say
        self._tasks: set[asyncio.Task[None]] = set()
        for row in self._rows.values():  # what a restart cut off
            if row["status"] in ("building", "pulling"):
                row["status"] = "unbuilt" if row["status"] == "building" else "unpulled"

    def _known(self, challenge_id: str) -> Challenge:
        challenge = self._catalogue.get(challenge_id)
        if challenge is None:
            raise NotFound("unknown_challenge", "This node has no such challenge.")
        return challenge

    def build(self, challenge_ids: list[str] | None = None) -> None:
        """Start to build challenges; None: all. Raises `unknown_challenge`."""
        for challenge in self._wanted(challenge_ids):
            self._begin("build", challenge)

    def pull(self, challenge_ids: list[str] | None = None) -> None:
        """Start to pull the images of challenges; None: all. Raises `unknown_challenge`."""
        for challenge in self._wanted(challenge_ids):
            self._begin("pull", challenge)

    def _wanted(self, challenge_ids: list[str] | None) -> list[Challenge]:
        ids = list(self._catalogue.challenges) if challenge_ids is None else challenge_ids
        return [c for c in map(self._known, ids) if not c.is_qa_only]

    def _begin(self, what: str, challenge: Challenge) -> None:
        doing = "building" if what == "build" else "pulling"
        if self._row(what, challenge)["status"] == doing:
            return
        self._put(what, challenge, doing)
        self._logs.say(challenge.id, f"{what} asked for")
        task = asyncio.create_task(self._work(what, challenge))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, what: str, challenge: Challenge) -> None:
        do = self._provider.build if what == "build" else self._provider.pull
        async with self._slots:
            for pause in (*_PAUSES_S, None):
                try:
                    await do(challenge)
                except StartFailed as error:
                    reason = str(error)
                except Exception as error:
                    log.exception("build_failed", challenge_id=challenge.id)
                    reason = f"{type(error).__name__}: {error}"
                else:
                    done = "built" if what == "build" else "pulled"
                    self._logs.say(challenge.id, done)
                    self._put(what, challenge, done)
                    return
                self._logs.say(challenge.id, f"failed: {reason}")
                if pause is None:
                    self._put(what, challenge, "failed", reason)
                else:  # a registry may be unavailable for a moment
                    self._logs.say(challenge.id, f"again in {pause} s")
                    await asyncio.sleep(pause)

    def _row(self, what: str, challenge: Challenge) -> dict[str, Any]:
        row = self._rows.get(f"{what} {challenge.id}")
        if row is None or row["digest"] != challenge.digest:
            return {"status": "unbuilt" if what == "build" else "unpulled", "at": 0.0, "error": ""}
        return row

    def _put(self, what: str, challenge: Challenge, status: str, error: str = "") -> None:
        self._rows[f"{what} {challenge.id}"] = {
            "status": status,
            "at": time.time() if status in ("built", "pulled") else 0.0,
            "error": error[:4000],
            "digest": challenge.digest,
        }
        write_atomically(self._path, json.dumps(self._rows).encode())

    def log(self, challenge_id: str, after: int = 0) -> NodeBuildLog:
        """What building and pulling a challenge said. Raises `unknown_challenge`."""
        return self._logs.of(self._known(challenge_id).id, after)

    def build_state(self) -> NodeBuildState:
        """What is built."""
        rows = [(c, self._row("build", c)) for c in self._wanted(None)]
        return NodeBuildState(
            rows=[
                NodeBuildRow(
                    challenge_id=c.id, status=r["status"], built_at=r["at"], error=r["error"]
                )
                for c, r in rows
            ]
        )

    def pull_state(self) -> NodePullState:
        """What is pulled."""
        rows = [(c, self._row("pull", c)) for c in self._wanted(None)]
        return NodePullState(
            rows=[
                NodePullRow(
                    challenge_id=c.id, status=r["status"], pulled_at=r["at"], error=r["error"]
                )
                for c, r in rows
            ]
        )

    def ready(self) -> list[str] | None:
        """The challenges that are built; None for a provider that builds nothing."""
        if not self._provider.builds:
            return None
        return [c.id for c in self._wanted(None) if self._row("build", c)["status"] == "built"]

    def built(self, challenge: Challenge) -> None:
        """Record a challenge as built, since an instance of it started."""
        if self._row("build", challenge)["status"] == "unbuilt":
            self._put("build", challenge, "built")

    async def close(self) -> None:
        """Stop building."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
