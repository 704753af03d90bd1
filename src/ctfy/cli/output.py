"""What both command lines share: one-line errors and exit codes."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def fail(message: str, *, hint: str = "", code: int = 1) -> NoReturn:
    """Say in one line what went wrong, with a hint, and exit."""
    line = f"error: {message}" + (f" — {hint}" if hint else "")
    err.print(line, markup=False, soft_wrap=True)
    raise typer.Exit(code)
