"""`/auth`: signing in, and the ways to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from ctfy.core.credentials import OAUTH_STATE_COOKIE
from ctfy.core.errors import CtfyError
from ctfy.server.access import cookie
from ctfy.server.access.caller import Caller, Everybody, SessionOnly, SettingUp, may
from ctfy.server.access.cookie import AsCookie
from ctfy.server.access.idempotency import Router
from ctfy.server.access.rate_limits import RateLimits, address, network
from ctfy.server.access.scopes import CATALOGUE, LEVELS, Scope
from ctfy.server.access.secrets import token_hash
from ctfy.server.accounts import devices, mail, oauth, proof_of_work, registration, service, totp
from ctfy.server.accounts.service import Origin
from ctfy.server.competitions.admins_and_invites import claim_invites
from ctfy.server.database.base import now
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCache, TheDatabase, TheJobs, TheRateLimits, TheSecret, TheSettings
from ctfy.server.models.accounts import (
    AuthTokenResponse,
    CreateFineGrainedTokenRequest,
    CreateFineGrainedTokenResponse,
    DeviceApproveRequest,
    DeviceCodeResponse,
    DeviceInfoResponse,
    DeviceTokenRequest,
    DeviceTokenResponse,
    EmailRequest,
    LinkedIdentity,
    LinkStartRequest,
    LinkStartResponse,
    LoginRequest,
    MailedTokenRequest,
    OAuthProviderInfo,
    PasswordAuthInfo,
    PasswordResetRequest,
    PasswordSetResponse,
    ProvidersResponse,
    RegisterRequest,
    RegistrationChallenge,
    RegistrationRule,
    ScopeCatalogEntry,
    ScopeLevel,
    SetPasswordRequest,
    TokenInfo,
    TokenScopesResponse,
)
from ctfy.server.models.base import Page
from ctfy.server.settings import Settings
from ctfy.server.tables.access import User

router = Router(tags=["accounts"])


def origin_of(request: Request) -> Origin:
    """Where a request comes from."""
    return Origin(address(request), request.headers.get("user-agent", "")[:256])


@router.get("/auth/register/challenge", dependencies=[Everybody])
async def registration_challenge(settings: TheSettings, secret: TheSecret) -> RegistrationChallenge:
    """What a registration must prove, where this server asks for it."""
    bits = settings.registration_proof_bits
    challenge = proof_of_work.challenge(secret) if bits else ""
    return RegistrationChallenge(challenge=challenge, bits=bits)


@router.post("/auth/register", dependencies=[Everybody])
async def register(
    request: Request,
    response: Response,
    body: RegisterRequest,
    settings: TheSettings,
    jobs: TheJobs,
    cache: TheCache,
    rate_limits: TheRateLimits,
    secret: TheSecret,
    session: Session,
    as_cookie: AsCookie = False,
) -> AuthTokenResponse:
    """Create an account and sign in."""
    service.require_password_auth(settings.password_auth_enabled)
    await rate_limits.hit("register", network(request))
    proof_of_work.check(secret, cache, body.proof, settings.registration_proof_bits)
    knows_code = await _knows_code(request, settings, rate_limits, body.code)
    registration.check(settings, body.email, knows_code=knows_code)
    async with rate_limits.failures(("guess", f"addresses from {network(request)}")):
        user_id, token = await service.register(session, body, origin_of(request))
    if settings.smtp_host:
        await mail.request(session, settings, jobs, user_id, "verify")
    await claim_invites(session, settings, await session.get_one(User, user_id))
    return _given(request, response, settings, token, as_cookie)


async def _knows_code(
    request: Request, settings: Settings, rate_limits: RateLimits, code: str
) -> bool:
    """Whether the organisers' code was sent. Raises `registration_code_wrong`."""
    if not code:
        return False
    # Counted by itself: who guesses codes locks nobody beside them out of anything else.
    async with rate_limits.failures(("guess", f"codes from {network(request)}")):
        return registration.knows_code(settings, code)


def _given(
    request: Request, response: Response, settings: TheSettings, token: str, as_cookie: bool
) -> AuthTokenResponse:
    """The new session's token: in the body, or in a cookie that no script reads."""
    if not as_cookie:
        return AuthTokenResponse(token=token)
    cookie.sign_in(request, response, token, settings.url)
    return AuthTokenResponse(token="")


