"""The contract that every importer meets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ctfy.challenge.importers.draft import Draft


@dataclass(frozen=True)
class Importer:
    """Reads challenges of one format: `files` are the names that may hold one.

    `read` gives the challenge of such a file, or None when it is of another format.
    """

    name: str
    files: tuple[str, ...]
    read: Callable[[Path], Draft | None]
