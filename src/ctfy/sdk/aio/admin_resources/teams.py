# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/teams.py.
# Change that file, then run the tool.
"""`admin.teams`."""

from __future__ import annotations

from typing import Any, BinaryIO

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.sdk.base import uploaded
from ctfy.server.models.teams import TeamDetail


class AdminTeamsResource:
    """Correcting teams."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def update(self, competition_id: str, team_id: str, **fields: Any) -> TeamDetail:
        """Change a team; a field left out stays.

        `fields`: name, bracket, standing (ranked, hidden or disqualified), standing_reason,
        standing_reason_shown. What is not ranked plays on, and counts nowhere.
        """
        path = f"/admin/competitions/{competition_id}/teams/{team_id}"
        return await self._http.fetch(TeamDetail, "PATCH", path, json=fields)

    async def set_logo(
        self, competition_id: str, team_id: str, content: bytes | BinaryIO
    ) -> TeamDetail:
        """Give a team a logo, from a PNG, JPEG or WebP; it is drawn anew, to fit."""
        path = f"/admin/competitions/{competition_id}/teams/{team_id}/logo"
        return await self._http.fetch(TeamDetail, "PUT", path, **uploaded(content))

    async def remove_logo(self, competition_id: str, team_id: str) -> TeamDetail:
        """Take a team's logo away."""
        path = f"/admin/competitions/{competition_id}/teams/{team_id}/logo"
        return await self._http.fetch(TeamDetail, "DELETE", path)

    async def move(self, competition_id: str, team_id: str, user: str) -> TeamDetail:
        """Put somebody on a team, by id or address, from the team that they are on here, if any.

        What they did stays with the team that they did it for.
        """
        path = f"/admin/competitions/{competition_id}/teams/{team_id}/members/{user}"
        return await self._http.fetch(TeamDetail, "PUT", path)

    async def remove_member(self, competition_id: str, team_id: str, user: str) -> None:
        """Take somebody off a team, by id or address. The last one leaves it as it is."""
        path = f"/admin/competitions/{competition_id}/teams/{team_id}/members/{user}"
        await self._http.call("DELETE", path)
