# Written by tools/async_sdk.py from ctfy/sdk/resources/me.py.
# Change that file, then run the tool.
"""`client.me`."""

from __future__ import annotations

from typing import Any

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.accounts import MeResponse, MilestoneProgress, MySolveSummary
from ctfy.server.models.achievements import MyAchievementsResponse, StarGazerVerifyResponse
from ctfy.server.models.base import ListOf
from ctfy.server.models.inbox import InboxResponse


class MeResource:
    """The caller."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def get(self) -> MeResponse:
        """The caller, with the competitions they take part in."""
        return await self._http.fetch(MeResponse, "GET", "/me")

    async def inbox(self) -> InboxResponse:
        """Invites, requests and announcements that wait for the caller."""
        return await self._http.fetch(InboxResponse, "GET", "/me/inbox")

    async def read_announcement(self, announcement_id: str) -> None:
        """Mark one announcement as read."""
        await self._http.call("POST", f"/me/announcements/{announcement_id}/read")

    async def read_all_announcements(self) -> None:
        """Mark everything that is shown as read."""
        await self._http.call("POST", "/me/announcements/read-all")

    async def update_profile(self, **fields: Any) -> MeResponse:
        """Change what the caller tells of themselves; None empties a field.

        Fields: display_name, bio, country, website_url, timezone, social_links.
        """
        return await self._http.fetch(MeResponse, "PATCH", "/me/profile", json=fields)

    async def update_visibility(self, overrides: dict[str, bool]) -> MeResponse:
        """Show fields of the profile to others, or hide them."""
        return await self._http.fetch(MeResponse, "PATCH", "/me/profile/visibility", json=overrides)

    async def export_account(self) -> bytes:
        """Everything that is held on the caller, as JSON."""
        return (await self._http.call("GET", "/me/export")).content

    async def delete_account(self, confirm_display_name: str) -> None:
        """Delete the account; submissions stay, without a name."""
        body = {"confirm_display_name": confirm_display_name}
        await self._http.call("DELETE", "/me", json=body)

    async def achievements(self, competition_id: str = "") -> MyAchievementsResponse:
        """What the caller's teams have, and what there is to get."""
        params = {"competition_id": competition_id}
        return await self._http.fetch(
            MyAchievementsResponse, "GET", "/me/achievements", params=params
        )

    async def solves(self) -> list[MySolveSummary]:
        """The challenges that the caller's teams solved, newest first."""
        return (await self._http.fetch(ListOf[MySolveSummary], "GET", "/me/solves")).root

    async def milestone_progress(self, *, competition_id: str = "") -> list[MilestoneProgress]:
        """How far the caller's teams are with challenges of several questions."""
        params = {"competition_id": competition_id}
        path = "/me/milestone-progress"
        return (await self._http.fetch(ListOf[MilestoneProgress], "GET", path, params=params)).root

    async def verify_star_gazer(self, competition_id: str = "") -> StarGazerVerifyResponse:
        """Look on GitHub whether the caller starred the project."""
        params = {"competition_id": competition_id}
        path = "/me/star-gazer/verify"
        return await self._http.fetch(StarGazerVerifyResponse, "POST", path, params=params)
