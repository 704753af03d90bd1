"""What whoever runs a competition changes of its teams: names, brackets, and whether they count."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.access.caller import Caller
from ctfy.server.access.view import audience_of_solves
from ctfy.server.competitions.events import ScoreboardUpdated
from ctfy.server.database.base import now
from ctfy.server.events.outbox import emit
from ctfy.server.models.teams import TeamCorrection, TeamDetail
from ctfy.server.tables.competitions import Competition
from ctfy.server.teams import names
from ctfy.server.teams.events import TeamProfileUpdated, TeamStandingChanged
from ctfy.server.teams.membership import lock
from ctfy.server.teams.service import checked_bracket, detail, team_of

_PROFILE = ("name", "bracket")
_STANDING = ("standing", "standing_reason", "standing_reason_shown")


async def correct(
    session: AsyncSession, caller: Caller, competition_id: str, team_id: str, body: TeamCorrection
) -> TeamDetail:
    """Change a team. Raises `team_not_found`, `team_name_taken`, 422 on an unknown bracket."""
    team = await team_of(session, competition_id, team_id)
    await lock(session, team_id)
    before = {name: getattr(team, name) for name in (*_PROFILE, *_STANDING)}
    wanted = body.model_dump(exclude_none=True)
    if wanted.get("standing") == "ranked":  # nothing is left to give a reason for
        wanted |= {"standing_reason": "", "standing_reason_shown": False}
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if "bracket" in changed:
        checked_bracket(await session.get_one(Competition, competition_id), changed["bracket"])
    if "name" in changed and team.name_folded is not None:
        await names.give(session, team, changed["name"])
    for name, value in changed.items():
        setattr(team, name, value)
    common: dict[str, Any] = {
        "team_id": team_id,
        "team_name": team.name,
        "competition_id": competition_id,
    }
    if changed.keys() & set(_PROFILE):
        _tell(session, TeamProfileUpdated(**common), caller, before, changed, _PROFILE)
    if changed.keys() & set(_STANDING):
        told = team.standing_reason if team.standing_reason_shown else None
        event = TeamStandingChanged(**common, standing=team.standing, reason=told)
        _tell(session, event, caller, before, changed, _STANDING)
    if changed.keys() & {"name", "bracket", "standing"}:  # what everybody's standings show
        competition = await session.get_one(Competition, competition_id)
        audience = audience_of_solves(competition, now())
        emit(session, ScoreboardUpdated(competition_id=competition_id), audience=audience)
    await session.flush()
    return await detail(session, caller, team_id)


def _tell(
    session: AsyncSession,
    event: TeamProfileUpdated | TeamStandingChanged,
    caller: Caller,
    before: dict[str, Any],
    changed: dict[str, Any],
    names: tuple[str, ...],
) -> None:
    changes = {name: value for name, value in changed.items() if name in names}
    was = {name: before[name] for name in changes}
    emit(session, event, actor_id=caller.user_id, before=was, after=changes)
