"""Which challenges a caller may know of, and through which competitions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Challenge
from ctfy.core.errors import Conflict, Forbidden, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.challenges.service import Sight
from ctfy.server.competitions.service import check_visible, phase_of, published, visible
from ctfy.server.database.base import now
from ctfy.server.platform import Platform
from ctfy.server.standings.board import Board
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.teams import TeamMember


def may_see_challenges(competition: Competition, caller: Caller | None) -> bool:
    """Challenges stay closed until the competition has started, but to its administrators."""
    if caller is not None and caller.administers(competition.id):
        return True
    return phase_of(competition, now()) != "upcoming"


async def of_competition(
    platform: Platform, session: AsyncSession, caller: Caller, competition_id: str
) -> Sight:
    """What the caller sees of one competition; its challenges once it has started."""
    live = caller.administers(competition_id)
    shown = await platform.standings.get(competition_id, "operators" if live else "players")
    teams = await teams_of(platform, session, caller)
    own = []
    if competition_id in teams:
        newest = (await platform.standings.get(competition_id, "operators")).board
        own = [(newest, teams[competition_id])]
    return Sight([shown.board], own, sees_locked=live)


async def teams_of(platform: Platform, session: AsyncSession, caller: Caller) -> dict[str, str]:
    """The caller's team per competition; remembered."""
    key = ("teams", caller.user_id)
    known: dict[str, str] | None = platform.memory.get(key)
    if known is not None:
        return known
    stamp = platform.memory.stamp(f"user:{caller.user_id}")
    rows = await session.execute(
        select(TeamMember.competition_id, TeamMember.team_id).where(
            TeamMember.user_id == caller.user_id
        )
    )
    found = {row.competition_id: row.team_id for row in rows}
    platform.memory.keep(key, found, stamp)
    return found


async def everywhere(
    platform: Platform, session: AsyncSession, caller: Caller | None
) -> tuple[list[str], Sight]:
    """The challenges that the caller may know of, by id, and what they see of them.

    Those of every competition that they may see and that has started; for administrators, all.
    """
    query: Any = visible(caller) if caller else published()
    competitions = [row.Competition for row in (await session.execute(query)).all()]
    boards: list[Board] = []
    own: list[tuple[Board, str]] = []
    teams = await teams_of(platform, session, caller) if caller else {}
    for competition in competitions:
        reaches = caller is None or caller.sees_competition(competition.id)
        if not reaches or not may_see_challenges(competition, caller):
            continue
        live = caller is not None and caller.administers(competition.id)
        audience = "operators" if live else "players"
        boards.append((await platform.standings.get(competition.id, audience)).board)  # type: ignore[arg-type]
        if competition.id in teams:
            newest = (await platform.standings.get(competition.id, "operators")).board
            own.append((newest, teams[competition.id]))
    if caller is not None and caller.is_admin:
        ids = list(platform.catalogue.challenges)
    else:
        ids = list(dict.fromkeys(id_ for board in boards for id_ in board.rules.challenge_ids))
    return ids, Sight(boards, own, sees_locked=caller is not None and caller.is_admin)


async def get(
    platform: Platform,
    session: AsyncSession,
    caller: Caller | None,
    challenge_id: str,
    competition_id: str = "",
) -> tuple[Challenge, Sight]:
    """One challenge that the caller may know of, and what they see of it.

    Raises `challenge_not_found`; with a competition `competition_not_found` and
    `challenge_out_of_competition`.
    """
    if competition_id and caller is not None:
        competition = await check_visible(platform, session, caller, competition_id)
        sight = await of_competition(platform, session, caller, competition_id)
        ids = list(sight.boards[0].rules.challenge_ids)
        if not may_see_challenges(competition, caller):
            ids = []
        elif challenge_id not in ids and platform.catalogue.get(challenge_id) is not None:
            raise Forbidden(
                "challenge_out_of_competition", "This challenge is not part of that competition."
            )
    else:
        ids, sight = await everywhere(platform, session, caller)
    challenge = platform.catalogue.get(challenge_id) if challenge_id in ids else None
    if challenge is None:
        raise NotFound("challenge_not_found", "There is no such challenge.")
    return challenge, sight


async def get_open(
    platform: Platform,
    session: AsyncSession,
    caller: Caller,
    challenge_id: str,
    competition_id: str = "",
) -> tuple[Challenge, Sight]:
    """Like `get`, and raises `challenge_locked` while the caller has to solve others first."""
    challenge, sight = await get(platform, session, caller, challenge_id, competition_id)
    if missing := sight.missing(challenge):
        raise Conflict(
            "challenge_locked", f"Solve {', '.join(missing)} first.", unlocked_by=missing
        )
    return challenge, sight
