"""`client.me`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from ctfy.sdk.base import BaseHttpClient, uploaded
from ctfy.server.models.accounts import MeResponse, MilestoneProgress, MySolveSummary
from ctfy.server.models.achievements import MyAchievementsResponse, StarGazerVerifyResponse
from ctfy.server.models.base import ListOf
from ctfy.server.models.fields import AnsweredField, FieldValue
from ctfy.server.models.inbox import InboxResponse
from ctfy.server.models.site import ImageInfo


class MeResource:
    """The caller."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def get(self) -> MeResponse:
        """The caller, with the competitions they take part in.

        >>> client.me.get().display_name
        """
        return self._http.fetch(MeResponse, "GET", "/me")

    def inbox(self) -> InboxResponse:
        """Invites, requests and announcements that wait for the caller.

        >>> client.me.inbox().unread_announcement_count
        """
        return self._http.fetch(InboxResponse, "GET", "/me/inbox")

    def read_announcement(self, announcement_id: str) -> None:
        """Mark one announcement as read.

        >>> client.me.read_announcement(announcement.id)
        """
        self._http.call("POST", f"/me/announcements/{announcement_id}/read")

    def read_all_announcements(self) -> None:
        """Mark everything that is shown as read.

        >>> client.me.read_all_announcements()
        """
        self._http.call("POST", "/me/announcements/read-all")

    def update_profile(self, **fields: Any) -> MeResponse:
        """Change what the caller tells of themselves; None empties a field.

        Fields: display_name, bio, country, website_url, timezone, social_links.

        >>> client.me.update_profile(bio="I break things", country="FR")
        """
        return self._http.fetch(MeResponse, "PATCH", "/me/profile", json=fields)

    def update_visibility(self, overrides: dict[str, bool]) -> MeResponse:
        """Show fields of the profile to others, or hide them.

        >>> client.me.update_visibility({"country": False})
        """
        return self._http.fetch(MeResponse, "PATCH", "/me/profile/visibility", json=overrides)

    def fields(self) -> list[AnsweredField]:
        """What the platform asks of everybody, with the caller's answers.

        >>> {field.name: field.value for field in client.me.fields()}
        """
        return self._http.fetch(ListOf[AnsweredField], "GET", "/me/fields").root

    def answer(self, fields: Mapping[str, FieldValue | None]) -> list[AnsweredField]:
        """Change the caller's answers, by the names of the fields; None takes one away.

        >>> client.me.answer({"university": "Graz"})
        """
        body = {"fields": dict(fields)}
        return self._http.fetch(ListOf[AnsweredField], "PATCH", "/me/fields", json=body).root

    def set_avatar(self, content: bytes | BinaryIO) -> ImageInfo:
        """Upload the caller's picture, a PNG, JPEG or WebP; it is drawn anew, as a square.

        >>> client.me.set_avatar(Path("me.png").read_bytes()).url
        """
        return self._http.fetch(ImageInfo, "PUT", "/me/avatar", **uploaded(content))

    def remove_avatar(self) -> None:
        """Take the caller's picture away.

        >>> client.me.remove_avatar()
        """
        self._http.call("DELETE", "/me/avatar")

    def export_account(self) -> bytes:
        """Everything that is held on the caller, as JSON.

        >>> Path("export.json").write_bytes(client.me.export_account())
        """
        return self._http.call("GET", "/me/export").content

    def delete_account(self, confirm_display_name: str) -> None:
        """Delete the account; submissions stay, without a name.

        >>> client.me.delete_account(client.me.get().display_name)
        """
        body = {"confirm_display_name": confirm_display_name}
        self._http.call("DELETE", "/me", json=body)

    def achievements(self, competition_id: str = "") -> MyAchievementsResponse:
        """What the caller's teams have, and what there is to get.

        >>> client.me.achievements().summary.score
        """
        params = {"competition_id": competition_id}
        return self._http.fetch(MyAchievementsResponse, "GET", "/me/achievements", params=params)

    def solves(self) -> list[MySolveSummary]:
        """The challenges that the caller's teams solved, newest first.

        >>> [solve.challenge_id for solve in client.me.solves()]
        """
        return self._http.fetch(ListOf[MySolveSummary], "GET", "/me/solves").root

    def milestone_progress(self, *, competition_id: str = "") -> list[MilestoneProgress]:
        """How far the caller's teams are with challenges of several questions.

        >>> client.me.milestone_progress()[0].solved_question_ids
        """
        params = {"competition_id": competition_id}
        path = "/me/milestone-progress"
        return self._http.fetch(ListOf[MilestoneProgress], "GET", path, params=params).root

    def verify_star_gazer(self, competition_id: str = "") -> StarGazerVerifyResponse:
        """Look on GitHub whether the caller starred the project.

        >>> client.me.verify_star_gazer().reason
        """
        params = {"competition_id": competition_id}
        path = "/me/star-gazer/verify"
        return self._http.fetch(StarGazerVerifyResponse, "POST", path, params=params)
