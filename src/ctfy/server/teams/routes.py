"""`/teams` and a competition's teams."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from ctfy.core.enums import ScopeLevel
from ctfy.core.errors import Forbidden
from ctfy.server.access.caller import Caller, ItsAdmin, MaybeCaller, SignedIn, may
from ctfy.server.access.idempotency import Router
from ctfy.server.access.scopes import Scope
from ctfy.server.access.view import View
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.database.statement import containing
from ctfy.server.kernel import TheCache, TheDatabase, TheJobs, TheRateLimits, TheSettings
from ctfy.server.models.base import Page
from ctfy.server.models.fields import FieldAnswers
from ctfy.server.models.teams import (
    CaptainRequest,
    DirectInviteCreate,
    InviteCreate,
    RedeemRequest,
    RegisterTeamRequest,
    TeamCorrection,
    TeamDetail,
    TeamInfo,
    TeamInviteInfo,
    TeamUpdate,
)
from ctfy.server.site.images import UPLOAD, TheWorkshop
from ctfy.server.tables.access import User
from ctfy.server.teams import corrections, invites, logos, membership, service

router = Router(tags=["teams"])


_READ = may(Scope.TEAMS, ScopeLevel.READ)
_WRITE = may(Scope.TEAMS, ScopeLevel.WRITE)
_IN = "/competitions/{competition_id}"


async def _verified(settings: TheSettings, session: Session, caller: SignedIn) -> None:
    """Raise `email_not_verified` where this server lets only verified people play."""
    if settings.verified_email_required:
        user = await session.get_one(User, caller.user_id)
        if user.email_verified_at is None:
            raise Forbidden("email_not_verified", "Verify your e-mail address first.")


_VERIFIED = [Depends(_verified, scope="function")]


@router.get("/teams")
async def list_teams(database: TheDatabase, paging: Paged, caller: MaybeCaller) -> Page[TeamInfo]:
    """The teams of every competition that the caller may know of, oldest first."""
    view = View(caller)
    return await paging.read(database, service.known(view.sight), service.info, **view.values)


@router.get("/teams/{team_id}")
async def get_team(team_id: str, database: TheDatabase, caller: MaybeCaller) -> TeamDetail:
    """One team with its members."""
    return await service.visible_detail(database, View(caller), team_id)


@router.patch("/admin/competitions/{competition_id}/teams/{team_id}")
async def correct_team(
    competition_id: str, team_id: str, body: TeamCorrection, session: Session, caller: ItsAdmin
) -> TeamDetail:
    """Rename a team, change its bracket, hide or disqualify it, or rank it again."""
    return await corrections.correct(session, caller, competition_id, team_id, body)


@router.put("/admin/competitions/{competition_id}/teams/{team_id}/logo", openapi_extra=UPLOAD)
async def put_any_logo(
    competition_id: str,
    team_id: str,
    request: Request,
    workshop: TheWorkshop,
    jobs: TheJobs,
    session: Session,
    caller: ItsAdmin,
) -> TeamDetail:
    """Upload a team's logo (PNG, JPEG, WebP); it is drawn anew, to fit."""
    image = await workshop.keep(await request.body(), "team_logo", "logo", caller)
    return await logos.correct(session, jobs, caller, competition_id, team_id, image)


@router.delete("/admin/competitions/{competition_id}/teams/{team_id}/logo")
async def remove_any_logo(
    competition_id: str, team_id: str, jobs: TheJobs, session: Session, caller: ItsAdmin
) -> TeamDetail:
    """Take a team's logo away."""
    return await logos.correct(session, jobs, caller, competition_id, team_id, None)


@router.put("/admin/competitions/{competition_id}/teams/{team_id}/members/{user}")
async def move_member(
    competition_id: str,
    team_id: str,
    user: str,
    settings: TheSettings,
    session: Session,
    jobs: TheJobs,
    caller: ItsAdmin,
) -> TeamDetail:
    """Put somebody on a team, by id or address, from the team that they are on here, if any."""
    return await corrections.move(session, settings, jobs, caller, competition_id, team_id, user)