@router.post("/auth/login", dependencies=[Everybody])
async def login(
    request: Request,
    response: Response,
    body: LoginRequest,
    settings: TheSettings,
    database: TheDatabase,
    rate_limits: TheRateLimits,
    secret: TheSecret,
    session: Session,
    as_cookie: AsCookie = False,
) -> AuthTokenResponse:
    """Sign in with a password, and where that is set up, with a second factor."""
    service.require_password_auth(settings.password_auth_enabled)
    counted = [("login", network(request))]
    # Guessing by others locks nobody out of where they signed in before.
    if not await service.has_signed_in_from(database, body.email, network(request)):
        counted.append(("account", body.email.lower()))
    async with rate_limits.failures(*counted):
        token = await service.login(
            database, session, secret, rate_limits, body, origin_of(request)
        )
    return _given(request, response, settings, token, as_cookie)


@router.get("/auth/providers", dependencies=[Everybody])
async def providers(settings: TheSettings) -> ProvidersResponse:
    """Every way to sign in here, and who may sign up."""
    password = PasswordAuthInfo(enabled=settings.password_auth_enabled)
    rule = settings.registration
    domains = settings.registration_domains if rule == "domains" else []
    return ProvidersResponse(
        providers=[
            OAuthProviderInfo(name=name, enabled=True, authorize_path=f"/api/v1/auth/login/{name}")
            for name in sorted(settings.oauth_providers)
        ],
        password_auth=password,
        registration=RegistrationRule(rule=rule, domains=domains),
    )


@router.post("/auth/logout")
async def logout(response: Response, session: Session, caller: SettingUp) -> dict[str, str]:
    """End the session in use; its token is worth nothing afterwards."""
    await service.sign_out(session, caller)
    cookie.forget(response)
    return {"status": "signed_out"}


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


def _token_fields(token: Any, caller: Caller) -> dict[str, Any]:
    names = TokenInfo.model_fields.keys() - {"is_current"}
    fields = {name: getattr(token, name) for name in names}
    reached = [id_ for id_ in token.competition_ids if caller.sees_competition(id_)]
    return {**fields, "competition_ids": reached, "is_current": token.id == caller.token_id}


@router.get("/auth/tokens")
async def list_tokens(
    database: TheDatabase,
    paging: Paged,
    caller: Caller = may(Scope.TOKENS, ScopeLevel.READ),
) -> Page[TokenInfo]:
    """The caller's tokens, newest first."""
    return await paging.read(
        database,
        service.TOKENS,
        lambda row: TokenInfo(**_token_fields(row, caller)),
        user_id=caller.user_id,
    )


@router.post("/auth/tokens")
async def mint_token(
    request: Request, body: CreateFineGrainedTokenRequest, session: Session, caller: SessionOnly
) -> CreateFineGrainedTokenResponse:
    """Mint a `pf_` token; it is shown this once."""
    token, secret = await service.mint(session, caller, body, origin_of(request))
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


@router.post("/auth/password")
async def set_password(
    body: SetPasswordRequest,
    settings: TheSettings,
    rate_limits: TheRateLimits,
    session: Session,
    caller: SessionOnly,
) -> PasswordSetResponse:
    """Set or change the password; every other session ends.

    The answer lists what still opens the account: `revoke_tokens` and `revoke_identities` end it.
    """
    service.require_password_auth(settings.password_auth_enabled)
    async with rate_limits.failures(("account", caller.user_id)):
        tokens, identities = await service.set_password(session, caller, body)
    return PasswordSetResponse(
        tokens=[TokenInfo(**_token_fields(token, caller)) for token in tokens],
        identities=[_identity_info(identity) for identity in identities],
    )


@router.delete("/auth/password")
async def delete_password(session: Session, caller: SessionOnly) -> dict[str, str]:
    """Sign in with linked accounts only."""
    await service.delete_password(session, caller)
    return {"status": "removed"}


@router.post("/auth/password/forgot", dependencies=[Everybody], status_code=202)
async def forgot_password(
    request: Request,
    body: EmailRequest,
    settings: TheSettings,
    jobs: TheJobs,
    rate_limits: TheRateLimits,
    session: Session,
) -> dict[str, str]:
    """Have a link mailed that sets a new password; the answer tells nobody who has an account."""
    service.require_password_auth(settings.password_auth_enabled)
    await rate_limits.hit("register", f"mail for {network(request)}")
    await rate_limits.hit("mail", body.email.lower())
    mail.require_configured(settings)
    user_id = await session.scalar(select(User.id).where(User.email == body.email.lower()))
    if user_id is not None:
        await mail.request(session, settings, jobs, user_id, "reset")
    return {"status": "sent"}


