"""`/competitions` and their administration."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.access.caller import Admin, Caller, ItsAdmin, SuperAdmin
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.cache import Cache
from ctfy.server.competitions import (
    admins_and_invites,
    challenges,
    clock,
    editing,
    portability,
    service,
)
from ctfy.server.database.connections import Database, Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCache, TheCatalogue, TheDatabase, TheJobs, TheSettings
from ctfy.server.models.base import Page
from ctfy.server.models.competitions import (
    Access,
    ChallengeOrder,
    CompetitionAdminInfo,
    CompetitionChallengeInfo,
    CompetitionChallengeUpdate,
    CompetitionCloneRequest,
    CompetitionCreate,
    CompetitionExtendRequest,
    CompetitionImportResult,
    CompetitionInfo,
    CompetitionInviteInfo,
    CompetitionRegistrationInfo,
    CompetitionUpdate,
    GrantCompetitionAdminRequest,
    Status,
)
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import CompetitionInvite

router = Router(tags=["competitions"])


@router.get("/admin/competitions")
async def list_all_competitions(
    session: Session,
    paging: Paged,
    caller: Admin,
    q: Annotated[str, Query(max_length=200)] = "",
    status: Status | None = None,
    access: Access | None = None,
) -> Page[CompetitionInfo]:
    """Every competition, drafts and archived ones too, newest first."""
    view = View(caller)
    query = service.curated(view, text=q, status=status or "", access=access or "")
    return await paging.fetch(
        session,
        query,
        lambda row: CompetitionInfo(
            **service.competition_info(view, row.Competition, row, row.registered_count)
        ),
        view.values,
    )


@router.post("/admin/competitions", status_code=201)
async def create_competition(
    body: CompetitionCreate, catalogue: TheCatalogue, session: Session, caller: Admin
) -> CompetitionInfo:
    """Create a competition."""
    competition_id = await editing.create(session, catalogue, caller.user_id, body)
    await session.flush()
    row = await service.get_visible(session, caller, competition_id)
    return CompetitionInfo(**service.competition_info(View(caller), row.Competition, row, 0))


@router.patch("/admin/competitions/{competition_id}")
async def update_competition(
    competition_id: str,
    body: CompetitionUpdate,
    database: TheDatabase,
    cache: TheCache,
    catalogue: TheCatalogue,
    session: Session,
    caller: ItsAdmin,
) -> CompetitionInfo:
    """Change a competition; its own administrators may, too."""
    await editing.update(session, catalogue, caller, competition_id, body)
    return await _info(session, database, cache, caller, competition_id)


@router.delete("/admin/competitions/{competition_id}")
async def delete_competition(
    competition_id: str,
    jobs: TheJobs,
    session: Session,
    caller: Admin,
    force: bool = False,
) -> dict[str, str]:
    """Delete a competition with its teams and instances; one with solves only with `force`."""
    await editing.remove(session, jobs, caller.user_id, competition_id, force=force)
    return {"status": "deleted"}


@router.post("/admin/competitions/{competition_id}/clone", status_code=201)
async def clone_competition(
    competition_id: str, body: CompetitionCloneRequest, session: Session, caller: Admin
) -> CompetitionInfo:
    """A draft with the same rules and challenges, without times and teams."""
    copy_id = await editing.clone(session, caller.user_id, competition_id, body.title)
    await session.flush()
    row = await service.get_visible(session, caller, copy_id)
    return CompetitionInfo(**service.competition_info(View(caller), row.Competition, row, 0))


@router.post("/admin/competitions/{competition_id}/pause")
async def pause_competition(
    competition_id: str,
    database: TheDatabase,
    cache: TheCache,
    session: Session,
    caller: ItsAdmin,
) -> CompetitionInfo:
    """Stop the clock for everybody: nothing starts and no answer is taken; instances stay."""
    await clock.pause(session, caller, competition_id)
    return await _info(session, database, cache, caller, competition_id)


@router.post("/admin/competitions/{competition_id}/resume")
async def resume_competition(
    competition_id: str,
    database: TheDatabase,
    cache: TheCache,
    jobs: TheJobs,
    session: Session,
    caller: ItsAdmin,
) -> CompetitionInfo:
    """Let the clock go on; end, freeze and releases to come are put off by the pause."""
    await clock.resume(session, jobs, caller, competition_id)
    return await _info(session, database, cache, caller, competition_id)


@router.post("/admin/competitions/{competition_id}/extend")
async def extend_competition(
    competition_id: str,
    body: CompetitionExtendRequest,
    database: TheDatabase,
    cache: TheCache,
    session: Session,
    caller: ItsAdmin,
) -> CompetitionInfo:
    """Put the end off, and with it a freeze and a write-up deadline to come."""
    await clock.extend(session, caller, competition_id, body.minutes)
    return await _info(session, database, cache, caller, competition_id)


async def _info(
    session: AsyncSession, database: Database, cache: Cache, caller: Caller, competition_id: str
) -> CompetitionInfo:
    """A competition as this transaction leaves it."""
    await session.flush()
    row = await service.get_visible(session, caller, competition_id)
    counts = await service.registered_counts(database, cache, [competition_id])
    count = counts.get(competition_id, 0)
    return CompetitionInfo(**service.competition_info(View(caller), row.Competition, row, count))


@router.get("/admin/competitions/{competition_id}/export", response_class=Response)
async def export_competition(competition_id: str, database: TheDatabase, caller: Admin) -> Response:
    """The whole competition as one file: settings, challenges, teams, solves."""
    async with database.transaction() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        content = await portability.export(session, caller, competition_id)
    name = f"competition-{competition_id}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/json", headers=headers)


@router.post("/admin/competitions/import", status_code=201)
async def import_competition(
    request: Request, catalogue: TheCatalogue, session: Session, caller: SuperAdmin
) -> CompetitionImportResult:
    """Bring an exported competition back, whole or not at all; super admins only."""
    return await portability.import_(session, catalogue, caller, await request.body())


@router.get("/admin/competitions/{competition_id}/challenges")
async def list_offered(
    competition_id: str, catalogue: TheCatalogue, session: Session, paging: Paged, _: ItsAdmin
) -> Page[CompetitionChallengeInfo]:
    """Its challenges with their states and rules there, in the curator's order."""
    query = challenges.listed(competition_id)
    return await paging.fetch(
        session, query, lambda row: challenges.challenge_info(row.CompetitionChallenge, catalogue)
    )


