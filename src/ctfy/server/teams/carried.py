"""What people bring to a new team: another team of a competition is no fresh start.

The hints that they took become the team's, at their cost: what one knows, all know. Their wrong
answers count against the caps for as long as they are on it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.server.tables.challenges import HintUnlock
from ctfy.server.tables.submissions import QuestionAttempts
from ctfy.server.tables.teams import Team, TeamMember

# Under names of their own: a query around the condition may join the same tables.
_member, _team = aliased(TeamMember), aliased(Team)


def counts_against(team_id: Any) -> ColumnElement[bool]:
    """The condition on wrong answers that count against a team: given on it, or by its people.

    `submissions/writer.py` has the same in its own SQL. The members are an array, looked up once:
    so both halves are found by an index.
    """
    members = select(_member.user_id).where(_member.team_id == team_id).correlate_except(_member)
    competition = select(_team.competition_id).where(_team.id == team_id).correlate_except(_team)
    by_member = and_(
        QuestionAttempts.follows,
        QuestionAttempts.user_id == any_(func.array(members.scalar_subquery())),
        QuestionAttempts.competition_id == competition.scalar_subquery(),
    )
    return or_(QuestionAttempts.team_id == team_id, by_member)


async def bring_hints(session: AsyncSession, team: Team, user_id: str) -> None:
    """Give a team the hints that somebody took on other teams of its competition."""
    taken = (
        select(
            literal(team.id),
            HintUnlock.challenge_id,
            HintUnlock.hint_id,
            HintUnlock.competition_id,
            HintUnlock.user_id,
            HintUnlock.cost,
            HintUnlock.unlocked_at,
        )
        .ext(distinct_on(HintUnlock.challenge_id, HintUnlock.hint_id))
        .where(
            and_(
                HintUnlock.user_id == user_id,
                HintUnlock.competition_id == team.competition_id,
                HintUnlock.team_id != team.id,
            )
        )
        .order_by(HintUnlock.challenge_id, HintUnlock.hint_id, HintUnlock.unlocked_at)
    )
    columns = [
        "team_id",
        "challenge_id",
        "hint_id",
        "competition_id",
        "user_id",
        "cost",
        "unlocked_at",
    ]
    await session.execute(insert(HintUnlock).from_select(columns, taken).on_conflict_do_nothing())
