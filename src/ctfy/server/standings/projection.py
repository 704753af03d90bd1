"""The standings of every competition that somebody looked at, kept up to date by the events."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import select

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.database.base import now
from ctfy.server.database.engine import Database
from ctfy.server.events.relay import Told
from ctfy.server.models.base import Page
from ctfy.server.models.standings import ScoreboardEntry
from ctfy.server.standings.board import Board, load
from ctfy.server.standings.scoring import ranked
from ctfy.server.tables.competitions import Competition

Audience = Literal["players", "operators"]

# Under a stream of solves the rows are drawn up at most this often; a reader sees any solve within
# it and the time that the event takes, a few milliseconds.
_REDRAW_S = 0.02
_MOST_BODIES = 64


@dataclass(frozen=True)
class Encoded:
    """A response body, encoded once for everybody."""

    plain: bytes
    tag: str

    @cached_property
    def gzipped(self) -> bytes:
        """The same, compressed: once, when the first reader takes it so."""
        packer = zlib.compressobj(5, zlib.DEFLATED, 31)
        return packer.compress(self.plain) + packer.flush()


def encode(model: BaseModel) -> Encoded:
    """A model as the body of a response."""
    plain = model.model_dump_json().encode()
    return Encoded(plain, f'"{hashlib.blake2b(plain, digest_size=12).hexdigest()}"')


@dataclass(frozen=True)
class Snapshot:
    """The standings of one competition at one version of its board."""

    board: Board
    version: int
    entries: list[ScoreboardEntry]
    drawn_at: float
    _bodies: dict[object, Encoded] = field(default_factory=dict)

    @property
    def current(self) -> bool:
        """Whether nothing happened since these rows were drawn up."""
        return self.version == self.board.version and not self.board.stale

    @cached_property
    def by_team(self) -> dict[str, ScoreboardEntry]:
        """Each team's entry."""
        return {entry.team_id: entry for entry in self.entries}

    def page(self, limit: int, offset: int) -> Encoded:
        """One page of the rows; encoded once."""
        return self.body(
            ("page", limit, offset),
            lambda: Page[ScoreboardEntry](
                items=self.entries[offset : offset + limit],
                total=len(self.entries),
                limit=limit,
                offset=offset,
            ),
        )

    def body(self, key: object, make: Callable[[], BaseModel]) -> Encoded:
        """Anything else drawn from this version; made and encoded once."""
        if key not in self._bodies:
            if len(self._bodies) >= _MOST_BODIES:  # odd pages come and go; memory stays bounded
                self._bodies.clear()
            self._bodies[key] = encode(make())
        return self._bodies[key]


def draw(board: Board) -> Snapshot:
    """The rows of a board as it is now."""
    entries = []
    for rank, (_, team_id), score in ranked(board.scores(), board.rules.rank_by):
        team = board.teams[team_id]
        entries.append(
            ScoreboardEntry(
                rank=rank,
                team_id=team_id,
                team_name=team.name,
                solved=team.solved,
                flags_solved=team.flags,
                attempts=team.attempts,
                last_solve_at=moment(team.last_solve_at),
                last_active_at=moment(max(team.last_active_at, team.created_at)),
                points=score.points,
                bracket=team.bracket,
                competition_id=board.competition_id,
            )
        )
    return Snapshot(board, board.version, entries, time.monotonic())


def moment(seconds: float) -> datetime | None:
    """A Unix time as a datetime; 0: never."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


class Standings:
    """This replica's boards. Players see a frozen one from a competition's freeze on."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue
        self._snapshots: dict[tuple[str, bool], Snapshot] = {}
        self._loading: dict[tuple[str, bool], list[Told]] = {}
        self._locks: defaultdict[tuple[str, bool], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._freezes: dict[str, datetime | None] = {}
        self._changes = 0  # of competitions, as told

    def see(self, told: Told) -> None:
        """Apply an event to the boards of its competition."""
        competition_id = str(told.payload.get("competition_id", ""))
        if told.name.startswith("competition_"):
            self._changes += 1
            self._freezes.pop(competition_id, None)
        for frozen in (False, True):
            key = (competition_id, frozen)
            if key in self._loading:
                self._loading[key].append(told)
            if key in self._snapshots:
                self._snapshots[key].board.see(told)

    async def get(self, competition_id: str, audience: Audience = "players") -> Snapshot:
        """The standings as an audience may see them now."""
        frozen = audience == "players" and await self._is_frozen(competition_id)
        key = (competition_id, frozen)
        snapshot = self._snapshots.get(key)
        if snapshot is None or snapshot.board.stale:
            async with self._locks[key]:
                snapshot = self._snapshots.get(key)
                if snapshot is None or snapshot.board.stale:
                    snapshot = self._snapshots[key] = draw(await self._load(key))
        if not snapshot.current and time.monotonic() - snapshot.drawn_at > _REDRAW_S:
            snapshot = self._snapshots[key] = draw(snapshot.board)
        return snapshot

    async def freezes_at(self, competition_id: str) -> datetime | None:
        """When the players' standings freeze, or have frozen."""
        if competition_id in self._freezes:
            return self._freezes[competition_id]
        seen = self._changes
        async with self._database.transaction() as session:
            freeze = await session.scalar(
                select(Competition.freezes_at).where(Competition.id == competition_id)
            )
        if seen == self._changes:  # what was told meanwhile may have changed it: look again then
            self._freezes[competition_id] = freeze
        return freeze

    def until_freeze(self, freeze: float | None) -> float | None:
        """A freeze that is still to come, as Unix time: what is shown now ends there."""
        return freeze if freeze is not None and freeze > time.time() else None

    async def _is_frozen(self, competition_id: str) -> bool:
        freeze = await self.freezes_at(competition_id)
        return freeze is not None and now() >= freeze

    async def _load(self, key: tuple[str, bool]) -> Board:
        """A board; what the relay tells while it loads is applied afterwards, once."""
        competition_id, frozen = key
        waiting = self._loading[key] = []
        try:
            cutoff = await self.freezes_at(competition_id) if frozen else None
            board = await load(self._database, self._catalogue, competition_id, cutoff)
        finally:
            del self._loading[key]
        for told in waiting:
            board.see(told)
        # A board is large and holds no circles: the garbage collector need not look through it,
        # which would stop everything for a quarter of a second now and then.
        gc.freeze()
        return board
