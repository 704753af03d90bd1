# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/competitions.py.
# Change that file, then run the tool.
"""`admin.competitions`."""

from __future__ import annotations

import builtins
from datetime import datetime
from typing import Any

from ctfy.sdk.admin_resources.competitions import _written
from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.competitions import CompetitionInfo


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

        `rules`: registration_opens_at, registration_closes_at, freezes_at, rank_by (solved or
        points), first_blood_bonus, brackets, max_team_size, max_instances_per_team.
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
        return await self._http.fetch(CompetitionInfo, "POST", path, json=_written(body))

    async def update(self, competition_id: str, **fields: Any) -> CompetitionInfo:
        """Change a competition; a field left out stays."""
        path = f"/admin/competitions/{competition_id}"
        return await self._http.fetch(CompetitionInfo, "PATCH", path, json=_written(fields))
