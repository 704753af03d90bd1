"""People as operators see them: found, promoted, suspended."""

from __future__ import annotations

from typing import Any, Literal, get_args

from sqlalchemy import Row, Select, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, CtfyError, Forbidden, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.accounts import service
from ctfy.server.accounts.events import (
    AccountEvent,
    AccountReinstated,
    AccountRoleChanged,
    AccountSuspended,
    AccountTotpReset,
)
from ctfy.server.accounts.profiles import profile_fields
from ctfy.server.database.base import now
from ctfy.server.events.outbox import emit
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.accounts import AdminUserInfo, Role
from ctfy.server.scheduling import lifecycle
from ctfy.server.tables.access import Token, User
from ctfy.server.tables.accounts import Identity, Totp
from ctfy.server.tables.instances import ALIVE, Instance
from ctfy.server.tables.submissions import ChallengeSolve, Solve, Submission
from ctfy.server.tables.teams import TeamMember
from ctfy.server.teams.events import TeamVisibilityChanged

Standing = Literal["", "active", "suspended"]
_RANKS: tuple[str, ...] = get_args(Role)  # from the least to the most


def people(text: str = "", role: str = "", standing: Standing = "") -> Select[*tuple[Any, ...]]:
    """The accounts that are not deleted, newest first. `text` is sought in name and address."""
    finished = (
        select(func.count())
        .select_from(Solve)
        .join(
            ChallengeSolve,
            (Solve.team_id == ChallengeSolve.team_id)
            & (Solve.challenge_id == ChallengeSolve.challenge_id)
            & (Solve.solved_at == ChallengeSolve.solved_at),
        )
        .where(Solve.user_id == User.id)
        .correlate(User)
    )
    tried = select(func.count()).where(Submission.user_id == User.id).correlate(User)
    linked = select(Identity.provider).where(Identity.user_id == User.id).correlate(User)
    query = (
        select(
            User,
            finished.scalar_subquery().label("solves"),
            tried.scalar_subquery().label("attempts"),
            exists()
            .where(Totp.user_id == User.id, Totp.confirmed_at.is_not(None))
            .label("totp_enabled"),
            func.array(linked.order_by(Identity.provider).scalar_subquery()).label("linked"),
        )
        .where(User.deleted_at.is_(None))
        .order_by(User.created_at.desc(), User.id)
    )
    if text:
        query = query.where(
            or_(
                User.display_name.icontains(text, autoescape=True),
                User.email.icontains(text, autoescape=True),
                User.id == text,
            )
        )
    if role:
        query = query.where(User.role == role)
    if standing:
        suspended = User.suspended_at.is_not(None)
        query = query.where(suspended if standing == "suspended" else ~suspended)
    return query


def info(row: Row[*tuple[Any, ...]]) -> AdminUserInfo:
    """A row of `people` on the wire."""
    user: User = row.User
    return AdminUserInfo(
        **profile_fields(user, own=True),
        solves=row.solves,
        attempts=row.attempts,
        email=user.email or "",
        email_verified=user.email_verified_at is not None,
        role=user.role,
        promoted_by=user.promoted_by,
        promoted_at=user.promoted_at,
        providers=(["password"] if user.password_hash else []) + list(row.linked),
        suspended_at=user.suspended_at,
        suspended_reason=user.suspended_reason,
        totp_enabled=row.totp_enabled,
    )


async def get(session: AsyncSession, user_id: str) -> AdminUserInfo:
    """One person. Raises `user_not_found`."""
    await session.flush()
    row = (await session.execute(people().where(User.id == user_id))).one_or_none()
    if row is None:
        raise NotFound("user_not_found", "There is no such person.")
    return info(row)


async def locked(session: AsyncSession, user_id: str) -> User:
    """The person, and every super admin, so that two changes at once cannot leave none."""
    query = (
        select(User)
        .where((User.id == user_id) | (User.role == "super_admin"), User.deleted_at.is_(None))
        .order_by(User.id)
        .with_for_update(key_share=True)
    )
    found = {user.id: user for user in await session.scalars(query)}
    if user_id not in found:
        raise NotFound("user_not_found", "There is no such person.")
    return found[user_id]


