"""What can be wrong with a zip that somebody else packed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path


def cut(path: Path) -> None:
    """Take its end away."""
    path.write_bytes(path.read_bytes()[:-30])


def with_member(name: str, mode: int = 0) -> Callable[[Path], None]:
    """Add a member of some name, of some kind of file."""

    def spoil(path: Path) -> None:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(info, "content")

    return spoil


def corrupted(name: str) -> Callable[[Path], None]:
    """Change a byte of what is packed in a member."""

    def spoil(path: Path) -> None:
        content = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(name)
        content[info.header_offset + 30 + len(name) + 17] ^= 0xFF
        path.write_bytes(content)

    return spoil


def bomb(path: Path) -> None:
    """Add a GB of zeros in next to nothing."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(11):
            with archive.open(f"uploads/{number}/zeros", "w") as file:
                for _ in range(100):
                    file.write(bytes(1024 * 1024))


def crowded(path: Path) -> None:
    """Add more members than are taken."""
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(100_001):
            archive.writestr(f"uploads/{number}/x", b"")
