"""Whether this client and a server understand one another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VersionCheck:
    """The versions of both ends; `message` is empty when they go together."""

    compatible: bool
    client_version: str
    server_version: str
    message: str = ""


def check_versions(client: str, server: str) -> VersionCheck:
    """Compare two versions: `major.minor` while the major is 0, else the major.

    >>> check_versions("0.6.0", "0.7.0").compatible
    False
    """
    ours, theirs = _series(client), _series(server)
    if theirs is None:
        message = f"the server names no version that this client knows: {server!r}"
    elif ours == theirs:
        return VersionCheck(True, client, server)
    else:
        side = "client" if (ours or ()) < theirs else "server"
        message = f"client {client} and server {server} may not go together: upgrade the {side}"
    return VersionCheck(False, client, server, message)


def _series(version: str) -> tuple[int, ...] | None:
    parts = version.split(".")
    if len(parts) < 2 or not (parts[0].isdecimal() and parts[1].isdecimal()):
        return None
    major, minor = int(parts[0]), int(parts[1])
    return (major, minor) if major == 0 else (major,)
