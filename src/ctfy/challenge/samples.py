"""The challenges that come with ctfy, for a first start."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import ctfy

_PACKAGE = Path(ctfy.__file__).parent


def examples() -> Path:
    """The folder of examples: in the package where it is installed, else in the repository."""
    installed = _PACKAGE / "examples"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "examples"


def write(folder: Path) -> None:
    """Copy the sample challenges to a new folder, whole or not at all.

    Raises FileExistsError when there is one of that name.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} is there already")
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as draft:
        copied = shutil.copytree(
            examples() / "challenges",
            Path(draft) / folder.name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        try:
            os.rename(copied, folder)
        except OSError as error:  # another process was quicker
            raise FileExistsError(f"{folder} is there already") from error
