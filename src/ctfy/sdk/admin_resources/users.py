"""`admin.users`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import BinaryIO

from ctfy.sdk.base import BaseHttpClient, uploaded
from ctfy.server.models.accounts import (
    AdminUserInfo,
    NewUserResponse,
    SignInLink,
    SignInLinksResponse,
)


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

    def create(
        self,
        email: str,
        display_name: str = "",
        *,
        role: str = "user",
        password: str | None = None,
        mail: bool | None = None,
    ) -> NewUserResponse:
        """Make an account: with a password, or with a link that sets one, once.

        `mail`: whether the link is mailed or in the answer; None: mailed where mail is configured.

        >>> admin.users.create("ada@example.org", "Ada").link.url  # doctest: +SKIP
        """
        body = {"email": email, "display_name": display_name, "role": role, "mail": mail}
        if password is not None:
            body["password"] = password
        return self._http.fetch(NewUserResponse, "POST", "/admin/users", json=body)

    def edit(
        self, user_id: str, *, email: str | None = None, display_name: str | None = None
    ) -> AdminUserInfo:
        """Change somebody's name or address; a new address is to be verified anew."""
        given = {"email": email, "display_name": display_name}
        body = {name: value for name, value in given.items() if value is not None}
        return self._http.fetch(AdminUserInfo, "PATCH", f"/admin/users/{user_id}", json=body)

    def make_links(
        self, user_ids: builtins.list[str], *, mail: bool | None = None
    ) -> builtins.list[SignInLink]:
        """Links that set a password and sign in, once, for up to 500 people.

        `mail` is as for `create`. Earlier links of theirs stop working.
        """
        body = {"user_ids": user_ids, "mail": mail}
        path = "/admin/users/links"
        return self._http.fetch(SignInLinksResponse, "POST", path, json=body).links

    def set_password(
        self, user_id: str, password: str, *, revoke_identities: bool = False
    ) -> AdminUserInfo:
        """Set somebody's password; their sessions and API tokens end."""
        body = {"new_password": password, "revoke_identities": revoke_identities}
        return self._http.fetch(AdminUserInfo, "PUT", f"/admin/users/{user_id}/password", json=body)

    def set_avatar(self, user_id: str, content: bytes | BinaryIO) -> AdminUserInfo:
        """Give somebody a picture, from a PNG, JPEG or WebP; it is drawn anew, as a square."""
        path = f"/admin/users/{user_id}/avatar"
        return self._http.fetch(AdminUserInfo, "PUT", path, **uploaded(content))

    def remove_avatar(self, user_id: str) -> AdminUserInfo:
        """Take somebody's picture away."""
        return self._http.fetch(AdminUserInfo, "DELETE", f"/admin/users/{user_id}/avatar")

    def set_role(self, user_id: str, role: str) -> AdminUserInfo:
        """Give somebody a role: user, admin or super_admin. Super admins only."""
        path = f"/admin/users/{user_id}/role"
        return self._http.fetch(AdminUserInfo, "PATCH", path, json={"role": role})

    def reset_totp(self, user_id: str) -> AdminUserInfo:
        """Turn off the two-factor sign-in of somebody who lost it."""
        return self._http.fetch(AdminUserInfo, "DELETE", f"/admin/users/{user_id}/totp")

    def suspend(self, user_id: str, *, reason: str = "") -> AdminUserInfo:
        """Shut somebody out: sessions and instances end, teams of theirs alone are hidden."""
        path = f"/admin/users/{user_id}/suspend"
        return self._http.fetch(AdminUserInfo, "POST", path, json={"reason": reason})

    def reinstate(self, user_id: str) -> AdminUserInfo:
        """Let somebody in again."""
        return self._http.fetch(AdminUserInfo, "POST", f"/admin/users/{user_id}/reinstate")
