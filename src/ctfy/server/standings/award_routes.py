"""Awards and penalties: what a team was given, and giving it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from ctfy.server.access.caller import ItsAdmin, MaybeCaller
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheDatabase
from ctfy.server.models.awards import AwardCreate, AwardInfo, TeamAward
from ctfy.server.models.base import Page
from ctfy.server.standings import awards
from ctfy.server.teams.service import team_not_found

router = Router(tags=["standings"])

_OF = "/admin/competitions/{competition_id}"


@router.get("/teams/{team_id}/awards")
async def list_team_awards(
    team_id: str, database: TheDatabase, paging: Paged, caller: MaybeCaller
) -> Page[TeamAward]:
    """The points that a team was given, or that were taken off it, and why; newest first."""
    view = View(caller)
    if not await database.read(awards.known_team(view.sight), team_id=team_id, **view.values):
        raise team_not_found()
    listing = awards.of_team(view.sight)
    return await paging.read(database, listing, awards.team_award, team_id=team_id, **view.values)


@router.get(_OF + "/awards")
async def list_awards(
    competition_id: str,
    database: TheDatabase,
    paging: Paged,
    _: ItsAdmin,
    team_id: Annotated[str, Query(max_length=128)] = "",
) -> Page[AwardInfo]:
    """The awards and penalties of a competition, or of one team, newest first."""
    values = {"competition_id": competition_id} | ({"team_id": team_id} if team_id else {})
    listing = awards.of_competition(of_team=bool(team_id))
    return await paging.read(database, listing, awards.award_info, **values)


@router.post(_OF + "/teams/{team_id}/awards", status_code=201)
async def give_award(
    competition_id: str, team_id: str, body: AwardCreate, session: Session, caller: ItsAdmin
) -> AwardInfo:
    """Give a team points, or take some off it."""
    return await awards.give(session, caller, competition_id, team_id, body)


@router.delete(_OF + "/awards/{award_id}", status_code=204, response_class=Response)
async def revoke_award(
    competition_id: str, award_id: str, session: Session, caller: ItsAdmin
) -> None:
    """Take an award, or a penalty, back."""
    await awards.revoke(session, caller, competition_id, award_id)