@router.delete(
    "/admin/competitions/{competition_id}/teams/{team_id}/members/{user}", status_code=204
)
async def remove_member(
    competition_id: str, team_id: str, user: str, session: Session, jobs: TheJobs, caller: ItsAdmin
) -> None:
    """Take somebody off a team, by id or address."""
    await corrections.take_off(session, jobs, caller, competition_id, team_id, user)


@router.post(_IN + "/teams", status_code=201, dependencies=_VERIFIED)
async def register(
    competition_id: str, body: RegisterTeamRequest, session: Session, caller: Caller = _WRITE
) -> TeamDetail:
    """Enter a competition, alone or with a new team."""
    return await service.register(session, caller, competition_id, body)


@router.get(_IN + "/teams/search")
async def search_teams(
    competition_id: str,
    cache: TheCache,
    database: TheDatabase,
    paging: Paged,
    caller: Caller = _READ,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Page[TeamInfo]:
    """A competition's teams whose name holds a text."""
    view = View(caller)
    await view.competition(database, cache, competition_id)
    values = view.values | {"competition_id": competition_id}
    if q:
        values["pattern"] = containing(q)
    listing = service.found(view.sight, by_name=bool(q))
    return await paging.read(database, listing, service.info, **values)


@router.post(_IN + "/teams/redeem", dependencies=_VERIFIED)
async def redeem(
    competition_id: str,
    body: RedeemRequest,
    rate_limits: TheRateLimits,
    session: Session,
    caller: Caller = _WRITE,
) -> TeamDetail:
    """Join a team by its invite code."""
    await rate_limits.hit("redeem", caller.user_id)
    team = await invites.redeem(session, caller, competition_id, body)
    return await service.detail(session, caller, team.id)


@router.post(_IN + "/teams/{team_id}/join-request", status_code=201, dependencies=_VERIFIED)
async def request_to_join(
    competition_id: str,
    team_id: str,
    session: Session,
    caller: Caller = _WRITE,
    body: FieldAnswers | None = None,
) -> TeamInviteInfo:
    """Ask a team's captain to let the caller in."""
    answers = body or FieldAnswers()
    invite = await invites.request(session, caller, competition_id, team_id, answers)
    return invites.invite_info(invite)


@router.patch(_IN + "/team")
async def update_team(
    competition_id: str, body: TeamUpdate, session: Session, caller: Caller = _WRITE
) -> TeamDetail:
    """Rename or describe the caller's team; captains only."""
    team = await membership.rename(session, caller, competition_id, body)
    await session.flush()
    return await service.detail(session, caller, team.id)


@router.put(_IN + "/team/logo", openapi_extra=UPLOAD)
async def put_logo(
    competition_id: str,
    request: Request,
    database: TheDatabase,
    workshop: TheWorkshop,
    jobs: TheJobs,
    rate_limits: TheRateLimits,
    session: Session,
    caller: Caller = _WRITE,
) -> TeamDetail:
    """Upload the logo (PNG, JPEG, WebP) of the caller's team, drawn anew to fit; captains only."""
    await rate_limits.hit("upload", caller.user_id)
    await membership.read_captained(database, caller, competition_id)
    image = await workshop.keep(await request.body(), "team_logo", "logo", caller)
    return await logos.change(session, jobs, caller, competition_id, image)


@router.delete(_IN + "/team/logo")
async def remove_logo(
    competition_id: str, jobs: TheJobs, session: Session, caller: Caller = _WRITE
) -> TeamDetail:
    """Take the logo of the caller's team away; captains only."""
    return await logos.change(session, jobs, caller, competition_id, None)


@router.post(_IN + "/team/captain")
async def hand_over(
    competition_id: str, body: CaptainRequest, session: Session, caller: Caller = _WRITE
) -> TeamDetail:
    """Make another member the captain."""
    team = await membership.hand_over(session, caller, competition_id, body.user_id)
    await session.flush()
    return await service.detail(session, caller, team.id)


@router.post(_IN + "/team/leave", status_code=204, response_class=Response)
async def leave(
    competition_id: str, jobs: TheJobs, session: Session, caller: Caller = _WRITE
) -> None:
    """Leave the team. A captain's place goes to the longest-standing member."""
    await membership.leave(session, jobs, caller, competition_id)


@router.delete(_IN + "/team/members/{target_user_id}", status_code=204, response_class=Response)
async def kick(
    competition_id: str, target_user_id: str, session: Session, caller: Caller = _WRITE
) -> None:
    """Put a member off the team; captains only."""
    await membership.kick(session, caller, competition_id, target_user_id)


@router.get(_IN + "/invites")
async def list_invites(
    competition_id: str,
    database: TheDatabase,
    paging: Paged,
    caller: Caller = _READ,
) -> Page[TeamInviteInfo]:
    """The codes, invites and requests of the caller's team, newest first; captains only."""
    team_id = await membership.read_captained(database, caller, competition_id)
    return await paging.read(database, invites.OF_TEAM, invites.invite_info, team_id=team_id)


@router.post(_IN + "/invites", status_code=201)
async def create_invite(
    competition_id: str, body: InviteCreate, session: Session, caller: Caller = _WRITE
) -> TeamInviteInfo:
    """Mint an invite code; captains only."""
    return invites.invite_info(await invites.create_code(session, caller, competition_id, body))


@router.post(_IN + "/invites/direct", status_code=201)
async def send_invite(
    competition_id: str,
    body: DirectInviteCreate,
    settings: TheSettings,
    rate_limits: TheRateLimits,
    session: Session,
    caller: Caller = _WRITE,
) -> TeamInviteInfo:
    """Invite somebody by the address of their account; captains only."""
    await rate_limits.hit("invite", caller.user_id)
    return invites.invite_info(
        await invites.send(session, settings, caller, competition_id, body.email)
    )


@router.delete(_IN + "/invites/{invite_id}")
async def revoke_invite(
    competition_id: str, invite_id: str, session: Session, caller: Caller = _WRITE
) -> dict[str, str]:
    """Take an invite back; captains only."""
    await invites.revoke(session, caller, competition_id, invite_id)
    return {"status": "revoked"}


@router.post(_IN + "/invites/{invite_id}/accept", dependencies=_VERIFIED)
async def accept_invite(
    competition_id: str,
    invite_id: str,
    session: Session,
    caller: Caller = _WRITE,
    body: FieldAnswers | None = None,
) -> TeamDetail:
    """Accept a direct invite."""
    answers = body.fields if body else {}
    team = await invites.settle_own(session, caller, competition_id, invite_id, "accepted", answers)
    return await service.detail(session, caller, team.id)


@router.post(_IN + "/invites/{invite_id}/decline")
async def decline_invite(
    competition_id: str, invite_id: str, session: Session, caller: Caller = _WRITE
) -> dict[str, str]:
    """Decline a direct invite."""
    await invites.settle_own(session, caller, competition_id, invite_id, "declined", {})
    return {"status": "declined"}


@router.post(_IN + "/invites/{invite_id}/approve")
async def approve_request(
    competition_id: str, invite_id: str, session: Session, caller: Caller = _WRITE
) -> TeamDetail:
    """Let somebody in who asked; captains only."""
    team = await invites.settle_request(session, caller, competition_id, invite_id, "approved")
    return await service.detail(session, caller, team.id)


@router.post(_IN + "/invites/{invite_id}/reject")
async def reject_request(
    competition_id: str, invite_id: str, session: Session, caller: Caller = _WRITE
) -> dict[str, str]:
    """Turn down somebody who asked; captains only."""
    await invites.settle_request(session, caller, competition_id, invite_id, "rejected")
    return {"status": "rejected"}