@router.post("/auth/password/reset", dependencies=[Everybody])
async def reset_password(
    request: Request,
    response: Response,
    body: PasswordResetRequest,
    settings: TheSettings,
    rate_limits: TheRateLimits,
    secret: TheSecret,
    session: Session,
    as_cookie: AsCookie = False,
) -> AuthTokenResponse:
    """Set a password with a link, and sign in; every other session ends.

    On an account whose address was never verified before, tokens and linked accounts end, too.
    """
    async with rate_limits.failures(("guess", f"links from {network(request)}")):
        user, purpose = await mail.redeem(session, body.token, *mail.SETS_PASSWORD)
        # Whoever reads somebody's mail has not their second factor. Refused, the link stays good.
        async with rate_limits.failures(("account", user.id)):
            await totp.require_code(session, secret, rate_limits, user.id, body.totp_code)
    # A link that an operator handed over by hand says nothing of who reads that address.
    await service.reset_password(session, user, body, proves_address=purpose != "handed")
    await claim_invites(session, settings, user)
    token = service.new_session(session, user.id, origin_of(request))
    return _given(request, response, settings, token, as_cookie)


@router.post("/auth/email/send-verification", status_code=202)
async def send_verification(
    settings: TheSettings,
    jobs: TheJobs,
    rate_limits: TheRateLimits,
    session: Session,
    caller: SessionOnly,
) -> dict[str, str]:
    """Have the link mailed again that verifies the caller's address."""
    await rate_limits.hit("mail", caller.user_id)
    await mail.request(session, settings, jobs, caller.user_id, "verify")
    return {"status": "sent"}


@router.post("/auth/email/verify", dependencies=[Everybody])
async def verify_email(
    request: Request,
    body: MailedTokenRequest,
    settings: TheSettings,
    rate_limits: TheRateLimits,
    session: Session,
) -> dict[str, str]:
    """Verify an address with a mailed link."""
    async with rate_limits.failures(("guess", f"links from {network(request)}")):
        user, _ = await mail.redeem(session, body.token, "verify")
    user.email_verified_at = user.email_verified_at or now()
    await claim_invites(session, settings, user)
    return {"status": "verified"}


@router.get("/auth/identities")
async def list_identities(
    database: TheDatabase,
    paging: Paged,
    caller: Caller = may(Scope.IDENTITIES, ScopeLevel.READ),
) -> Page[LinkedIdentity]:
    """The accounts elsewhere that sign the caller in."""
    return await paging.read(database, service.IDENTITIES, _identity_info, user_id=caller.user_id)


def _identity_info(identity: Any) -> LinkedIdentity:
    return LinkedIdentity(
        id=identity.id,
        provider=identity.provider,
        provider_email=identity.email,
        provider_display_name=identity.display_name,
        provider_user_id=identity.subject,
        provider_login=identity.login,
        avatar_url=identity.avatar_url,
        created_at=identity.created_at,
        last_used_at=identity.last_used_at,
    )


@router.delete("/auth/identities/{identity_id}")
async def unlink_identity(
    identity_id: str, session: Session, caller: SessionOnly
) -> dict[str, str]:
    """Let go of a linked account."""
    await service.unlink(session, caller, identity_id)
    return {"status": "unlinked"}


@router.post("/auth/identities/link/{provider}")
async def start_link(
    provider: str,
    response: Response,
    settings: TheSettings,
    rate_limits: TheRateLimits,
    secret: TheSecret,
    session: Session,
    caller: SessionOnly,
    body: LinkStartRequest | None = None,
) -> LinkStartResponse:
    """Begin to link an account elsewhere: open the address in the browser that asked.

    In another browser, the way ends where the settings let its person begin there. What is linked
    opens the account from then on, so whoever has a second factor gives its code.
    """
    code = body.totp_code if body else ""
    await totp.require_code(session, secret, rate_limits, caller.user_id, code)
    url, state = await oauth.begin(session, settings, provider, link_to=caller)
    _keep_state(response, settings, state)
    return LinkStartResponse(authorize_url=url)


