"""Whether this client and a server understand one another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ctfy import __version__

_NUMBERS = re.compile(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)


class Compatibility(StrEnum):
    """How two versions go together."""

    OK = "ok"
    MINOR_DIFF = "minor_diff"
    INCOMPATIBLE = "incompatible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class VersionCheck:
    """The versions of both ends, and how they go together."""

    client: str
    server: str
    status: Compatibility

    @property
    def quiet(self) -> bool:
        """Whether nobody needs to be told: they go together, or nobody knows."""
        return self.status in (Compatibility.OK, Compatibility.UNKNOWN)

    @property
    def severe(self) -> bool:
        """Whether requests may fail."""
        return self.status is Compatibility.INCOMPATIBLE

    @property
    def compatible(self) -> bool:
        """Whether requests are expected to work."""
        return not self.severe

    @property
    def remediation(self) -> str:
        """The command that brings the client to the server's version; empty where none is known."""
        theirs = parse_version(self.server)
        if theirs is None:
            return ""
        return f'pip install -U "ctfy=={theirs[0]}.{theirs[1]}.*"'

    @property
    def message(self) -> str:
        """What to tell the user; empty where there is nothing to tell."""
        if self.quiet:
            return ""
        what = "may not go together" if self.severe else "differ"
        ours, theirs = parse_version(self.client), parse_version(self.server)
        older = "client" if (ours or ()) < (theirs or ()) else "server"
        how = f": {self.remediation}" if older == "client" else f", or {self.remediation}"
        return f"client {self.client} and server {self.server} {what}: upgrade the {older}{how}"


def package_version() -> str:
    """The version of this package."""
    return __version__


def parse_version(value: str) -> tuple[int, int, int] | None:
    """Major, minor and patch that a version begins with; None where it begins with none.

    >>> parse_version("1.2.3rc1")
    (1, 2, 3)
    """
    found = _NUMBERS.match(value.strip())
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def check_compatibility(client: str, server: str) -> VersionCheck:
    """Compare two versions: by `major.minor` while the major is 0, else by the major.

    >>> check_compatibility("0.6.0", "0.7.0").status
    <Compatibility.INCOMPATIBLE: 'incompatible'>
    """
    return VersionCheck(client, server, _status(parse_version(client), parse_version(server)))


_Version = tuple[int, int, int]


def _status(ours: _Version | None, theirs: _Version | None) -> Compatibility:
    if ours is None or theirs is None:
        return Compatibility.UNKNOWN
    if ours[:2] == theirs[:2]:
        return Compatibility.OK
    if ours[0] == theirs[0] > 0:
        return Compatibility.MINOR_DIFF
    return Compatibility.INCOMPATIBLE
