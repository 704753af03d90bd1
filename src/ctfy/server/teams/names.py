"""Naming teams: no two of a competition have the same name, nor one that looks like it."""

from __future__ import annotations

import itertools

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict
from ctfy.server.access.lookalikes import keys
from ctfy.server.tables.teams import Team


async def give(session: AsyncSession, team: Team, name: str) -> None:
    """Name a team, new or not. Raises `team_name_taken`."""
    team.name, (team.name_folded, team.name_shape) = name, keys(name)
    try:
        async with session.begin_nested():
            session.add(team)
    except IntegrityError as error:
        if "uq_teams_competition_name" not in str(error.orig):
            raise
        raise Conflict(
            "team_name_taken",
            "A team of this competition has this name, or one that looks like it. Choose another.",
            name=name,
        ) from error


async def give_free(session: AsyncSession, team: Team, name: str) -> None:
    """Name a new team after somebody; with a number behind, if there is such a team already.

    Raises `team_name_taken` when others took the same number at the same moment.
    """
    plain = keys(name)
    rows = await session.execute(
        select(Team.name_folded, Team.name_shape).where(
            Team.competition_id == team.competition_id,
            or_(
                Team.name_folded.startswith(plain.folded, autoescape=True),
                Team.name_shape.startswith(plain.shape, autoescape=True),
            ),
        )
    )
    taken = {form for row in rows for form in enumerate(row)}
    numbered = (f"{name} {number}" for number in itertools.count(2))
    every = itertools.chain([name], numbered)
    free_one = next(n for n in every if taken.isdisjoint(enumerate(keys(n))))
    await give(session, team, free_one)


def free(team: Team) -> None:
    """Let others have the name of a team that nobody is on."""
    team.name_folded = team.name_shape = None
