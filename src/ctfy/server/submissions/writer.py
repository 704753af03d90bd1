"""Writing attempts down: those that arrive together share one transaction.

Nobody is answered before the transaction of their attempt has committed. While one batch is being
written the next one gathers, so a busy platform pays for few commits and a quiet one waits for
nothing.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from ctfy.server.database.engine import Database

_MOST = 64
_RECORD = text("SELECT * FROM ctfy_record_attempts(CAST(:attempts AS jsonb))")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an attempt. `verdict`: graded, locked or capped."""

    verdict: str
    missing: list[str]
    wrong: int
    solved_before: bool
    rank: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    fields: dict[str, Any]
    done: asyncio.Future[Recorded]


class Writer:
    """Records this replica's attempts, in batches."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def record(self, fields: dict[str, Any]) -> Recorded:
        """Record one attempt; returns once it is committed.

        `fields` are those that the database's `ctfy_record_attempts` reads.
        """
        done: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(fields, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())
        return await done

    async def close(self) -> None:
        """Finish what is being written."""
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            if not await self._commit(batch):
                # One attempt spoiled it for all, a team that is gone for instance: each alone.
                for one in batch:
                    await self._commit([one])

    async def _commit(self, batch: list[_Waiting]) -> bool:
        """Write a batch; False when it failed and its attempts are to be tried one by one."""
        attempts = [{**one.fields, "position": place} for place, one in enumerate(batch)]
        try:
            rows = await self._database.read(_RECORD, {"attempts": json.dumps(attempts)})
        except Exception as error:
            if len(batch) > 1:
                return False
            batch[0].done.set_exception(error)
            return True
        results = {row.position: row for row in rows}
        for place, one in enumerate(batch):
            row = results[place]
            if not one.done.done():  # its caller may have gone
                one.done.set_result(
                    Recorded(row.verdict, row.missing, row.wrong, row.solved_before, row.rank)
                )
        return True