@router.patch("/admin/competitions/{competition_id}/challenges/{challenge_id}")
async def change_offered(
    competition_id: str,
    challenge_id: str,
    body: CompetitionChallengeUpdate,
    settings: TheSettings,
    catalogue: TheCatalogue,
    session: Session,
    caller: ItsAdmin,
) -> CompetitionChallengeInfo:
    """Show a challenge, hide it, release it later, or give it rules of its own there."""
    row = await challenges.change(session, settings, caller, competition_id, challenge_id, body)
    return challenges.challenge_info(row, catalogue)


@router.put("/admin/competitions/{competition_id}/challenge-order")
async def order_challenges(
    competition_id: str,
    body: ChallengeOrder,
    session: Session,
    caller: ItsAdmin,
) -> ChallengeOrder:
    """Put its challenges in another order, in which players see them, too."""
    await challenges.order(session, caller, competition_id, body.challenge_ids)
    return body


@router.get("/admin/competitions/{competition_id}/registrations")
async def list_registrations(
    competition_id: str, session: Session, paging: Paged, _: ItsAdmin
) -> Page[CompetitionRegistrationInfo]:
    """The teams that take part, in the order in which they registered."""
    return await paging.fetch(
        session,
        editing.registrations(competition_id),
        lambda row: CompetitionRegistrationInfo(
            team_id=row.id,
            team_name=row.name,
            registered_at=row.created_at,
            members=row.members,
            solved=row.solved,
            bracket=row.bracket,
            standing=row.standing,
        ),
    )


@router.get("/admin/competitions/{competition_id}/admins")
async def list_admins(
    competition_id: str, session: Session, paging: Paged, caller: ItsAdmin
) -> Page[CompetitionAdminInfo]:
    """Who administers a competition; addresses are for the platform's administrators."""
    query = admins_and_invites.admins_of(competition_id)
    return await paging.fetch(session, query, lambda row: _admin_info(row, caller))


@router.post("/admin/competitions/{competition_id}/admins", status_code=201)
async def grant_admin(
    competition_id: str,
    body: GrantCompetitionAdminRequest,
    settings: TheSettings,
    session: Session,
    caller: SuperAdmin,
) -> CompetitionAdminInfo:
    """Make somebody administrator of one competition; super admins only."""
    user_id = await admins_and_invites.grant(session, settings, caller, competition_id, body)
    query = admins_and_invites.admins_of(competition_id).where(User.id == user_id)
    return _admin_info((await session.execute(query)).one(), caller)


def _admin_info(row: Any, caller: Caller) -> CompetitionAdminInfo:
    return CompetitionAdminInfo(
        user_id=row.CompetitionAdmin.user_id,
        display_name=row.display_name,
        email=(caller.is_admin and row.email) or "",
        granted_by=row.CompetitionAdmin.granted_by,
        granted_at=row.CompetitionAdmin.granted_at,
    )


@router.delete("/admin/competitions/{competition_id}/admins/{user_id}")
async def revoke_admin(
    competition_id: str, user_id: str, session: Session, caller: SuperAdmin
) -> dict[str, str]:
    """Take a competition's administration from somebody; super admins only."""
    await admins_and_invites.revoke(session, caller, competition_id, user_id)
    return {"status": "revoked"}


@router.get("/admin/competitions/{competition_id}/invites")
async def list_invited(
    competition_id: str, session: Session, paging: Paged, caller: ItsAdmin
) -> Page[CompetitionInviteInfo]:
    """Who may take part in a private competition; of addresses, those that were invited."""
    query = admins_and_invites.invited_to(competition_id)
    return await paging.fetch(session, query, lambda row: _invite_info(row, caller))


@router.post("/admin/competitions/{competition_id}/invites", status_code=201)
async def invite(
    competition_id: str,
    body: GrantCompetitionAdminRequest,
    settings: TheSettings,
    session: Session,
    caller: ItsAdmin,
) -> CompetitionInviteInfo:
    """Let somebody into a private competition, also before they have an account."""
    invite_id = await admins_and_invites.invite(session, settings, caller, competition_id, body)
    query = admins_and_invites.invited_to(competition_id).where(CompetitionInvite.id == invite_id)
    return _invite_info((await session.execute(query)).one(), caller)


def _invite_info(row: Any, caller: Caller) -> CompetitionInviteInfo:
    invited: CompetitionInvite = row.CompetitionInvite
    account = row.account_email if caller.is_admin else ""
    return CompetitionInviteInfo(
        user_id=invited.user_id or "",
        display_name=row.display_name or "",
        email=invited.email or account or "",
        invited_by=invited.invited_by,
        invited_at=invited.invited_at,
    )


@router.delete("/admin/competitions/{competition_id}/invites/{user_id}")
async def uninvite(
    competition_id: str, user_id: str, session: Session, caller: ItsAdmin
) -> dict[str, str]:
    """Take an invite back, by the person's id or the invited address."""
    await admins_and_invites.uninvite(session, caller, competition_id, user_id)
    return {"status": "revoked"}
