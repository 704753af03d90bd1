"""The caller's team in one competition."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from functools import cached_property
from typing import Any, BinaryIO

from ctfy.sdk.base import BaseHttpClient, uploaded
from ctfy.server.models.teams import TeamDetail, TeamInviteInfo


class CompetitionInvites:
    """Codes and invites of the caller's team; for captains.

    >>> code = client.competition("…").team.invites.create(max_uses=3).code
    """

    def __init__(self, http: BaseHttpClient, competition_id: str) -> None:
        self._http = http
        self._path = f"/competitions/{competition_id}/invites"

    def create(self, *, max_uses: int = 1, ttl_seconds: int = 24 * 3600) -> TeamInviteInfo:
        """Mint an invite code. 0 uses: any number; 0 seconds: until it is revoked.

        >>> team.invites.create(max_uses=3).code
        """
        body = {"max_uses": max_uses, "ttl_seconds": ttl_seconds}
        return self._http.fetch(TeamInviteInfo, "POST", self._path, json=body)

    def list(self, offset: int = 0, limit: int = 50) -> builtins.list[TeamInviteInfo]:
        """The codes, invites and requests, newest first.

        >>> [invite.kind for invite in team.invites.list()]
        """
        return self._http.fetch_page(TeamInviteInfo, self._path, offset=offset, limit=limit)

    def iterate(self) -> Iterator[TeamInviteInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(TeamInviteInfo, self._path)

    def revoke(self, invite_id: str) -> None:
        """Take an invite back.

        >>> team.invites.revoke(invite.id)
        """
        self._http.call("DELETE", f"{self._path}/{invite_id}")

    def send(self, email: str) -> TeamInviteInfo:
        """Invite somebody by the address of their account.

        >>> team.invites.send("friend@example.org")
        """
        return self._http.fetch(
            TeamInviteInfo, "POST", f"{self._path}/direct", json={"email": email}
        )


class CompetitionRequests:
    """Requests to join the caller's team; for captains."""

    def __init__(self, http: BaseHttpClient, competition_id: str) -> None:
        self._http = http
        self._path = f"/competitions/{competition_id}/invites"

    def approve(self, invite_id: str) -> TeamDetail:
        """Let somebody in who asked.

        >>> team.requests.approve(client.me.inbox().captain_requests[0].id)
        """
        return self._http.fetch(TeamDetail, "POST", f"{self._path}/{invite_id}/approve")

    def reject(self, invite_id: str) -> None:
        """Turn down somebody who asked.

        >>> team.requests.reject(client.me.inbox().captain_requests[0].id)
        """
        self._http.call("POST", f"{self._path}/{invite_id}/reject")


class CompetitionTeam:
    """The caller's team in one competition.

    >>> team = client.competition("…").team
    """

    def __init__(self, http: BaseHttpClient, competition_id: str) -> None:
        self._http = http
        self._competition_id = competition_id
        self._path = f"/competitions/{competition_id}/team"

    def rename(self, *, name: str | None = None, description: str | None = None) -> TeamDetail:
        """Change the team's name or description; for captains.

        >>> team.rename(name="Null Pointers")
        """
        given: dict[str, Any] = {"name": name, "description": description}
        body = {key: value for key, value in given.items() if value is not None}
        return self._http.fetch(TeamDetail, "PATCH", self._path, json=body)

    def set_logo(self, content: bytes | BinaryIO) -> TeamDetail:
        """Upload the team's logo, a PNG, JPEG or WebP, drawn anew to fit; for captains.

        >>> team.set_logo(Path("logo.png").read_bytes()).logo_url
        """
        return self._http.fetch(TeamDetail, "PUT", f"{self._path}/logo", **uploaded(content))

    def remove_logo(self) -> TeamDetail:
        """Take the team's logo away; for captains.

        >>> team.remove_logo()
        """
        return self._http.fetch(TeamDetail, "DELETE", f"{self._path}/logo")

    def hand_over(self, user_id: str) -> TeamDetail:
        """Make another member the captain; for captains.

        >>> team.hand_over(user_id).captain_display_name
        """
        body = {"user_id": user_id}
        return self._http.fetch(TeamDetail, "POST", f"{self._path}/captain", json=body)

    def leave(self) -> None:
        """Leave the team.

        >>> team.leave()
        """
        self._http.call("POST", f"{self._path}/leave")

    def kick(self, user_id: str) -> None:
        """Put a member off the team; for captains.

        >>> team.kick(user_id)
        """
        self._http.call("DELETE", f"{self._path}/members/{user_id}")

    @cached_property
    def invites(self) -> CompetitionInvites:
        """Codes and invites."""
        return CompetitionInvites(self._http, self._competition_id)

    @cached_property
    def requests(self) -> CompetitionRequests:
        """Requests to join."""
        return CompetitionRequests(self._http, self._competition_id)
