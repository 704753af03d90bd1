# Written by tools/async_sdk.py from ctfy/sdk/resources/me.py.
# Change that file, then run the tool.
"""`client.me`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.sdk.base import uploaded
from ctfy.server.models.accounts import MeResponse, MilestoneProgress, MySolveSummary
from ctfy.server.models.achievements import MyAchievementsResponse, StarGazerVerifyResponse
from ctfy.server.models.base import ListOf
from ctfy.server.models.fields import AnsweredField, FieldValue
from ctfy.server.models.inbox import InboxResponse
from ctfy.server.models.site import ImageInfo


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

    async def fields(self) -> list[AnsweredField]:
        """What the platform asks of everybody, with the caller's answers."""
        return (await self._http.fetch(ListOf[AnsweredField], "GET", "/me/fields")).root

    async def answer(self, fields: Mapping[str, FieldValue | None]) -> list[AnsweredField]:
        """Change the caller's answers, by the names of the fields; None takes one away."""
        body = {"fields": dict(fields)}
        return (
            await self._http.fetch(ListOf[AnsweredField], "PATCH", "/me/fields", json=body)
        ).root

    async def set_avatar(self, content: bytes | BinaryIO) -> ImageInfo:
        """Upload the caller's picture, a PNG, JPEG or WebP; it is drawn anew, as a square."""
        return await self._http.fetch(ImageInfo, "PUT", "/me/avatar", **uploaded(content))

    async def remove_avatar(self) -> None:
        """Take the caller's picture away."""
        await self._http.call("DELETE", "/me/avatar")

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
