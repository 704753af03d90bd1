"""Logos of teams: uploaded by their captains, or by whoever runs the competition."""

from __future__ import annotations

import re

from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.access.caller import Caller
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.teams import TeamDetail
from ctfy.server.site import images
from ctfy.server.tables.site import Image
from ctfy.server.tables.teams import Team
from ctfy.server.teams.events import TeamProfileUpdated
from ctfy.server.teams.membership import captained, lock
from ctfy.server.teams.service import detail, emit_for_team, team_of

UPLOADS = re.compile(r"/api/v1/(admin/)?competitions/[^/]+/(team|teams/[^/]+)/logo")


async def change(
    session: AsyncSession, jobs: Jobs, caller: Caller, competition_id: str, image: Image | None
) -> TeamDetail:
    """Give the caller's team another logo, or none. Raises `not_captain`, `team_missing`."""
    team = await captained(session, caller, competition_id)
    return await _exchange(session, jobs, caller, team, image)


async def correct(
    session: AsyncSession,
    jobs: Jobs,
    caller: Caller,
    competition_id: str,
    team_id: str,
    image: Image | None,
) -> TeamDetail:
    """The same of any team, by who runs the competition. Raises `team_not_found`."""
    team = await team_of(session, competition_id, team_id)
    return await _exchange(session, jobs, caller, await lock(session, team_id) or team, image)


async def _exchange(
    session: AsyncSession, jobs: Jobs, caller: Caller, team: Team, image: Image | None
) -> TeamDetail:
    team.logo_url = await images.exchange(session, jobs, team.logo_url, image)
    emit_for_team(session, TeamProfileUpdated, team, "", caller)
    await session.flush()
    return await detail(session, caller, team.id)
