"""Writing an event in the transaction of what it tells of."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.database.engine import AFTER_COMMIT
from ctfy.server.tables.events import Event


class Audience(StrEnum):
    """Who is told."""

    EVERYBODY = "everybody"
    COMPETITION = "competition"  # the people of `competition_id`: on its teams, or running it
    TEAM = "team"
    ADMINS = "admins"
    PLATFORM = "platform"  # the replicas themselves: nobody reads it


# What the person it is about, `user_id`, hears of besides its audience.
PERSONAL = frozenset(
    {"competition_invite_changed", "competition_admin_changed", "team_member_kicked"}
)


def emit(
    session: AsyncSession,
    name: str,
    *,
    audience: Audience,
    team_id: str = "",
    team_name: str = "",
    challenge_id: str = "",
    actor_id: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    **ids: Any,
) -> None:
    """Add an event to the session: it is told when, and only if, the transaction commits.

    `actor_id` is the person who did it; `before` and `after` are for the operators' log, and told
    to no reader.
    """
    payload = {"team_id": team_id, "team_name": team_name, "challenge_id": challenge_id, **ids}
    audit = None
    if before is not None or after is not None:
        audit = to_jsonable_python({"before": before or {}, "after": after or {}})
    event = Event(
        name=name,
        audience=audience,
        team_id=team_id or None,
        actor_id=actor_id or None,
        payload=payload,
        audit=audit,
    )
    session.add(event)
    session.info.setdefault(AFTER_COMMIT, []).append((name, payload))


def account_changed(session: AsyncSession, user_id: str) -> None:
    """Tell every replica to look a person and their tokens up again."""
    emit(session, "account_changed", audience=Audience.PLATFORM, user_id=user_id)
