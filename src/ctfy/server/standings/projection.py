"""The standings of every competition that somebody looked at, kept until they change."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import text

from ctfy.server.database.engine import Database
from ctfy.server.events.relay import Told
from ctfy.server.models.base import Page
from ctfy.server.models.standings import ScoreboardEntry

_CHANGES = frozenset(
    {"flag_correct", "flag_part_correct", "flag_wrong", "team_registered", "team_deleted"}
)

# Rank: challenges solved whole, then questions answered, then whose last solve was earlier.
# Teams equal in all three share a rank.
_QUERY = text(
    """
    SELECT rank() OVER (
             ORDER BY coalesce(w.solved, 0) DESC, coalesce(q.flags, 0) DESC,
                      q.last_solve_at NULLS LAST
           ) AS rank,
           t.id AS team_id, t.name AS team_name,
           coalesce(w.solved, 0) AS solved, coalesce(q.flags, 0) AS flags_solved,
           coalesce(a.attempts, 0) AS attempts,
           q.last_solve_at, greatest(a.last_active_at, t.created_at) AS last_active_at
    FROM teams t
    LEFT JOIN (SELECT team_id, count(*) AS solved FROM challenge_solves
               WHERE competition_id = :competition GROUP BY team_id) w ON w.team_id = t.id
    LEFT JOIN (SELECT team_id, count(*) AS flags, max(solved_at) AS last_solve_at FROM solves
               WHERE competition_id = :competition GROUP BY team_id) q ON q.team_id = t.id
    LEFT JOIN (SELECT team_id, count(*) AS attempts, max(submitted_at) AS last_active_at
               FROM submissions WHERE competition_id = :competition GROUP BY team_id) a
      ON a.team_id = t.id
    WHERE t.competition_id = :competition
    ORDER BY rank, t.created_at, t.id
    """
)


@dataclass(frozen=True)
class Snapshot:
    """The standings of one competition at one version."""

    version: int
    entries: list[ScoreboardEntry]
    _bodies: dict[tuple[int, int], tuple[bytes, str]] = field(default_factory=dict)

    @cached_property
    def by_team(self) -> dict[str, ScoreboardEntry]:
        """Each team's entry."""
        return {entry.team_id: entry for entry in self.entries}

    def body(self, limit: int, offset: int) -> tuple[bytes, str]:
        """One page as JSON, and its ETag; encoded once."""
        key = (limit, offset)
        if key not in self._bodies:
            page = Page[ScoreboardEntry](
                items=self.entries[offset : offset + limit],
                total=len(self.entries),
                limit=limit,
                offset=offset,
            )
            encoded = page.model_dump_json().encode()
            tag = f'"{hashlib.blake2b(encoded, digest_size=12).hexdigest()}"'
            if len(self._bodies) > 64:  # odd pages come and go; keep memory bounded
                self._bodies.clear()
            self._bodies[key] = (encoded, tag)
        return self._bodies[key]


class Standings:
    """This replica's projections; events make them stale, the next reader renews them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._snapshots: dict[str, Snapshot] = {}
        self._versions: defaultdict[str, int] = defaultdict(itertools.repeat(0).__next__)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def see(self, told: Told) -> None:
        """Take note of an event that changes the standings."""
        if told.name in _CHANGES:
            self._versions[str(told.payload.get("competition_id"))] += 1

    async def get(self, competition_id: str) -> Snapshot:
        """The current standings: as cached, else in one query however many ask at once."""
        async with self._locks[competition_id]:
            version = self._versions[competition_id]
            cached = self._snapshots.get(competition_id)
            if cached is None or cached.version != version:
                async with self._database.transaction() as session:
                    rows = await session.execute(_QUERY, {"competition": competition_id})
                    entries = [ScoreboardEntry(**row._mapping) for row in rows]
                cached = self._snapshots[competition_id] = Snapshot(version, entries)
            return cached
