"""Files that a server gave, saved; and those that it is given, read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctfy.cli.output import Code, fail

Folder = Annotated[Path, typer.Option("--out", "-o", help="The folder to save in")]
File = Annotated[Path, typer.Option("--out", "-o", help="The file to write, or its folder")]


def save_all(folder: Path, files: dict[str, bytes]) -> str:
    """Save files in a folder under their own names; says what was written.

    A server names them, and none may land outside the folder.
    """
    saved = [_write(folder / Path(name).name, content) for name, content in files.items()]
    return "\n".join(saved) or "No files."


def save(target: Path, name: str, content: bytes) -> str:
    """Save one file, under its own name when `target` is a folder; says what was written."""
    return _write(target / Path(name).name if target.is_dir() else target, content)


def _write(path: Path, content: bytes) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        fail(f"{path}: {error.strerror}", hint="choose another --out")
    return f"{path}: {len(content):,} bytes"


def read_file(path: Path) -> bytes:
    """A file's content; says in one line why it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        fail(f"{path}: {error.strerror}")


def picture(path: Path | None) -> bytes:
    """The file that a command is to upload, or is told --remove instead of."""
    if path is None:
        fail("no file", hint="name one, or give --remove", code=Code.USAGE)
    return read_file(path)
