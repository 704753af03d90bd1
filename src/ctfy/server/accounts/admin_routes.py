"""`/admin/users`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from ctfy.server.access.caller import Admin, SuperAdmin
from ctfy.server.access.idempotency import Router
from ctfy.server.accounts import avatars, new_accounts
from ctfy.server.accounts import user_admin as administration
from ctfy.server.accounts.user_admin import Standing
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.fields import service as fields
from ctfy.server.kernel import TheJobs, TheSettings
from ctfy.server.models.accounts import (
    AdminUserInfo,
    GivePasswordRequest,
    NewUserRequest,
    NewUserResponse,
    Role,
    SignInLinksRequest,
    SignInLinksResponse,
    SuspendUserRequest,
    UpdateUserRequest,
    UpdateUserRoleRequest,
)
from ctfy.server.models.base import Page
from ctfy.server.models.fields import AnsweredField, FieldAnswers
from ctfy.server.site.images import UPLOAD, TheWorkshop

router = Router(prefix="/admin/users", tags=["users"])


@router.get("")
async def list_users(
    session: Session,
    paging: Paged,
    _: Admin,
    q: Annotated[str, Query(max_length=200)] = "",
    role: Role | None = None,
    standing: Standing = "",
) -> Page[AdminUserInfo]:
    """Everybody, newest first; `q` is sought in names and addresses."""
    query = administration.people(q, role or "", standing)
    return await paging.fetch(session, query, administration.info)


@router.post("")
async def create_user(
    body: NewUserRequest, settings: TheSettings, jobs: TheJobs, session: Session, caller: Admin
) -> NewUserResponse:
    """Make somebody's account; without a password, with a link that sets one, once.

    Only super admins make administrators.
    """
    return await new_accounts.create(session, settings, jobs, caller, body)


@router.post("/links")
async def make_links(
    body: SignInLinksRequest, settings: TheSettings, jobs: TheJobs, session: Session, caller: Admin
) -> SignInLinksResponse:
    """Make links that set a password and sign in, once; they are mailed or shown this once."""
    links = await new_accounts.make_links(
        session, settings, jobs, caller, body.user_ids, mail_them=body.mail
    )
    return SignInLinksResponse(links=links)


@router.get("/{user_id}")
async def get_user(user_id: str, session: Session, _: Admin) -> AdminUserInfo:
    """One person."""
    return await administration.get(session, user_id)


@router.patch("/{user_id}")
async def edit_user(
    user_id: str,
    body: UpdateUserRequest,
    settings: TheSettings,
    jobs: TheJobs,
    session: Session,
    caller: Admin,
) -> AdminUserInfo:
    """Change somebody's name or address; a new address is to be verified anew."""
    await new_accounts.edit(session, settings, jobs, caller, user_id, body)
    return await administration.get(session, user_id)


@router.get("/{user_id}/fields")
async def get_answers(user_id: str, session: Session, _: Admin) -> list[AnsweredField]:
    """What the platform asks, with somebody's answers."""
    await administration.get(session, user_id)
    return await fields.answers_of(session, user_id, fields.PLATFORM)


@router.patch("/{user_id}/fields")
async def correct_answers(
    user_id: str, body: FieldAnswers, session: Session, caller: Admin
) -> list[AnsweredField]:
    """Change somebody's answers to what the platform asks."""
    administration.require_above(caller, await administration.locked(session, user_id))
    return await fields.correct(session, caller, user_id, fields.PLATFORM, body.fields)


@router.put("/{user_id}/avatar", openapi_extra=UPLOAD)
async def put_avatar(
    user_id: str,
    request: Request,
    workshop: TheWorkshop,
    jobs: TheJobs,
    session: Session,
    caller: Admin,
) -> AdminUserInfo:
    """Give somebody a picture (PNG, JPEG, WebP); it is drawn anew, as a square."""
    image = await workshop.keep(await request.body(), "avatar", "avatar", caller)
    await avatars.correct(session, jobs, caller, user_id, image)
    return await administration.get(session, user_id)


@router.delete("/{user_id}/avatar")
async def remove_avatar(
    user_id: str, jobs: TheJobs, session: Session, caller: Admin
) -> AdminUserInfo:
    """Take somebody's picture away."""
    await avatars.correct(session, jobs, caller, user_id, None)
    return await administration.get(session, user_id)


@router.put("/{user_id}/password")
async def give_password(
    user_id: str,
    body: GivePasswordRequest,
    settings: TheSettings,
    session: Session,
    caller: Admin,
) -> AdminUserInfo:
    """Set somebody's password; their sessions and API tokens end."""
    await new_accounts.give_password(session, settings, caller, user_id, body)
    return await administration.get(session, user_id)


@router.patch("/{user_id}/role")
async def set_role(
    user_id: str, body: UpdateUserRoleRequest, session: Session, caller: SuperAdmin
) -> AdminUserInfo:
    """Give somebody a role; super admins only."""
    await administration.set_role(session, caller, user_id, body.role)
    return await administration.get(session, user_id)


@router.delete("/{user_id}/totp")
async def reset_totp(user_id: str, session: Session, caller: Admin) -> AdminUserInfo:
    """Turn off somebody's two-factor sign-in, who lost it."""
    await administration.reset_totp(session, caller, user_id)
    return await administration.get(session, user_id)


@router.post("/{user_id}/suspend")
async def suspend(
    user_id: str, body: SuspendUserRequest, jobs: TheJobs, session: Session, caller: Admin
) -> AdminUserInfo:
    """Shut somebody out: sessions and instances end, teams of theirs alone are hidden."""
    await administration.suspend(session, jobs, caller, user_id, body.reason)
    return await administration.get(session, user_id)


@router.post("/{user_id}/reinstate")
async def reinstate(user_id: str, session: Session, caller: Admin) -> AdminUserInfo:
    """Let somebody in again."""
    await administration.reinstate(session, caller, user_id)
    return await administration.get(session, user_id)
