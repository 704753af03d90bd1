"""Signing in, and the tokens of an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import (
    Conflict,
    CtfyError,
    Forbidden,
    Invalid,
    NotFound,
    Unauthorized,
    field_error,
)
from ctfy.server.access import cookie, secrets
from ctfy.server.access.caller import Caller
from ctfy.server.access.events import AccountChanged
from ctfy.server.access.rate_limits import RateLimits, network_of
from ctfy.server.access.scopes import CATALOGUE, Scope, holds
from ctfy.server.access.secrets import Secret
from ctfy.server.accounts import mail, totp
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement
from ctfy.server.domain import Domains, prune
from ctfy.server.events.outbox import emit
from ctfy.server.fields import service as fields
from ctfy.server.models.accounts import (
    CreateFineGrainedTokenRequest,
    LoginRequest,
    PasswordResetRequest,
    RegisterRequest,
    ScopeLevel,
    SetPasswordRequest,
)
from ctfy.server.settings import Settings
from ctfy.server.tables.access import Token, User
from ctfy.server.tables.accounts import DeviceGrant, Identity, Totp
from ctfy.server.tables.competitions import Competition

_MAX_TOKENS = 100
_MOST_PLACES = 1000  # from which somebody signed in
_MIN_DISTINCT_CHARACTERS = 5


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in came from."""

    ip_address: str
    user_agent: str


async def register(session: AsyncSession, body: RegisterRequest, origin: Origin) -> tuple[str, str]:
    """A new account: its id and first session token.

    Raises `email_taken`, `email_belongs_to_oauth`, `weak_password`, `field_invalid`,
    `fields_missing`.
    """
    email = body.email.lower()
    check_password(body.password, email)
    name = body.display_name.strip() or email.partition("@")[0]
    user_id = await create_user(session, email, body.password, name, role="user")
    if user_id is None:
        other = await session.scalar(select(User.password_hash).where(User.email == email))
        if other is None:
            raise Conflict(
                "email_belongs_to_oauth",
                "An account with this address signs in elsewhere. Sign in there.",
            )
        raise Conflict("email_taken", "An account with this e-mail address exists already.")
    await fields.give(session, user_id, fields.PLATFORM, body.fields, needed="all")
    return user_id, new_session(session, user_id, origin)


def check_password(password: str, email: str) -> None:
    """Raise `weak_password` for one that is guessed at once: the address, or hardly any variety."""
    lowered = password.lower()
    if len(set(password)) < _MIN_DISTINCT_CHARACTERS or lowered in (email, email * 2):
        raise Invalid(
            "weak_password",
            "This password is too easy to guess: use 12 or more varied characters.",
        )


async def create_user(
    session: AsyncSession,
    email: str,
    password: str | None,
    name: str,
    *,
    role: str,
    given: bool = False,
) -> str | None:
    """The new user's id; None when the address is taken. Without a password, a link sets one.

    `given`: somebody else chose the password.
    """
    created: str | None = await session.scalar(
        insert(User)
        .values(
            id=new_id(),
            email=email,
            display_name=name,
            password_hash=await secrets.hash_password(password) if password else None,
            password_given=given and password is not None,
            role=role,
            created_at=now(),
        )
        .on_conflict_do_nothing()
        .returning(User.id)
    )
    return created


async def ensure_super_admin(session: AsyncSession, email: str, password: str) -> str | None:
    """Create the first super admin; its id, or None when there is one already."""
    existing = await session.scalar(select(User.id).where(User.role == "super_admin").limit(1))
    if existing is not None:
        return None
    return await create_user(session, email.lower(), password, "Administrator", role="super_admin")


async def login(
    database: Database,
    session: AsyncSession,
    secret: Secret,
    rate_limits: RateLimits,
    body: LoginRequest,
    origin: Origin,
) -> str:
    """A session token.

    Raises `invalid_credentials`, `account_suspended`, `totp_required`, `totp_wrong`.

    Wrong halves of an address and a password are not told apart. Nothing is asked of `session`
    before the password is known to be right: a connection would be held while others are hashed.
    """
    found = await database.read(_CREDENTIALS, email=body.email.lower())
    stored = found[0].password_hash if found else None
    checked = await secrets.check_password_hash(body.password, stored)
    if not checked.is_right:
        raise _invalid_credentials()
    # Whoever changes the password meanwhile ends every session, also this one that is to be.
    user = await session.scalar(
        select(User)
        .where(User.id == found[0].id, User.password_hash == stored)
        .with_for_update(key_share=True)
    )
    if user is None:
        raise _invalid_credentials()
    await require_active(session, user.id)
    await totp.require_code(session, secret, rate_limits, user.id, body.totp_code)
    user.password_hash = checked.renewed_hash or stored
    return new_session(session, user.id, origin)


