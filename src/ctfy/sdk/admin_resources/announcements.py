"""`admin.announcements`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ctfy.sdk.base import BaseHttpClient, written
from ctfy.server.models.inbox import AnnouncementInfo


class AdminAnnouncementsResource:
    """Messages to everybody, or to those of a competition, of a bracket, of a team."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(self, offset: int = 0, limit: int = 50) -> builtins.list[AnnouncementInfo]:
        """All announcements, newest first."""
        return self._http.fetch_page(
            AnnouncementInfo, "/admin/announcements", offset=offset, limit=limit
        )

    def iterate(self) -> Iterator[AnnouncementInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(AnnouncementInfo, "/admin/announcements")

    def create(
        self,
        *,
        title: str,
        body: str = "",
        severity: str = "info",
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        competition_id: str = "",
        bracket: str = "",
        team_id: str = "",
    ) -> AnnouncementInfo:
        """Announce something. `severity`: info, warning or critical.

        To everybody, or to those who take part in a competition, to those of one of its brackets,
        or to one team.
        """
        fields = {
            "title": title,
            "body": body,
            "severity": severity,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "competition_id": competition_id,
            "bracket": bracket,
            "team_id": team_id,
        }
        for name in ("competition_id", "bracket", "team_id"):  # an older server knows none of them
            if not fields[name]:
                del fields[name]
        return self._http.fetch(
            AnnouncementInfo, "POST", "/admin/announcements", json=written(fields)
        )

    def update(self, announcement_id: str, **fields: Any) -> AnnouncementInfo:
        """Change an announcement; a field left out stays."""
        path = f"/admin/announcements/{announcement_id}"
        return self._http.fetch(AnnouncementInfo, "PATCH", path, json=written(fields))

    def delete(self, announcement_id: str) -> None:
        """Take an announcement back."""
        self._http.call("DELETE", f"/admin/announcements/{announcement_id}")
