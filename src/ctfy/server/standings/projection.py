"""The standings of every competition that somebody looked at, kept up to date by the events."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.view import NEVER, Place, View
from ctfy.server.database.connections import Background, Database
from ctfy.server.events.relay import Relay, RelayedEvent
from ctfy.server.events.types import Event, OnBoard
from ctfy.server.models.base import Page
from ctfy.server.models.standings import ScoreboardEntry
from ctfy.server.services import provided
from ctfy.server.standings.board import Board, load
from ctfy.server.standings.scoring import Score, ranked
from ctfy.server.tables.competitions import Competition

# Under a stream of solves the rows are drawn up at most this often; a reader sees any solve within
# it and the time that the event takes, a few milliseconds. Whoever was answered waits for theirs.
_REDRAW_S = 0.02
_MOST_BODIES = 64
_Value = TypeVar("_Value")


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
    _kept: dict[str, Any] = field(default_factory=dict)

    @property
    def current(self) -> bool:
        """Whether nothing happened since these rows were drawn up."""
        return self.version == self.board.version and not self.board.stale

    def has_answers_of(self, user_id: str) -> bool:
        """Whether all that somebody answered on this replica is in these rows."""
        return self.version >= self.board.answered_by.get(user_id, 0)

    @cached_property
    def by_team(self) -> dict[str, ScoreboardEntry]:
        """Each team's entry."""
        return {entry.team_id: entry for entry in self.entries}

    def keep(self, name: str, make: Callable[[Snapshot], _Value]) -> _Value:
        """What several answers are drawn from; made once for this version."""
        if name not in self._kept:
            self._kept[name] = make(self)
        value: _Value = self._kept[name]
        return value

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
        entries.append(_entry(board, rank, team_id, score))
    return Snapshot(board, board.version, entries, time.monotonic())


def _entry(board: Board, rank: int, team_id: str, score: Score) -> ScoreboardEntry:
    team = board.teams[team_id]
    return ScoreboardEntry(
        rank=rank,
        team_id=team_id,
        team_name=team.name,
        solved=score.solved,
        flags_solved=score.flags,
        attempts=team.attempts,
        last_solve_at=moment(score.last_solve_at),
        last_active_at=moment(max(team.last_active_at, team.created_at)),
        points=score.points,
        avatar_url=team.logo_url,
        bracket=team.bracket,
        competition_id=board.competition_id,
    )


def moment(seconds: float) -> datetime | None:
    """A Unix time as a datetime; 0: never."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


class _Key(NamedTuple):
    """Which board of a competition: `until` when solves count, and whether its challenges show."""

    competition_id: str
    until: datetime | None = None
    is_open: bool = True


class Standings:
    """This replica's boards: of each competition the live one, and what others see of it.

    That ends at its freeze, and has no challenges before its start.
    """

    def __init__(
        self, database: Background, catalogue: Catalogue, relay: Relay, own: Database
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._snapshots: defaultdict[str, dict[_Key, Snapshot]] = defaultdict(dict)
        self._loading: dict[_Key, list[Callable[[Board], None]]] = {}
        self._locks: defaultdict[_Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        # Held by who draws something of all boards, under its name.
        self.drawing: defaultdict[Hashable, asyncio.Lock] = defaultdict(asyncio.Lock)
        relay.observe(self.apply)
        # Whoever changes what a board is made of reads it so at once; the relay tells the others.
        own.on_commit(self._reload)

    def apply(self, event: RelayedEvent) -> None:
        """Apply an event to the boards of its competition."""
        for key, waiting in self._loading.items():
            if key.competition_id == event.competition_id:
                waiting.append(lambda board: board.apply(event))
        for snapshot in self._snapshots.get(event.competition_id, {}).values():
            snapshot.board.apply(event)

    def apply_committed(self, event: Event, xact: int) -> None:
        """Apply an event that this process committed, ahead of the relay, which brings it again."""
        payload = event.model_dump()
        changed = str(payload["competition_id"])
        for key, waiting in self._loading.items():
            if key.competition_id == changed:
                waiting.append(lambda board: board.apply_committed(event, payload, xact))
        for snapshot in self._snapshots.get(changed, {}).values():
            snapshot.board.apply_committed(event, payload, xact)

    def _reload(self, event: Event) -> None:
        """Load the boards of a competition again that this process changed."""
        if event.board is not OnBoard.RELOAD:
            return
        changed = str(getattr(event, "competition_id", ""))
        for key, waiting in self._loading.items():
            if key.competition_id == changed:
                waiting.append(Board.reload)
        for snapshot in self._snapshots.get(changed, {}).values():
            snapshot.board.reload()

    def clear(self) -> None:
        """Drop every board: what challenges are worth has changed under them."""
        self._snapshots.clear()

    async def seen_by(self, view: View, place: Place) -> Snapshot:
        """The standings of a competition as somebody sees them now.

        Nobody solved anything where they may not know of it.
        """
        user_id = view.caller.user_id if view.caller else ""
        is_open = view.challenges_are_open(place.competition)
        key = _Key(place.competition.id, view.solves_until(place), is_open)
        return await self._get(key, user_id)

    async def own(self, competition: Competition, team_id: str) -> ScoreboardEntry | None:
        """A team's own standing, up to a freeze; of one that counts nowhere there is none.

        Where those who take part do not see the standings it has no rank, and the points that the
        team would have alone: what they are worth by now tells how many others solved the same.
        """
        view, place = View(), Place(competition, team_id)
        if view.sees_standings(place):
            return (await self.seen_by(view, place)).by_team.get(team_id)
        is_open = view.challenges_are_open(competition)
        key = _Key(competition.id, view.frozen_at(competition), is_open)
        board = (await self._get(key)).board
        if team_id not in board.teams:
            return None
        return _entry(board, -1, team_id, board.score_alone(team_id))

    async def live(self, competition_id: str) -> Snapshot:
        """The standings of a competition with every solve, whoever may know of them."""
        return await self._get(_Key(competition_id))

    async def _get(self, key: _Key, user_id: str = "") -> Snapshot:
        snapshots = self._snapshots[key.competition_id]
        snapshot = snapshots.get(key)
        if snapshot is None or snapshot.board.stale:
            async with self._locks[key]:
                snapshot = snapshots.get(key)
                if snapshot is None or snapshot.board.stale:
                    snapshot = snapshots[key] = draw(await self._load(key))
            # A freeze that was moved, a start that has come: nobody asks for those any more.
            if key.until not in (None, NEVER):
                kept = (None, NEVER, key.until)
                for moved in [one for one in snapshots if one.until not in kept or not one.is_open]:
                    del snapshots[moved]
        if snapshot.current:
            return snapshot
        early = snapshot.drawn_at + _REDRAW_S - time.monotonic()
        if early <= 0:
            snapshot = snapshots[key] = draw(snapshot.board)
        elif not snapshot.has_answers_of(user_id):
            await asyncio.sleep(early)
            return await self._get(key, user_id)
        return snapshot

    async def _load(self, key: _Key) -> Board:
        """A board; events that arrive while it loads are applied afterwards, once."""
        waiting = self._loading[key] = []
        try:
            board = await load(self._database, self._catalogue, *key)
        finally:
            del self._loading[key]
        for apply in waiting:
            apply(board)
        # A board is large and holds no circles: the garbage collector need not look through it,
        # which would stop everything for a quarter of a second now and then.
        gc.freeze()
        return board


TheStandings = Annotated[Standings, provided(Standings)]
