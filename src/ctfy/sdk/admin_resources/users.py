"""`admin.users`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.accounts import AdminUserInfo


class AdminUsersResource:
    """Everybody's accounts."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(
        self, offset: int = 0, limit: int = 50, *, q: str = "", role: str = "", standing: str = ""
    ) -> builtins.list[AdminUserInfo]:
        """Accounts, newest first. `standing`: active or suspended; empty values match all."""
        params = {"q": q, "standing": standing, **({"role": role} if role else {})}
        return self._http.fetch_page(
            AdminUserInfo, "/admin/users", offset=offset, limit=limit, **params
        )

    def iterate(
        self, *, q: str = "", role: str = "", standing: str = ""
    ) -> Iterator[AdminUserInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        params = {"q": q, "standing": standing, **({"role": role} if role else {})}
        return self._http.pages(AdminUserInfo, "/admin/users", **params)

    def get(self, user_id: str) -> AdminUserInfo:
        """One person."""
        return self._http.fetch(AdminUserInfo, "GET", f"/admin/users/{user_id}")

    def set_role(self, user_id: str, role: str) -> AdminUserInfo:
        """Give somebody a role: user, admin or super_admin. Super admins only."""
        path = f"/admin/users/{user_id}/role"
        return self._http.fetch(AdminUserInfo, "PATCH", path, json={"role": role})

    def suspend(self, user_id: str, *, reason: str = "") -> AdminUserInfo:
        """Shut somebody out: sessions and instances end, teams of theirs alone are hidden."""
        path = f"/admin/users/{user_id}/suspend"
        return self._http.fetch(AdminUserInfo, "POST", path, json={"reason": reason})

    def reinstate(self, user_id: str) -> AdminUserInfo:
        """Let somebody in again."""
        return self._http.fetch(AdminUserInfo, "POST", f"/admin/users/{user_id}/reinstate")
