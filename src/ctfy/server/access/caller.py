"""Who calls, and the permission that each route names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPBearer
from sqlalchemy import bindparam, exists, func, select

from ctfy.core.enums import ScopeLevel
from ctfy.core.errors import Forbidden, Unauthorized
from ctfy.server.access import secrets
from ctfy.server.access.last_seen import LastSeen
from ctfy.server.access.rate_limits import RateLimits, network
from ctfy.server.access.scopes import Scope, holds
from ctfy.server.cache import Cache, Stamp
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Row, Statement
from ctfy.server.services import provided
from ctfy.server.settings import Settings
from ctfy.server.tables.access import CompetitionAdmin, Token, User
from ctfy.server.tables.accounts import Totp

_bearer = HTTPBearer(auto_error=False)
BearerHeader = Annotated[Any, Security(_bearer)]


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in person, and what the token at hand lets them do."""

    user_id: str
    role: str
    token_id: str
    token_kind: str
    competition_access: Literal["all", "selected", "none"]
    competition_ids: frozenset[str]
    permissions: dict[str, str]
    administered: frozenset[str] = frozenset()
    has_totp: bool = False
    expires_at: float | None = None
    stamp: Stamp = ()

    @property
    def operates(self) -> bool:
        """Whether the person has any operator rights, whatever the token at hand has of them."""
        return self.role != "user" or bool(self.administered)

    @property
    def is_super_admin(self) -> bool:
        """Super admin, with a session."""
        return self.token_kind == "user" and self.role == "super_admin"

    @property
    def runs(self) -> frozenset[str]:
        """The competitions whose own administrator they are, with a session."""
        return self.administered if self.token_kind == "user" else frozenset()

    def administers(self, competition_id: str) -> bool:
        """An administrator, or this competition's own."""
        return self.is_admin or competition_id in self.runs

    @property
    def is_admin(self) -> bool:
        """Admin or super admin, with a session: `pf_` tokens carry no operator rights."""
        return self.token_kind == "user" and self.role in ("admin", "super_admin")

    @property
    def reach(self) -> Literal["all", "selected", "none"]:
        """Into which competitions the token reaches; a session, into all."""
        return "all" if self.token_kind == "user" else self.competition_access

    def sees_competition(self, competition_id: str) -> bool:
        """Whether the token reaches into a competition at all."""
        reach = self.reach
        return reach == "all" or (reach == "selected" and competition_id in self.competition_ids)

    def check_competition(self, competition_id: str) -> None:
        """Raise 403 when the token does not reach into the competition."""
        if not self.sees_competition(competition_id):
            raise Forbidden(
                "token_competition_forbidden",
                "This token does not reach into that competition.",
                competition_id=competition_id,
            )

    def check_reaches_everywhere(self) -> None:
        """Raise 403 when the token leaves competitions out."""
        if self.reach != "all":
            raise Forbidden(
                "token_competition_forbidden", "This takes a token that reaches all competitions."
            )

    def check_scope(self, scope: Scope, level: ScopeLevel) -> None:
        """Raise 403 when the token lacks the scope."""
        if self.token_kind != "user" and not holds(self.permissions.get(scope, "none"), level):
            raise Forbidden(
                "token_missing_scope",
                f"This token lacks the scope {scope}:{level}.",
                scope=scope.value,
                level=level.value,
            )


def bearer_token(request: Request) -> str:
    """The token in the Authorization header; empty without one."""
    return bearer_of(request.headers.get("authorization", ""))


