# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/shell.py.
# Change that file, then run the tool.
"""`admin.shell`."""

from __future__ import annotations

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.base import ListOf
from ctfy.server.models.shell import ShellRecordingInfo, ShellSessionInfo, ShellSessionResponse


class AdminShellResource:
    """Shells in instances, for super admins."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def open(
        self, instance_id: str, container: str, *, reason: str, shell: str = "bash"
    ) -> ShellSessionResponse:
        """A ticket: connect to `ws_url` and send `{"ticket": session_token}` first."""
        path = f"/admin/instances/{instance_id}/shell/sessions"
        body = {"container": container, "shell": shell, "reason": reason}
        return await self._http.fetch(ShellSessionResponse, "POST", path, json=body)

    async def sessions(self) -> list[ShellSessionInfo]:
        """The sessions that wait or are open."""
        return (
            await self._http.fetch(ListOf[ShellSessionInfo], "GET", "/admin/shell-sessions")
        ).root

    async def close(self, session_id: str) -> None:
        """Close a session, whoever has it open."""
        await self._http.call("DELETE", f"/admin/shell-sessions/{session_id}")

    async def recordings(self) -> list[ShellRecordingInfo]:
        """What was recorded, newest first."""
        return (
            await self._http.fetch(ListOf[ShellRecordingInfo], "GET", "/admin/shell-recordings")
        ).root

    async def recording(self, session_id: str) -> bytes:
        """A recording in asciicast v2."""
        return (await self._http.call("GET", f"/admin/shell-recordings/{session_id}")).content