@router.get(
    "/auth/login/{provider}",
    dependencies=[Everybody],
    response_class=RedirectResponse,
    status_code=307,
    responses={200: {"description": "Where clients follow the redirect"}},
)
async def oauth_login(
    provider: str,
    request: Request,
    settings: TheSettings,
    rate_limits: TheRateLimits,
    session: Session,
    redirect_to: Annotated[str, Query(max_length=500)] = "/",
    registration_code: Annotated[
        str, Query(max_length=128, description="For who has no account here yet")
    ] = "",
) -> RedirectResponse:
    """Sign in with an account elsewhere: leads the browser to the provider."""
    await rate_limits.hit("device", network(request))
    try:
        knows_code = await _knows_code(request, settings, rate_limits, registration_code)
    except CtfyError as refused:
        if not _is_browser(request):
            raise
        return RedirectResponse(f"/register?error={refused.code}", 303)
    url, state = await oauth.begin(
        session, settings, provider, redirect_to=redirect_to, knows_code=knows_code
    )
    response = RedirectResponse(url)
    _keep_state(response, settings, state)
    return response


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _keep_state(response: Response, settings: Settings, state: str) -> None:
    """Have the browser show, when it comes back from a provider, that it is the one that left."""
    response.set_cookie(
        OAUTH_STATE_COOKIE,
        token_hash(state),
        max_age=600,
        path="/api/v1/auth/callback",
        httponly=True,
        samesite="lax",
        secure=settings.url.startswith("https://"),
    )


@router.get("/auth/callback/{provider}", dependencies=[Everybody], response_model=AuthTokenResponse)
async def oauth_callback(
    provider: str,
    request: Request,
    settings: TheSettings,
    database: TheDatabase,
    session: Session,
    code: Annotated[str, Query(max_length=4096)] = "",
    state: Annotated[str, Query(max_length=512)] = "",
) -> AuthTokenResponse | RedirectResponse:
    """Where the provider sends the browser back to: signs in, or links.

    A browser gets its session as a cookie and is led on, or back to the sign-in page, which says
    what went wrong; a client gets the token.
    """
    browser = _is_browser(request)
    try:
        outcome = await oauth.finish(
            session,
            database,
            settings,
            provider,
            code=code,
            state=state,
            cookie=request.cookies.get(OAUTH_STATE_COOKIE, ""),
        )
        if not outcome.linked:
            await service.require_active(session, outcome.user_id)
    except CtfyError as refused:
        if not browser:
            raise
        await session.rollback()
        return RedirectResponse(f"/login?error={refused.code}", 303)
    if outcome.linked:
        if browser:
            return RedirectResponse("/settings?tab=signing-in", 303)
        return AuthTokenResponse(token="", redirect_to=outcome.redirect_to)
    user = await session.get_one(User, outcome.user_id)
    await claim_invites(session, settings, user)
    token = service.new_session(session, outcome.user_id, origin_of(request))
    if browser:
        onward = RedirectResponse(outcome.redirect_to, 303)
        cookie.keep(onward, token, settings.url)
        return onward
    return AuthTokenResponse(token=token, redirect_to=outcome.redirect_to)


@router.post("/auth/device/code", dependencies=[Everybody])
async def device_code(
    request: Request, settings: TheSettings, rate_limits: TheRateLimits, session: Session
) -> DeviceCodeResponse:
    """Codes for a device that wants to sign in."""
    await rate_limits.hit("device", network(request))
    return await devices.begin(session, origin_of(request), settings.url)


@router.post("/auth/device/token", dependencies=[Everybody])
async def device_token(
    request: Request, body: DeviceTokenRequest, rate_limits: TheRateLimits, session: Session
) -> DeviceTokenResponse:
    """Whether the device was approved; its token, once."""
    async with rate_limits.failures(("guess", network(request))):
        return await devices.collect(session, body.device_code, origin_of(request))


@router.get("/auth/device/info")
async def device_info(
    user_code: Annotated[str, Query(min_length=1, max_length=64)],
    rate_limits: TheRateLimits,
    session: Session,
    caller: SessionOnly,
) -> DeviceInfoResponse:
    """Which device waits behind a code."""
    async with rate_limits.failures(("guess", caller.user_id)):
        return await devices.info(session, user_code)


@router.post("/auth/device/approve")
async def approve_device(
    body: DeviceApproveRequest, rate_limits: TheRateLimits, session: Session, caller: SessionOnly
) -> DeviceInfoResponse:
    """Let the device that shows this code sign in as the caller."""
    async with rate_limits.failures(("guess", caller.user_id)):
        return await devices.decide(session, caller.user_id, body.user_code, "approved")


@router.post("/auth/device/deny")
async def deny_device(
    body: DeviceApproveRequest, rate_limits: TheRateLimits, session: Session, caller: SessionOnly
) -> DeviceInfoResponse:
    """Turn the device away that shows this code."""
    async with rate_limits.failures(("guess", caller.user_id)):
        return await devices.decide(session, caller.user_id, body.user_code, "denied")
