"""Hints: taken once by a team, for points."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Challenge
from ctfy.core.errors import NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.challenges.events import HintUnlocked
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.models.challenges import HintInfo
from ctfy.server.tables.challenges import HintUnlock

_TAKEN = Statement(
    select(HintUnlock.hint_id).where(
        HintUnlock.team_id == bindparam("team_id"),
        HintUnlock.challenge_id == bindparam("challenge_id"),
    )
)


async def listed(database: Database, challenge: Challenge, team_id: str) -> list[HintInfo]:
    """A challenge's hints; the text of those that the team took."""
    rows = await database.read(_TAKEN, team_id=team_id, challenge_id=challenge.id)
    taken = {row.hint_id for row in rows}
    return [
        HintInfo(
            id=hint.id,
            cost=hint.cost,
            unlocked=hint.id in taken,
            text=hint.text if hint.id in taken else "",
        )
        for hint in challenge.metadata.hints
    ]


async def unlock(
    session: AsyncSession,
    caller: Caller,
    challenge: Challenge,
    hint_id: str,
    *,
    competition_id: str,
    team_id: str,
    team_name: str,
) -> HintInfo:
    """Take a hint for the team; its cost is taken off their points, which may fall below zero.

    A second time costs nothing. Raises `hint_not_found`.
    """
    hint = next((h for h in challenge.metadata.hints if h.id == hint_id), None)
    if hint is None:
        raise NotFound("hint_not_found", "This challenge has no such hint.")
    new = await session.scalar(
        insert(HintUnlock)
        .values(
            team_id=team_id,
            challenge_id=challenge.id,
            hint_id=hint.id,
            competition_id=competition_id,
            user_id=caller.user_id,
            cost=hint.cost,
            unlocked_at=now(),
        )
        .on_conflict_do_nothing()
        .returning(HintUnlock.hint_id)
    )
    if new is not None:
        emit(
            session,
            HintUnlocked(
                team_id=team_id,
                team_name=team_name,
                challenge_id=challenge.id,
                competition_id=competition_id,
                hint_id=hint.id,
                cost=hint.cost,
            ),
            actor_id=caller.user_id,
        )
    return HintInfo(id=hint.id, cost=hint.cost, unlocked=True, text=hint.text)
