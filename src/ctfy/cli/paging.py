"""Which part of a long list."""

from __future__ import annotations

from typing import Annotated

import typer

Offset = Annotated[int, typer.Option(min=0, help="Skip so many")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="Show at most so many")]