def bearer_of(header: str) -> str:
    """The token of an Authorization header; empty when it holds none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


# Built once: every request runs it, and building it costs as much as running it.
_BY_HASH = Statement(
    select(
        Token.id,
        Token.user_id,
        Token.kind,
        Token.expires_at,
        Token.competition_access,
        Token.competition_ids,
        Token.permissions,
        User.role,
        User.suspended_at,
        func.array(
            select(CompetitionAdmin.competition_id)
            .where(CompetitionAdmin.user_id == Token.user_id)
            .scalar_subquery()
        ).label("administered"),
        exists()
        .where(Totp.user_id == Token.user_id, Totp.confirmed_at.is_not(None))
        .label("has_totp"),
    )
    .join(User, User.id == Token.user_id)
    .where(Token.hash == bindparam("hash"), Token.revoked_at.is_(None))
)


class Authenticator:
    """Says for whom a token stands.

    That is cached for a minute: until then, only an event about the person asks the database.

    Where operators need a second factor, no token of one who has none stands for anybody: neither
    a session nor an API token, which somebody with a stolen password may have made. Only with
    `setting_up` a session does, for what leads to a second factor.
    """

    def __init__(
        self, settings: Settings, database: Database, cache: Cache, last_seen: LastSeen
    ) -> None:
        self._settings = settings
        self._database = database
        self._cache = cache
        self._last_seen = last_seen

    def must_set_up_totp(self, caller: Caller) -> bool:
        """Whether somebody can do nothing else before they have a second factor."""
        required = self._settings.require_totp_for_operators
        return required and caller.operates and not caller.has_totp

    async def identify(self, token: str, *, setting_up: bool = False) -> Caller:
        """The caller that a token stands for.

        Raises 401 when it stands for nobody, and `totp_setup_required`.
        """
        caller = await self._known(token)
        if self.must_set_up_totp(caller) and not (setting_up and caller.token_kind == "user"):
            raise Forbidden(
                "totp_setup_required",
                "Operators need two-factor sign-in here. Set it up in your account's settings.",
            )
        return caller

    async def _known(self, token: str) -> Caller:
        if not token:
            raise _unauthorized("Sign in first: send a token as 'Authorization: Bearer …'.")
        hashed = secrets.token_hash(token)
        cache = self._cache
        known: Caller | None = cache.get(("caller", hashed))
        if known is not None:
            return known
        while True:
            before = cache.changes
            rows = await self._database.read(_BY_HASH, hash=hashed)
            if not rows or (rows[0].expires_at is not None and rows[0].expires_at <= now()):
                raise _unauthorized("This token is not valid, or not any more. Sign in again.")
            if rows[0].suspended_at is not None:
                raise Unauthorized("account_suspended", "This account is suspended.")
            stamp = cache.stamp_since(before, f"user:{rows[0].user_id}")
            if stamp is not None:
                break
        caller = _caller(rows[0], stamp)
        cache.put(("caller", hashed), caller, caller.stamp, caller.expires_at)
        self._last_seen.note(caller.token_id, caller.user_id)
        return caller


def _unauthorized(message: str) -> Unauthorized:
    return Unauthorized("unauthorized", message, headers={"WWW-Authenticate": "Bearer"})


def _caller(row: Row, stamp: Stamp) -> Caller:
    return Caller(
        user_id=row.user_id,
        role=row.role,
        token_id=row.id,
        token_kind=row.kind,
        competition_access=row.competition_access,
        competition_ids=frozenset(row.competition_ids),
        permissions=row.permissions,
        administered=frozenset(row.administered),
        has_totp=row.has_totp,
        expires_at=row.expires_at.timestamp() if row.expires_at else None,
        stamp=stamp,
    )


def authenticator(request: Request) -> Authenticator:
    """The process's own."""
    found: Authenticator = request.app.services.get(Authenticator)
    return found


TheAuthenticator = Annotated[Authenticator, provided(Authenticator)]


async def identify(request: Request, token: str, *, setting_up: bool = False) -> Caller:
    """The caller that a request's token stands for.

    Raises 401 when it stands for nobody, and 429 when too many from there did not.
    """
    try:
        return await authenticator(request).identify(token, setting_up=setting_up)
    except Unauthorized:
        if token:
            await request.app.services.get(RateLimits).hit("token", network(request))
        raise


async def _signed_in(request: Request, _: BearerHeader) -> Caller:
    return await identify(request, bearer_token(request))


async def _perhaps_signed_in(request: Request, _: BearerHeader) -> Caller | None:
    token = bearer_token(request)
    return await _signed_in(request, None) if token else None


