"""The platforms that a competition can come from, each with how its file is read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol

from ctfy.server.moving import ctfd, gzctf, rctf
from ctfy.server.moving.source import Source

Platform = Literal["ctfd", "gzctf", "rctf"]


class Opened(Protocol):
    """How a platform's file is read."""

    def __call__(self, path: Path, *, any_version: bool) -> AbstractContextManager[Source]:
        """Open a file for as long as its competition is read from it. Raises ExportRefused.

        `any_version`: also one of a version that is not known here.
        """
        ...


SOURCES: dict[Platform, Opened] = {"ctfd": ctfd.opened, "gzctf": gzctf.opened, "rctf": rctf.opened}
