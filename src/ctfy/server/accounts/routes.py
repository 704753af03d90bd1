"""`/auth` and `/me`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import func, select

from ctfy.server.access.caller import Caller, Everybody, SessionOnly, may
from ctfy.server.access.rate_limits import address
from ctfy.server.access.scopes import CATALOGUE, LEVELS, Scope
from ctfy.server.access.tables import Token, User
from ctfy.server.accounts import service
from ctfy.server.accounts.service import Origin
from ctfy.server.competitions.service import memberships
from ctfy.server.database.engine import Session
from ctfy.server.models.accounts import (
    AuthTokenResponse,
    CreateFineGrainedTokenRequest,
    CreateFineGrainedTokenResponse,
    LoginRequest,
    MeResponse,
    PasswordAuthInfo,
    ProvidersResponse,
    RegisterRequest,
    ScopeCatalogEntry,
    ScopeLevel,
    TokenInfo,
    TokenScopesResponse,
)
from ctfy.server.models.base import Page
from ctfy.server.pages import Limit, Offset, fetch_page
from ctfy.server.platform import ThePlatform
from ctfy.server.submissions.tables import Solve, Submission

router = APIRouter(tags=["accounts"])


def _origin(request: Request) -> Origin:
    return Origin(address(request), request.headers.get("user-agent", "")[:256])


@router.post("/auth/register", dependencies=[Everybody])
async def register(
    request: Request, body: RegisterRequest, platform: ThePlatform, session: Session
) -> AuthTokenResponse:
    """Create an account and sign in."""
    service.require_password_auth(platform.settings.password_auth_enabled)
    await platform.rate_limits.hit("register", address(request))
    return AuthTokenResponse(token=await service.register(session, body, _origin(request)))


@router.post("/auth/login", dependencies=[Everybody])
async def login(
    request: Request, body: LoginRequest, platform: ThePlatform, session: Session
) -> AuthTokenResponse:
    """Sign in with a password."""
    service.require_password_auth(platform.settings.password_auth_enabled)
    await platform.rate_limits.hit("login", f"{address(request)}|{body.email.lower()}")
    return AuthTokenResponse(token=await service.login(session, body, _origin(request)))


@router.get("/auth/providers", dependencies=[Everybody])
async def providers(platform: ThePlatform) -> ProvidersResponse:
    """Every way to sign in here."""
    password = PasswordAuthInfo(enabled=platform.settings.password_auth_enabled)
    return ProvidersResponse(providers=[], password_auth=password)


@router.get("/auth/tokens/scopes", dependencies=[Everybody])
async def token_scopes() -> TokenScopesResponse:
    """What a token's permissions can name."""
    return TokenScopesResponse(
        categories=[
            ScopeCatalogEntry(
                key=scope.value,
                label=rule.label,
                description=rule.description,
                competition_scoped=rule.competition_scoped,
                max_level=rule.max_level.value,
            )
            for scope, rule in CATALOGUE.items()
        ],
        levels=[level.value for level in LEVELS],
    )


def _token_fields(token: Token, caller: Caller) -> dict[str, Any]:
    names = TokenInfo.model_fields.keys() - {"is_current"}
    fields = {name: getattr(token, name) for name in names}
    return {**fields, "is_current": token.id == caller.token_id}


@router.get("/auth/tokens")
async def list_tokens(
    session: Session,
    caller: Caller = may(Scope.TOKENS, ScopeLevel.READ),
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page[TokenInfo]:
    """The caller's tokens, newest first."""
    rows, total = await fetch_page(session, service.tokens_of(caller), limit, offset)
    items = [TokenInfo(**_token_fields(row.Token, caller)) for row in rows]
    return Page(items=items, total=total, limit=limit, offset=offset)


@router.post("/auth/tokens")
async def mint_token(
    request: Request, body: CreateFineGrainedTokenRequest, session: Session, caller: SessionOnly
) -> CreateFineGrainedTokenResponse:
    """Mint a `pf_` token; it is shown this once."""
    token, secret = await service.mint(session, caller, body, _origin(request))
    return CreateFineGrainedTokenResponse(token=secret, **_token_fields(token, caller))


@router.delete("/auth/tokens/others")
async def revoke_other_tokens(session: Session, caller: SessionOnly) -> dict[str, str]:
    """Sign out everywhere else and revoke every API token."""
    await service.revoke_others(session, caller)
    return {"status": "revoked"}


@router.delete("/auth/tokens/{token_id}")
async def revoke_token(token_id: str, session: Session, caller: SessionOnly) -> dict[str, str]:
    """Revoke one token."""
    await service.revoke(session, caller, token_id)
    return {"status": "revoked"}


@router.get("/me")
async def me(
    platform: ThePlatform,
    session: Session,
    caller: Caller = may(Scope.PROFILE, ScopeLevel.READ),
    competition_id: str = "",
) -> MeResponse:
    """The caller, with the competitions they take part in."""
    user = (await session.execute(select(User).where(User.id == caller.user_id))).scalar_one()
    solves = await session.scalar(select(func.count()).where(Solve.user_id == caller.user_id))
    attempts = await session.scalar(
        select(func.count()).where(Submission.user_id == caller.user_id)
    )
    teams = await memberships(session, platform, caller)
    return MeResponse(
        id=user.id,
        display_name=user.display_name,
        created_at=user.created_at,
        last_active_at=user.last_active_at,
        solves=solves or 0,
        attempts=attempts or 0,
        email=user.email,
        is_admin=user.role != "user",
        role=user.role,
        providers=["password"] if user.password_hash else [],
        token_kind=caller.token_kind,
        competition_teams=[t for t in teams if competition_id in ("", t.competition_id)],
        competition_admin_ids=[],
    )
