# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/competition_invites.py.
# Change that file, then run the tool.
"""`admin.competition_invites`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.competitions import CompetitionInviteInfo


class AdminCompetitionInvitesResource:
    """Who may take part in private competitions."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(
        self, competition_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[CompetitionInviteInfo]:
        """Who is invited."""
        path = f"/admin/competitions/{competition_id}/invites"
        return await self._http.fetch_page(CompetitionInviteInfo, path, offset=offset, limit=limit)

    def iterate(self, competition_id: str) -> AsyncIterator[CompetitionInviteInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        path = f"/admin/competitions/{competition_id}/invites"
        return self._http.pages(CompetitionInviteInfo, path)

    async def invite(
        self, competition_id: str, *, user_id: str = "", email: str = ""
    ) -> CompetitionInviteInfo:
        """Let somebody in, by id or address, also before they have an account."""
        path = f"/admin/competitions/{competition_id}/invites"
        body = {"user_id": user_id, "email": email}
        return await self._http.fetch(CompetitionInviteInfo, "POST", path, json=body)

    async def revoke(self, competition_id: str, user_id: str) -> None:
        """Take an invite back, by the person's id or the invited address."""
        await self._http.call("DELETE", f"/admin/competitions/{competition_id}/invites/{user_id}")