async def _setting_up(request: Request, _: BearerHeader) -> Caller:
    return await identify(request, bearer_token(request), setting_up=True)


SignedIn = Annotated[Caller, Depends(_signed_in, scope="function")]


class Permission:
    """What a route asks of its caller. Each route depends on exactly one; a test holds it."""

    def __init__(self, name: str, check: Callable[[Caller], None]) -> None:
        self.name = name
        self._check = check

    async def __call__(self, caller: SignedIn) -> Caller:
        """The caller, when they may."""
        self._check(caller)
        return caller


class SettingUpPermission(Permission):
    """The same for the few routes that lead to a second factor, where operators need one."""

    async def __call__(
        self, caller: Annotated[Caller, Depends(_setting_up, scope="function")]
    ) -> Caller:
        """The caller, when they may."""
        self._check(caller)
        return caller


def may(scope: Scope, level: ScopeLevel, *, setting_up: bool = False) -> Any:
    """Anybody signed in whose token holds the scope."""
    kind = SettingUpPermission if setting_up else Permission
    return Depends(
        kind(f"{scope}:{level}", lambda caller: caller.check_scope(scope, level)),
        scope="function",
    )


def _session_only(caller: Caller) -> None:
    if caller.token_kind != "user":
        raise Forbidden(
            "forbidden", "API tokens cannot do this. Sign in and use the session's token."
        )


def _admin_only(caller: Caller) -> None:
    if not caller.is_admin:
        raise Forbidden("forbidden", "Only administrators can do this.")


def _super_admin_only(caller: Caller) -> None:
    if not caller.is_super_admin:
        raise Forbidden("forbidden", "Only a super administrator can do this.")


AnyToken = Annotated[Caller, Depends(Permission("signed in", lambda _: None), scope="function")]
SessionOnly = Annotated[Caller, Depends(Permission("session", _session_only), scope="function")]
SettingUp = Annotated[
    Caller, Depends(SettingUpPermission("session", _session_only), scope="function")
]
Admin = Annotated[Caller, Depends(Permission("admin", _admin_only), scope="function")]
SuperAdmin = Annotated[
    Caller, Depends(Permission("super admin", _super_admin_only), scope="function")
]


class CompetitionPermission:
    """The path's competition's own administrators, and the platform's."""

    name = "competition admin"

    async def __call__(self, competition_id: str, caller: SignedIn) -> Caller:
        """The caller, when they may."""
        if not caller.administers(competition_id):
            raise Forbidden("forbidden", "Only this competition's administrators can do this.")
        return caller


ItsAdmin = Annotated[Caller, Depends(CompetitionPermission(), scope="function")]


class Open:
    """The permission of a route that needs nobody to be signed in."""

    name = "open"

    async def __call__(self) -> None:
        """Let everybody in."""


Everybody = Depends(Open())


class OpenToCaller:
    """Open to everybody; a caller who signs in sees what is theirs besides."""

    name = "open"

    async def __call__(
        self, caller: Annotated[Caller | None, Depends(_perhaps_signed_in)]
    ) -> Caller | None:
        """The caller, if they signed in. Raises 401 on a token that is not valid."""
        return caller


MaybeCaller = Annotated[Caller | None, Depends(OpenToCaller(), scope="function")]


async def _stream_caller(
    request: Request, _: BearerHeader, token: Annotated[str, Query(max_length=512)] = ""
) -> Caller:
    return await identify(request, bearer_token(request) or token)


class StreamPermission:
    """Anybody signed in, by header or by `?token=`: a browser's EventSource sets no headers."""

    name = "stream"

    async def __call__(self, caller: Annotated[Caller, Depends(_stream_caller)]) -> Caller:
        """The caller; no transaction stays open behind it."""
        return caller


StreamCaller = Annotated[Caller, Depends(StreamPermission())]


class OwnToken:
    """The permission of a route that checks a token of its own kind: a node's, Prometheus'."""

    name = "own token"

    async def __call__(self) -> None:
        """The service decides."""


ByOwnToken = Depends(OwnToken())
