"""`admin.competition_admins`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.competitions import CompetitionAdminInfo


class AdminCompetitionAdminsResource:
    """Who administers which competition."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(
        self, competition_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[CompetitionAdminInfo]:
        """A competition's own administrators."""
        path = f"/admin/competitions/{competition_id}/admins"
        return self._http.fetch_page(CompetitionAdminInfo, path, offset=offset, limit=limit)

    def iterate(self, competition_id: str) -> Iterator[CompetitionAdminInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        path = f"/admin/competitions/{competition_id}/admins"
        return self._http.pages(CompetitionAdminInfo, path)

    def grant(
        self, competition_id: str, *, user_id: str = "", email: str = ""
    ) -> CompetitionAdminInfo:
        """Make somebody administrator of one competition, by id or address."""
        path = f"/admin/competitions/{competition_id}/admins"
        body = {"user_id": user_id, "email": email}
        return self._http.fetch(CompetitionAdminInfo, "POST", path, json=body)

    def revoke(self, competition_id: str, user_id: str) -> None:
        """Take it back."""
        self._http.call("DELETE", f"/admin/competitions/{competition_id}/admins/{user_id}")
