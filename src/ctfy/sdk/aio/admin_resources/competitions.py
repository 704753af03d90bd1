# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/competitions.py.
# Change that file, then run the tool.
"""`admin.competitions`."""

from __future__ import annotations

import builtins
from datetime import datetime

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
    ) -> CompetitionInfo:
        """Create a competition."""
        body = {
            "title": title,
            "description": description,
            "starts_at": starts_at.isoformat() if starts_at else None,
            "ends_at": ends_at.isoformat() if ends_at else None,
            "challenge_ids": challenge_ids or [],
            "status": status,
            "access": access,
        }
        return await self._http.fetch(CompetitionInfo, "POST", "/admin/competitions", json=body)
