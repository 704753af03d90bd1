"""A shell in an instance, for super admins. Times are Unix seconds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctfy.server.models.base import Request, Response


class ShellSessionRequest(Request):
    """Which container, and why."""

    container: Annotated[str, Field(min_length=1, max_length=200)]
    shell: Annotated[str, Field(pattern=r"^(bash|sh|ash|zsh)$")] = "bash"
    reason: Annotated[str, Field(min_length=10, max_length=500)]


class ShellSessionResponse(Response):
    """A ticket that opens `ws_url` once, within `expires_in` seconds."""

    session_id: str
    session_token: str
    ws_url: str
    expires_in: int


class ShellSessionInfo(Response):
    """A session that waits or is open. `burned`: its ticket was used."""

    session_id: str
    super_admin_user_id: str
    super_admin_email: str
    instance_id: str
    node_id: str
    container: str
    shell: str
    reason: str
    requested_at: float
    burned: bool
    ws_opened_at: float | None = None
    bytes_in: int
    bytes_out: int
    force_close_requested: bool


class ShellRecordingInfo(Response):
    """A recording in asciicast v2."""

    session_id: str = ""
    path: str = ""
    size_bytes: int = 0
    modified_at_ts: float = 0.0
