# Written by tools/async_sdk.py from ctfy/sdk/competition/team.py.
# Change that file, then run the tool.
"""The caller's team in one competition."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from functools import cached_property
from typing import Any, BinaryIO

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.sdk.base import uploaded
from ctfy.server.models.teams import TeamDetail, TeamInviteInfo


class CompetitionInvites:
    """Codes and invites of the caller's team; for captains."""

    def __init__(self, http: AsyncBaseHttpClient, competition_id: str) -> None:
        self._http = http
        self._path = f"/competitions/{competition_id}/invites"

    async def create(self, *, max_uses: int = 1, ttl_seconds: int = 24 * 3600) -> TeamInviteInfo:
        """Mint an invite code. 0 uses: any number; 0 seconds: until it is revoked."""
        body = {"max_uses": max_uses, "ttl_seconds": ttl_seconds}
        return await self._http.fetch(TeamInviteInfo, "POST", self._path, json=body)

    async def list(self, offset: int = 0, limit: int = 50) -> builtins.list[TeamInviteInfo]:
        """The codes, invites and requests, newest first."""
        return await self._http.fetch_page(TeamInviteInfo, self._path, offset=offset, limit=limit)

    def iterate(self) -> AsyncIterator[TeamInviteInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(TeamInviteInfo, self._path)

    async def revoke(self, invite_id: str) -> None:
        """Take an invite back."""
        await self._http.call("DELETE", f"{self._path}/{invite_id}")

    async def send(self, email: str) -> TeamInviteInfo:
        """Invite somebody by the address of their account."""
        return await self._http.fetch(
            TeamInviteInfo, "POST", f"{self._path}/direct", json={"email": email}
        )


class CompetitionRequests:
    """Requests to join the caller's team; for captains."""

    def __init__(self, http: AsyncBaseHttpClient, competition_id: str) -> None:
        self._http = http
        self._path = f"/competitions/{competition_id}/invites"

    async def approve(self, invite_id: str) -> TeamDetail:
        """Let somebody in who asked."""
        return await self._http.fetch(TeamDetail, "POST", f"{self._path}/{invite_id}/approve")

    async def reject(self, invite_id: str) -> None:
        """Turn down somebody who asked."""
        await self._http.call("POST", f"{self._path}/{invite_id}/reject")


class CompetitionTeam:
    """The caller's team in one competition."""

    def __init__(self, http: AsyncBaseHttpClient, competition_id: str) -> None:
        self._http = http
        self._competition_id = competition_id
        self._path = f"/competitions/{competition_id}/team"

    async def rename(
        self, *, name: str | None = None, description: str | None = None
    ) -> TeamDetail:
        """Change the team's name or description; for captains."""
        given: dict[str, Any] = {"name": name, "description": description}
        body = {key: value for key, value in given.items() if value is not None}
        return await self._http.fetch(TeamDetail, "PATCH", self._path, json=body)

    async def set_logo(self, content: bytes | BinaryIO) -> TeamDetail:
        """Upload the team's logo, a PNG, JPEG or WebP, drawn anew to fit; for captains."""
        return await self._http.fetch(TeamDetail, "PUT", f"{self._path}/logo", **uploaded(content))

    async def remove_logo(self) -> TeamDetail:
        """Take the team's logo away; for captains."""
        return await self._http.fetch(TeamDetail, "DELETE", f"{self._path}/logo")

    async def hand_over(self, user_id: str) -> TeamDetail:
        """Make another member the captain; for captains."""
        body = {"user_id": user_id}
        return await self._http.fetch(TeamDetail, "POST", f"{self._path}/captain", json=body)

    async def leave(self) -> None:
        """Leave the team."""
        await self._http.call("POST", f"{self._path}/leave")

    async def kick(self, user_id: str) -> None:
        """Put a member off the team; for captains."""
        await self._http.call("DELETE", f"{self._path}/members/{user_id}")

    @cached_property
    def invites(self) -> CompetitionInvites:
        """Codes and invites."""
        return CompetitionInvites(self._http, self._competition_id)

    @cached_property
    def requests(self) -> CompetitionRequests:
        """Requests to join."""
        return CompetitionRequests(self._http, self._competition_id)
