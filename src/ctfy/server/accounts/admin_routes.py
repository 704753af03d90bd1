"""`/admin/users`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from ctfy.server.access.caller import Admin, SuperAdmin
from ctfy.server.access.idempotency import Router
from ctfy.server.accounts import user_admin as administration
from ctfy.server.accounts.user_admin import Standing
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheJobs
from ctfy.server.models.accounts import (
    AdminUserInfo,
    Role,
    SuspendUserRequest,
    UpdateUserRoleRequest,
)
from ctfy.server.models.base import Page

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


@router.get("/{user_id}")
async def get_user(user_id: str, session: Session, _: Admin) -> AdminUserInfo:
    """One person."""
    return await administration.get(session, user_id)


@router.patch("/{user_id}/role")
async def set_role(
    user_id: str, body: UpdateUserRoleRequest, session: Session, caller: SuperAdmin
) -> AdminUserInfo:
    """Give somebody a role; super admins only."""
    await administration.set_role(session, caller, user_id, body.role)
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