_CREDENTIALS = Statement(
    select(User.id, User.password_hash).where(User.email == bindparam("email"))
)


def _invalid_credentials() -> Unauthorized:
    return Unauthorized("invalid_credentials", "E-mail address or password is wrong.")


_PLACES = Statement(
    select(Token.ip_address)
    .join(User, User.id == Token.user_id)
    .where(User.email == bindparam("email"), Token.kind == "user")
    .distinct()
    .limit(_MOST_PLACES)
)


async def has_signed_in_from(database: Database, email: str, where: str) -> bool:
    """Whether an account's person has or had a session from a network, as `network_of` has it."""
    rows = await database.read(_PLACES, email=email.lower())
    return where in {network_of(row.ip_address or "") for row in rows}


async def require_active(session: AsyncSession, user_id: str) -> None:
    """Raise `account_suspended` for somebody whom the operators have shut out."""
    user = await session.get_one(User, user_id)
    if user.suspended_at is not None:
        reason = f" The reason given: {user.suspended_reason}" if user.suspended_reason else ""
        raise Forbidden("account_suspended", f"This account is suspended.{reason}")


def new_session(session: AsyncSession, user_id: str, origin: Origin) -> str:
    """A session token for somebody who has shown who they are."""
    token = secrets.new_token(secrets.SESSION_TOKEN_PREFIX)
    session.add(
        Token(
            user_id=user_id,
            kind="user",
            hash=secrets.token_hash(token),
            expires_at=now() + cookie.LIFE,
            ip_address=origin.ip_address,
            user_agent=origin.user_agent,
        )
    )
    return token


def tokens_of(user_id: str | BindParameter[Any]) -> Select[Any]:
    """Somebody's live tokens, newest first."""
    return (
        select(Token)
        .where(
            Token.user_id == user_id,
            Token.revoked_at.is_(None),
            (Token.expires_at.is_(None)) | (Token.expires_at > func.now()),
        )
        .order_by(Token.created_at.desc(), Token.id)
    )


TOKENS = Listing(tokens_of(bindparam("user_id")))


async def mint(
    session: AsyncSession, caller: Caller, body: CreateFineGrainedTokenRequest, origin: Origin
) -> tuple[Token, str]:
    """A new `pf_` token and its secret."""
    permissions = _permissions(body)
    access = await _competition_access(session, body, permissions)
    # Lock the account, so that two mints at once cannot pass the limit together.
    await session.execute(
        select(User.id).where(User.id == caller.user_id).with_for_update(key_share=True)
    )
    live = await session.scalar(
        select(func.count()).select_from(
            tokens_of(caller.user_id).where(Token.kind == "fine_grained").subquery()
        )
    )
    if (live or 0) >= _MAX_TOKENS:
        raise CtfyError(
            "token_limit_reached",
            f"You have {_MAX_TOKENS} tokens, the most there can be. Revoke one first.",
            cap=_MAX_TOKENS,
        )
    secret = secrets.new_token(secrets.API_TOKEN_PREFIX)
    token = Token(
        id=new_id(),
        user_id=caller.user_id,
        kind="fine_grained",
        hash=secrets.token_hash(secret),
        label=body.label,
        created_at=now(),
        expires_at=now() + timedelta(days=body.expires_in_days) if body.expires_in_days else None,
        ip_address=origin.ip_address,
        user_agent=origin.user_agent,
        competition_access=access,
        competition_ids=body.competition_ids if access == "selected" else [],
        permissions=permissions,
    )
    session.add(token)
    return token, secret


def _permissions(body: CreateFineGrainedTokenRequest) -> dict[str, str]:
    """The level of every category; unnamed ones are `none`. Raises 422 beyond a category's cap."""
    if body.permissions is None:
        return {scope.value: rule.max_level.value for scope, rule in CATALOGUE.items()}
    for key, level in body.permissions.items():
        if key not in CATALOGUE:
            known = ", ".join(CATALOGUE)
            raise field_error(["body", "permissions", key], f"no such category; use {known}")
        if level not in list(ScopeLevel) or not holds(
            CATALOGUE[Scope(key)].max_level, ScopeLevel(level)
        ):
            cap = CATALOGUE[Scope(key)].max_level
            raise field_error(["body", "permissions", key], f"use 'none' up to '{cap}'")
    return {scope.value: body.permissions.get(scope, "none") for scope in CATALOGUE}


