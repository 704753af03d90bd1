"""Writing an event in the transaction of what it tells of."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.events.tables import Event


class Audience(StrEnum):
    """Who is told."""

    EVERYBODY = "everybody"
    TEAM = "team"
    ADMINS = "admins"


def emit(
    session: AsyncSession,
    name: str,
    *,
    audience: Audience,
    team_id: str = "",
    team_name: str = "",
    challenge_id: str = "",
    **ids: Any,
) -> None:
    """Add an event to the session: it is told when, and only if, the transaction commits."""
    payload = {"team_id": team_id, "team_name": team_name, "challenge_id": challenge_id, **ids}
    session.add(Event(name=name, audience=audience, team_id=team_id or None, payload=payload))
