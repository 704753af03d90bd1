"""What people say of challenges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from sqlalchemy import Row, Select, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.access.caller import Caller
from ctfy.server.access.view import ME
from ctfy.server.challenges.events import ReactionAdded
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.models.challenges import (
    AdminFeedbackRow,
    FeedbackStats,
    MyReactionsResponse,
    ReactionName,
)
from ctfy.server.tables.access import User
from ctfy.server.tables.challenges import Reaction


async def react(
    session: AsyncSession,
    caller: Caller,
    challenge_id: str,
    reaction: ReactionName,
    competition_id: str,
    team_id: str | None,
) -> MyReactionsResponse:
    """Add a reaction of the caller, and say all that they have; a second time changes nothing."""
    await session.execute(
        insert(Reaction)
        .values(
            user_id=caller.user_id,
            challenge_id=challenge_id,
            reaction=reaction,
            competition_id=competition_id or None,
            team_id=team_id,
            created_at=now(),
        )
        .on_conflict_do_nothing()
    )
    emit(
        session,
        ReactionAdded(
            team_id=team_id or "",
            challenge_id=challenge_id,
            user_id=caller.user_id,
            reaction=reaction,
        ),
        actor_id=caller.user_id,
    )
    mine = {"caller_id": caller.user_id, "challenge_id": challenge_id}
    return _reactions((await session.execute(_MINE.clause, mine)).all())


async def take_back(
    session: AsyncSession, caller: Caller, challenge_id: str, reaction: str = ""
) -> None:
    """Remove one reaction of the caller, or all."""
    query = delete(Reaction).where(
        Reaction.user_id == caller.user_id, Reaction.challenge_id == challenge_id
    )
    await session.execute(query.where(Reaction.reaction == reaction) if reaction else query)


_MINE = Statement(
    select(Reaction.reaction, Reaction.created_at)
    .where(Reaction.user_id == ME, Reaction.challenge_id == bindparam("challenge_id"))
    .order_by(Reaction.created_at, Reaction.reaction)
)


async def mine(database: Database, caller: Caller, challenge_id: str) -> MyReactionsResponse:
    """The caller's reactions to a challenge."""
    rows = await database.read(_MINE, caller_id=caller.user_id, challenge_id=challenge_id)
    return _reactions(rows)


def _reactions(rows: Sequence[Any]) -> MyReactionsResponse:
    return MyReactionsResponse(
        reactions=[row.reaction for row in rows],
        updated_at=max((row.created_at for row in rows), default=None),
    )


def reactions_to(challenge_id: str, competition_id: str = "") -> Select[*tuple[Any, ...]]:
    """Who said what of a challenge, newest first."""
    query = (
        select(Reaction, User.display_name, User.email)
        .join(User, User.id == Reaction.user_id)
        .where(Reaction.challenge_id == challenge_id)
        .order_by(Reaction.created_at.desc(), Reaction.user_id, Reaction.reaction)
    )
    return query.where(Reaction.competition_id == competition_id) if competition_id else query


def row_info(row: Row[*tuple[Any, ...]]) -> AdminFeedbackRow:
    """A row of `reactions_to` on the wire."""
    reaction: Reaction = row.Reaction
    return AdminFeedbackRow(
        user_id=reaction.user_id,
        user_display_name=row.display_name,
        user_email=row.email or "",
        challenge_id=reaction.challenge_id,
        team_id=reaction.team_id or "",
        competition_id=reaction.competition_id or "",
        reaction=reaction.reaction,
        created_at=reaction.created_at,
        updated_at=reaction.created_at,
    )


_COUNTED = Statement(
    select(Reaction.reaction, func.count().label("times"))
    .where(Reaction.challenge_id == bindparam("challenge_id"))
    .group_by(Reaction.reaction)
)


async def stats(database: Database, challenge_id: str) -> FeedbackStats:
    """Everybody's reactions to a challenge, counted."""
    rows = await database.read(_COUNTED, challenge_id=challenge_id)
    counts = dict.fromkeys(get_args(ReactionName), 0) | {row.reaction: row.times for row in rows}
    return FeedbackStats(challenge_id=challenge_id, counts=counts, total=sum(counts.values()))
