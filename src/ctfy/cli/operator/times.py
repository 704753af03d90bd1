"""Moments on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer


def moment(text: str) -> datetime:
    """An ISO 8601 time; without a zone it is UTC. Raises typer.BadParameter."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time, as 2026-05-01T09:00:00Z") from None
    return in_utc(when)  # type: ignore[no-any-return]


def in_utc(value: Any) -> Any:
    """A time that names no zone, taken as UTC; anything else as it is."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


When = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="TIME", help="As 2026-05-01T09:00:00Z; no zone: UTC"),
]