async def _require_another_super_admin(session: AsyncSession, user: User) -> None:
    if user.role != "super_admin":
        return
    another = await session.scalar(
        select(User.id)
        .where(
            User.role == "super_admin",
            User.id != user.id,
            User.deleted_at.is_(None),
            User.suspended_at.is_(None),
        )
        .limit(1)
    )
    if another is None:
        raise Conflict(
            "last_super_admin", "This is the last super admin. Name another first.", user_id=user.id
        )


async def set_role(session: AsyncSession, caller: Caller, user_id: str, role: Role) -> None:
    """Give somebody a role. Raises `user_not_found`, `last_super_admin`.

    Whoever rises signs in anew: an operator may have made or opened the account of a player, and
    gets with it into no administrator's.
    """
    user = await locked(session, user_id)
    if user.role == role:
        return
    await _require_another_super_admin(session, user)
    before, user.role = user.role, role
    user.promoted_by, user.promoted_at = caller.user_id, now()
    if _RANKS.index(role) > _RANKS.index(before):
        await service.shut(session, user)
    emit_changed(session, AccountRoleChanged, caller, user, previous_role=before, new_role=role)


async def suspend(
    session: AsyncSession, jobs: Jobs, caller: Caller, user_id: str, reason: str
) -> None:
    """Shut somebody out: sessions and instances of theirs end, teams of theirs alone are hidden.

    Their API tokens rest. Raises `user_not_found`, `cannot_suspend_self`, `forbidden` for an
    administrator who suspends an administrator, `last_super_admin`.
    """
    user = await locked(session, user_id)
    if user.id == caller.user_id:
        raise CtfyError("cannot_suspend_self", "You cannot suspend yourself.")
    require_above(caller, user)
    await _require_another_super_admin(session, user)
    if user.suspended_at is not None:
        return
    user.suspended_at, user.suspended_reason = now(), reason
    await session.execute(
        update(Token)
        .where(Token.user_id == user.id, Token.kind == "user", Token.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    started = await session.scalars(
        select(Instance.id).where(Instance.user_id == user.id, Instance.state.in_(ALIVE))
    )
    for instance_id in started.all():
        await lifecycle.request_stop(session, jobs, instance_id, "user_suspended")
    emit_changed(session, AccountSuspended, caller, user, reason=reason)
    await _hide_or_show(session, user.id)


async def reinstate(session: AsyncSession, caller: Caller, user_id: str) -> None:
    """Let somebody in again. Raises `user_not_found`, `forbidden` as `suspend` does."""
    user = await locked(session, user_id)
    require_above(caller, user)
    if user.suspended_at is None:
        return
    user.suspended_at, user.suspended_reason = None, ""
    emit_changed(session, AccountReinstated, caller, user)
    await _hide_or_show(session, user.id)


async def reset_totp(session: AsyncSession, caller: Caller, user_id: str) -> None:
    """Turn off the second factor of somebody who lost it.

    Raises `user_not_found`, `forbidden` as `suspend` does, `own_account`, `totp_not_set_up`.
    """
    user = await locked(session, user_id)
    require_above(caller, user)
    if user.id == caller.user_id:
        raise Conflict("own_account", "Turn off your own with a code, in your settings.")
    gone = delete(Totp).where(Totp.user_id == user_id, Totp.confirmed_at.is_not(None))
    if await session.scalar(gone.returning(Totp.user_id)) is None:
        raise NotFound("totp_not_set_up", "Their two-factor sign-in is off.")
    emit_changed(session, AccountTotpReset, caller, user)


def require_above(caller: Caller, user: User) -> None:
    """Raise `forbidden` for an administrator who would do something to an administrator."""
    if user.role != "user" and not caller.is_super_admin:
        raise Forbidden("forbidden", "Only a super administrator can do this to administrators.")


async def _hide_or_show(session: AsyncSession, user_id: str) -> None:
    """Have the standings of the person's competitions drawn up again."""
    rows = await session.execute(
        select(TeamMember.team_id, TeamMember.competition_id).where(TeamMember.user_id == user_id)
    )
    for row in rows.all():
        changed = TeamVisibilityChanged(team_id=row.team_id, competition_id=row.competition_id)
        emit(session, changed)


def emit_changed(
    session: AsyncSession, kind: type[AccountEvent], caller: Caller, user: User, **more: Any
) -> None:
    """Tell administrators what an operator did to somebody's account."""
    event = kind(
        user_id=user.id, target_user_id=user.id, target_user_name=user.display_name, **more
    )
    emit(session, event, actor_id=caller.user_id)
