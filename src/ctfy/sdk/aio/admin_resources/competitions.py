# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/competitions.py.
# Change that file, then run the tool.
"""`admin.competitions`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.sdk.base import written
from ctfy.server.models.competitions import (
    CompetitionChallengeInfo,
    CompetitionImportResult,
    CompetitionInfo,
    CompetitionRegistrationInfo,
)


class AdminCompetitionsResource:
    """Curating competitions."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def create(
        self,
        *,
        title: str,
        description: str = "",
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        challenge_ids: builtins.list[str] | None = None,
        status: str = "draft",
        access: str = "public",
        **rules: Any,
    ) -> CompetitionInfo:
        """Create a competition.

        `rules`: registration_opens_at, registration_closes_at, freezes_at, writeups_until,
        rank_by (solved or points), first_blood_bonus, brackets, max_team_size,
        max_instances_per_team, scoreboard_visibility (public, players or hidden), practice (it can
        be played after its end, and nothing of that counts); and what its page says, `rules` and
        `prizes` (Markdown).
        """
        body: dict[str, Any] = {
            "title": title,
            "description": description,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "challenge_ids": challenge_ids or [],
            "status": status,
            "access": access,
            **rules,
        }
        path = "/admin/competitions"
        return await self._http.fetch(CompetitionInfo, "POST", path, json=written(body))

    async def update(self, competition_id: str, **fields: Any) -> CompetitionInfo:
        """Change a competition; a field left out stays."""
        path = f"/admin/competitions/{competition_id}"
        return await self._http.fetch(CompetitionInfo, "PATCH", path, json=written(fields))

    async def list(
        self, offset: int = 0, limit: int = 50, **filters: str
    ) -> builtins.list[CompetitionInfo]:
        """Every competition, newest first. `filters`: q, status, access."""
        return await self._http.fetch_page(
            CompetitionInfo, "/admin/competitions", offset=offset, limit=limit, **filters
        )

    def iterate(self, **filters: str) -> AsyncIterator[CompetitionInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(CompetitionInfo, "/admin/competitions", **filters)

    async def delete(self, competition_id: str, *, force: bool = False) -> None:
        """Delete a competition; one with solves only with `force`."""
        path = f"/admin/competitions/{competition_id}"
        await self._http.call("DELETE", path, params={"force": force})

    async def challenges(
        self, competition_id: str, offset: int = 0, limit: int = 200
    ) -> builtins.list[CompetitionChallengeInfo]:
        """Its challenges with their states and rules there, in the curator's order."""
        path = f"/admin/competitions/{competition_id}/challenges"
        return await self._http.fetch_page(
            CompetitionChallengeInfo, path, offset=offset, limit=limit
        )

    async def set_challenge(
        self, competition_id: str, challenge_id: str, **fields: Any
    ) -> CompetitionChallengeInfo:
        """Change what a competition makes of a challenge; a field left out stays.

        `fields`: state (draft, visible or hidden), release_at, value (points, or how they fall),
        max_attempts, lifetime_s, ends_when_solved. None gives the challenge's own rule back.
        """
        path = f"/admin/competitions/{competition_id}/challenges/{challenge_id}"
        return await self._http.fetch(CompetitionChallengeInfo, "PATCH", path, json=written(fields))

    async def order_challenges(
        self, competition_id: str, challenge_ids: builtins.list[str]
    ) -> None:
        """Put a competition's challenges, all of them, in another order."""
        path = f"/admin/competitions/{competition_id}/challenge-order"
        await self._http.call("PUT", path, json={"challenge_ids": challenge_ids})

    async def registrations(
        self, competition_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[CompetitionRegistrationInfo]:
        """The teams that take part, in the order in which they registered."""
        path = f"/admin/competitions/{competition_id}/registrations"
        return await self._http.fetch_page(
            CompetitionRegistrationInfo, path, offset=offset, limit=limit
        )

    async def clone(self, competition_id: str, *, title: str) -> CompetitionInfo:
        """A draft with the same rules and challenges, without times and teams."""
        path = f"/admin/competitions/{competition_id}/clone"
        return await self._http.fetch(CompetitionInfo, "POST", path, json={"title": title})

    async def pause(self, competition_id: str) -> CompetitionInfo:
        """Stop the clock for everybody: nothing starts and no answer is taken; instances stay."""
        path = f"/admin/competitions/{competition_id}/pause"
        return await self._http.fetch(CompetitionInfo, "POST", path)

    async def resume(self, competition_id: str) -> CompetitionInfo:
        """Let the clock go on; end, freeze and releases to come are put off by the pause."""
        path = f"/admin/competitions/{competition_id}/resume"
        return await self._http.fetch(CompetitionInfo, "POST", path)

    async def extend(self, competition_id: str, *, minutes: int) -> CompetitionInfo:
        """Put the end off, and with it a freeze and a write-up deadline to come."""
        path = f"/admin/competitions/{competition_id}/extend"
        return await self._http.fetch(CompetitionInfo, "POST", path, json={"minutes": minutes})

    async def export(self, competition_id: str) -> bytes:
        """The whole competition as one file."""
        return (
            await self._http.call("GET", f"/admin/competitions/{competition_id}/export")
        ).content

    async def table(self, competition_id: str, name: str, *, format: str = "csv") -> bytes:
        """The competition's `standings`, `submissions` or `people`: a file of `csv` or `xlsx`."""
        path = f"/admin/competitions/{competition_id}/tables/{name}/{format}"
        return (await self._http.call("GET", path, timeout=600)).content

    async def import_(self, file: bytes) -> CompetitionImportResult:
        """Bring an exported competition back, whole or not at all. Super admins only."""
        path = "/admin/competitions/import"
        headers = {"Content-Type": "application/json"}
        return await self._http.fetch(
            CompetitionImportResult, "POST", path, content=file, headers=headers, timeout=600
        )