async def _competition_access(
    session: AsyncSession, body: CreateFineGrainedTokenRequest, permissions: dict[str, str]
) -> str:
    scoped = [s for s, rule in CATALOGUE.items() if rule.competition_scoped]
    reaches = any(permissions[scope] != "none" for scope in scoped)
    access = body.competition_access
    if access is None:
        access = "selected" if body.competition_ids else "all" if reaches else "none"
    if access not in ("all", "selected", "none"):
        raise Invalid(
            "invalid_competition_access",
            "`competition_access` is 'all', 'selected' or 'none'.",
            known=["all", "selected", "none"],
        )
    if access == "selected" and not body.competition_ids:
        raise Invalid(
            "invalid_competition_access", "'selected' needs `competition_ids` with one id or more."
        )
    if access == "none" and reaches and body.permissions is not None:
        raise Invalid(
            "competition_scope_required",
            "These permissions are about competitions: choose 'all' or 'selected'.",
        )
    if access == "selected":
        known = set(
            await session.scalars(
                select(Competition.id).where(Competition.id.in_(body.competition_ids))
            )
        )
        if unknown := [c for c in body.competition_ids if c not in known]:
            raise Invalid("unknown_competition_id", "No such competition.", competition_ids=unknown)
    return access


async def revoke(session: AsyncSession, caller: Caller, token_id: str) -> None:
    """End one of the caller's tokens. Raises `token_not_found`, `cannot_revoke_current_token`."""
    if token_id == caller.token_id:
        raise Conflict("cannot_revoke_current_token", "This is the token you are using.")
    revoked = await session.scalar(
        update(Token)
        .where(Token.id == token_id, Token.user_id == caller.user_id, Token.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(Token.id)
    )
    if revoked is None:
        raise NotFound("token_not_found", "You have no such token.")
    emit(session, AccountChanged(user_id=caller.user_id))


async def sign_out(session: AsyncSession, caller: Caller) -> None:
    """End the session in use."""
    await session.execute(update(Token).where(Token.id == caller.token_id).values(revoked_at=now()))
    emit(session, AccountChanged(user_id=caller.user_id))


async def revoke_others(session: AsyncSession, caller: Caller) -> None:
    """End every token of the caller but the one in use, and what would become one."""
    await _revoke(session, caller.user_id, Token.id != caller.token_id)
    await session.execute(delete(DeviceGrant).where(DeviceGrant.user_id == caller.user_id))


def require_password_auth(enabled: bool) -> None:
    """Raise `password_auth_disabled` where this server takes no passwords."""
    if not enabled:
        raise NotFound("password_auth_disabled", "This server takes no passwords.")


async def set_password(
    session: AsyncSession, caller: Caller, body: SetPasswordRequest
) -> tuple[list[Token], list[Identity]]:
    """Set or change the password; every other session ends. What else still opens the account.

    Raises `account_email_missing`, `password_already_set`, `wrong_current_password`,
    `weak_password`.
    """
    user = await session.get_one(User, caller.user_id, with_for_update={"key_share": True})
    if user.email is None:
        raise CtfyError("account_email_missing", "A password needs an e-mail address beside it.")
    if user.password_hash is not None:
        if not body.current_password:
            raise Conflict("password_already_set", "Give the current password to change it.")
        checked = await secrets.check_password_hash(body.current_password, user.password_hash)
        if not checked.is_right:
            raise Unauthorized("wrong_current_password", "The current password is wrong.")
    await _replace_password(session, user, body.new_password, keep_token=caller.token_id)
    if body.revoke_tokens:
        await _revoke_api_tokens(session, user)
    if body.revoke_identities:
        await _unlink_all(session, user)
    left = (
        await session.scalars(tokens_of(caller.user_id).where(Token.id != caller.token_id))
    ).all()
    return list(left), list((await session.scalars(identities_of(caller.user_id))).all())


async def reset_password(
    session: AsyncSession, user: User, body: PasswordResetRequest, *, proves_address: bool
) -> None:
    """Set a new password for whoever came by a link; sessions end.

    If nobody had shown before that the address is theirs, somebody else may have registered it:
    then nothing that they made opens the account any more.
    """
    first = user.email_verified_at is None
    await _replace_password(session, user, body.new_password)
    if first or body.revoke_tokens:
        await _revoke_api_tokens(session, user)
    if first or body.revoke_identities:
        await _unlink_all(session, user)
    if proves_address:
        user.email_verified_at = user.email_verified_at or now()


async def give_password(
    session: AsyncSession, user: User, password: str, *, revoke_identities: bool
) -> None:
    """Give somebody a password that an operator chose; sessions and API tokens end."""
    await _replace_password(session, user, password)
    user.password_given = True
    await _revoke_api_tokens(session, user)
    if revoke_identities:
        await _unlink_all(session, user)


async def _replace_password(
    session: AsyncSession, user: User, password: str, *, keep_token: str = ""
) -> None:
    """Give somebody a new password; sessions end, but for one, and what would become one."""
    check_password(password, user.email or "")
    user.password_hash, user.password_given = await secrets.hash_password(password), False
    await _revoke(session, user.id, Token.kind == "user", Token.id != keep_token)
    await _end_what_opens_later(session, user)


async def _end_what_opens_later(session: AsyncSession, user: User) -> None:
    """End links that set a password, and devices that were approved and have no session yet."""
    await session.execute(delete(DeviceGrant).where(DeviceGrant.user_id == user.id))
    await mail.revoke(session, user.id, *mail.SETS_PASSWORD)


async def shut(session: AsyncSession, user: User) -> None:
    """End whatever opens somebody's account, but for what they alone know or have elsewhere.

    Sessions, API tokens and links end; so does a password that an operator chose, with the second
    factor that whoever had it may have set up.
    """
    await _revoke(session, user.id)
    await _end_what_opens_later(session, user)
    if user.password_given:
        user.password_hash, user.password_given = None, False
        await session.execute(delete(Totp).where(Totp.user_id == user.id))


async def _revoke_api_tokens(session: AsyncSession, user: User) -> None:
    await _revoke(session, user.id, Token.kind != "user")


async def _revoke(session: AsyncSession, user_id: str, *which: ColumnElement[bool]) -> None:
    await session.execute(
        update(Token)
        .where(Token.user_id == user_id, Token.revoked_at.is_(None), *which)
        .values(revoked_at=now())
    )
    emit(session, AccountChanged(user_id=user_id))


async def _unlink_all(session: AsyncSession, user: User) -> None:
    await session.execute(delete(Identity).where(Identity.user_id == user.id))


async def delete_password(session: AsyncSession, caller: Caller) -> None:
    """Sign in elsewhere only. Raises `password_not_set`, `last_sign_in_method`."""
    user = await session.get_one(User, caller.user_id, with_for_update={"key_share": True})
    if user.password_hash is None:
        raise NotFound("password_not_set", "You have no password.")
    if not await session.scalar(select(Identity.id).where(Identity.user_id == user.id).limit(1)):
        raise _last_method()
    user.password_hash, user.password_given = None, False


def identities_of(user_id: str | BindParameter[Any]) -> Select[Identity]:
    """Somebody's accounts elsewhere, oldest first."""
    return (
        select(Identity)
        .where(Identity.user_id == user_id)
        .order_by(Identity.created_at, Identity.id)
    )


IDENTITIES = Listing(identities_of(bindparam("user_id")))


async def unlink(session: AsyncSession, caller: Caller, identity_id: str) -> None:
    """Let go of an account elsewhere. Raises `identity_not_found`, `last_sign_in_method`."""
    user = await session.get_one(User, caller.user_id, with_for_update={"key_share": True})
    found = (await session.scalars(identities_of(caller.user_id))).all()
    identity = next((i for i in found if i.id == identity_id), None)
    if identity is None:
        raise NotFound("identity_not_found", "You have no such linked account.")
    if user.password_hash is None and len(found) == 1:
        raise _last_method()
    await session.delete(identity)


def _last_method() -> Conflict:
    return Conflict("last_sign_in_method", "You could not sign in any more without this.")


async def expire_tokens(database: Database, settings: Settings, domains: Domains) -> str:
    """Delete tokens that expired, and sign-ins that were begun; how many, in words."""
    return f"{await prune(database, settings, domains, 'token_expiry')} expired"
