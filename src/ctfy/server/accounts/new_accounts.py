"""Accounts that operators make and look after: created, renamed, given links and passwords."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, CtfyError, Forbidden, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.accounts import mail, service
from ctfy.server.accounts.events import (
    AccountCreated,
    AccountEdited,
    AccountPasswordSet,
    SignInLinkMade,
)
from ctfy.server.accounts.user_admin import emit_changed, get, locked, require_above
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.accounts import (
    GivePasswordRequest,
    NewUserRequest,
    NewUserResponse,
    SignInLink,
    UpdateUserRequest,
)
from ctfy.server.models.names import visible
from ctfy.server.settings import Settings
from ctfy.server.tables.access import User


async def create(
    session: AsyncSession, settings: Settings, jobs: Jobs, caller: Caller, body: NewUserRequest
) -> NewUserResponse:
    """Make somebody's account, with a password or a link that sets one.

    Raises `forbidden` for a role that the caller may not give, `email_taken`, `weak_password`,
    `mail_not_configured`, `password_auth_disabled`.
    """
    service.require_password_auth(settings.password_auth_enabled)
    if body.role != "user" and not caller.is_super_admin:
        raise Forbidden("forbidden", "Only a super administrator can make administrators.")
    email = body.email.lower()
    if body.password is not None:
        service.check_password(body.password, email)
    name = body.display_name or name_of(email)
    user_id = await service.create_user(
        session, email, body.password, name, role=body.role, given=True
    )
    if user_id is None:
        raise email_taken()
    user = await session.get_one(User, user_id)
    emit_changed(session, AccountCreated, caller, user, role=body.role)
    link = None
    if body.password is None:
        link = await _link(session, settings, jobs, user, mailed=_mailed(settings, body.mail))
    return NewUserResponse(user=await get(session, user_id), link=link)


def name_of(email: str) -> str:
    """What somebody is called who has told no name: the part of the address before the @."""
    return visible(email.partition("@")[0]) or "Player"


def email_taken() -> Conflict:
    """The refusal of an address that somebody has."""
    return Conflict("email_taken", "An account with this e-mail address exists already.")


async def make_links(
    session: AsyncSession,
    settings: Settings,
    jobs: Jobs,
    caller: Caller,
    user_ids: list[str],
    *,
    mail_them: bool | None,
) -> list[SignInLink]:
    """Links that set a password and sign in, once; earlier ones of the same people end.

    Raises `user_not_found`, `forbidden`, `own_account`, `account_email_missing`,
    `mail_not_configured`, `password_auth_disabled`.
    """
    service.require_password_auth(settings.password_auth_enabled)
    mailed = _mailed(settings, mail_them)
    rows = await session.scalars(
        select(User)
        .where(User.id.in_(user_ids), User.deleted_at.is_(None))
        .order_by(User.id)
        .with_for_update(key_share=True)
    )
    found = {user.id: user for user in rows}
    links = []
    for user_id in dict.fromkeys(user_ids):
        user = found.get(user_id)
        if user is None:
            raise NotFound("user_not_found", "There is no such person.", user_id=user_id)
        _require_others(caller, user)
        links.append(await _link(session, settings, jobs, user, mailed=mailed))
        emit_changed(session, SignInLinkMade, caller, user, mailed=mailed)
    return links


async def give_password(
    session: AsyncSession,
    settings: Settings,
    caller: Caller,
    user_id: str,
    body: GivePasswordRequest,
) -> None:
    """Set somebody's password; their sessions and API tokens end.

    Raises `user_not_found`, `forbidden`, `own_account`, `account_email_missing`, `weak_password`,
    `password_auth_disabled`.
    """
    service.require_password_auth(settings.password_auth_enabled)
    user = await locked(session, user_id)
    _require_others(caller, user)
    _require_address(user)
    await service.give_password(
        session, user, body.new_password, revoke_identities=body.revoke_identities
    )
    emit_changed(session, AccountPasswordSet, caller, user)


async def edit(
    session: AsyncSession,
    settings: Settings,
    jobs: Jobs,
    caller: Caller,
    user_id: str,
    body: UpdateUserRequest,
) -> None:
    """Change somebody's name or address; a new address is to be verified anew.

    Raises `user_not_found`, `forbidden`, `email_taken`.
    """
    user = await locked(session, user_id)
    require_above(caller, user)
    before = (user.display_name, user.email)
    if body.display_name is not None:
        user.display_name = body.display_name
    if body.email is not None and body.email.lower() != user.email:
        await _change_address(session, settings, jobs, user, body.email.lower())
    changed = [
        name
        for name, old, new in zip(
            ("display_name", "email"), before, (user.display_name, user.email), strict=True
        )
        if old != new
    ]
    if changed:
        emit_changed(session, AccountEdited, caller, user, fields=changed)


async def _change_address(
    session: AsyncSession, settings: Settings, jobs: Jobs, user: User, email: str
) -> None:
    try:
        async with session.begin_nested():
            user.email, user.email_verified_at = email, None
    except IntegrityError as error:
        raise email_taken() from error
    await mail.revoke(session, user.id, "verify", *mail.SETS_PASSWORD)
    if settings.smtp_host:
        await mail.request(session, settings, jobs, user.id, "verify")


def _require_others(caller: Caller, user: User) -> None:
    """Raise where the caller may not open somebody's account, or it is their own."""
    if user.id == caller.user_id:
        raise CtfyError("own_account", "Change your own password in your settings.")
    require_above(caller, user)


def _require_address(user: User) -> str:
    if user.email is None:
        raise CtfyError("account_email_missing", "A password needs an e-mail address beside it.")
    return user.email


def _mailed(settings: Settings, wanted: bool | None) -> bool:
    """Whether links are mailed. Raises `mail_not_configured`."""
    if wanted:
        mail.require_configured(settings)
    return bool(settings.smtp_host) if wanted is None else wanted


async def _link(
    session: AsyncSession, settings: Settings, jobs: Jobs, user: User, *, mailed: bool
) -> SignInLink:
    address = _require_address(user)
    who = {"user_id": user.id, "display_name": user.display_name, "email": address}
    await mail.revoke(session, user.id, *mail.OPERATORS)
    if mailed:
        await mail.invite(session, settings, jobs, user.id, address)
        return SignInLink(**who, mailed=True)
    made = await mail.mint(session, settings, user.id, address, "handed")
    return SignInLink(**who, url=made.url, expires_at=made.expires_at)
