# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/users.py.
# Change that file, then run the tool.
"""`admin.users`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.accounts import AdminUserInfo


class AdminUsersResource:
    """Everybody's accounts."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(
        self, offset: int = 0, limit: int = 50, *, q: str = "", role: str = "", standing: str = ""
    ) -> builtins.list[AdminUserInfo]:
        """Accounts, newest first. `standing`: active or suspended; empty values match all."""
        params = {"q": q, "standing": standing, **({"role": role} if role else {})}
        return await self._http.fetch_page(
            AdminUserInfo, "/admin/users", offset=offset, limit=limit, **params
        )

    def iterate(
        self, *, q: str = "", role: str = "", standing: str = ""
    ) -> AsyncIterator[AdminUserInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        params = {"q": q, "standing": standing, **({"role": role} if role else {})}
        return self._http.pages(AdminUserInfo, "/admin/users", **params)

    async def get(self, user_id: str) -> AdminUserInfo:
        """One person."""
        return await self._http.fetch(AdminUserInfo, "GET", f"/admin/users/{user_id}")

    async def set_role(self, user_id: str, role: str) -> AdminUserInfo:
        """Give somebody a role: user, admin or super_admin. Super admins only."""
        path = f"/admin/users/{user_id}/role"
        return await self._http.fetch(AdminUserInfo, "PATCH", path, json={"role": role})

    async def suspend(self, user_id: str, *, reason: str = "") -> AdminUserInfo:
        """Shut somebody out: sessions and instances end, teams of theirs alone are hidden."""
        path = f"/admin/users/{user_id}/suspend"
        return await self._http.fetch(AdminUserInfo, "POST", path, json={"reason": reason})

    async def reinstate(self, user_id: str) -> AdminUserInfo:
        """Let somebody in again."""
        return await self._http.fetch(AdminUserInfo, "POST", f"/admin/users/{user_id}/reinstate")
