"""Signing in with an account elsewhere: OAuth 2 with PKCE, OpenID Connect with nonce."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, CtfyError, NotFound, Unavailable
from ctfy.server.access.caller import Caller
from ctfy.server.access.secrets import token_hash
from ctfy.server.accounts import registration, totp
from ctfy.server.accounts.events import IdentityLinked
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.events.outbox import emit
from ctfy.server.models.names import visible
from ctfy.server.settings import OAuthProvider, Settings
from ctfy.server.tables.access import Token, User
from ctfy.server.tables.accounts import Identity, OAuthAttempt

# Authlib and its like are imported where they are used: ten megabytes that a server without
# providers need not hold.
if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

_AWAY = timedelta(minutes=10)
_TIMEOUT_S = 10.0
_CLOCK_SKEW_S = 60


@dataclass(frozen=True, slots=True)
class Person:
    """Who the provider says came back."""

    subject: str
    email: str
    email_verified: bool
    display_name: str
    login: str
    avatar_url: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a callback led to."""

    user_id: str
    linked: bool
    redirect_to: str


class ProviderFailed(Unavailable):
    """The provider did not do its part."""

    status = 502


def provider_of(settings: Settings, name: str) -> OAuthProvider:
    """A provider by name. Raises `oauth_provider_not_configured`."""
    provider = settings.oauth_providers.get(name)
    if provider is None:
        raise NotFound(
            "oauth_provider_not_configured",
            "This server has no such way to sign in.",
            known=sorted(settings.oauth_providers),
        )
    return provider


async def begin(
    session: AsyncSession,
    settings: Settings,
    name: str,
    *,
    redirect_to: str = "/",
    link_to: Caller | None = None,
    knows_code: bool = False,
) -> tuple[str, str]:
    """Where to send the browser, and the `state` that must come back with it.

    `link_to`: links to the account of that session, while it lasts, instead of signing in.
    `knows_code`: they sent the code that a new account takes here.
    """
    provider = provider_of(settings, name)
    state, verifier, nonce = (random.token_urlsafe(48) for _ in range(3))
    endpoints = await _endpoints(provider)
    session.add(
        OAuthAttempt(
            state_hash=token_hash(state),
            provider=name,
            verifier=verifier,
            nonce=nonce,
            redirect_to=local_path(redirect_to),
            link_user_id=link_to.user_id if link_to else None,
            link_token_id=link_to.token_id if link_to else None,
            knows_code=knows_code,
            expires_at=now() + _AWAY,
        )
    )
    client = _client(provider, settings, name)
    more = {} if provider.kind == "github" else {"nonce": nonce}
    url, _ = client.create_authorization_url(
        endpoints["authorization_endpoint"], state=state, code_verifier=verifier, **more
    )
    return str(url), state


def local_path(path: str) -> str:
    """A path on this server; anything that could lead elsewhere becomes `/`."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe and len(path) <= 500 else "/"


def _client(provider: OAuthProvider, settings: Settings, name: str) -> AsyncOAuth2Client:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    scope = "read:user user:email" if provider.kind == "github" else "openid email profile"
    return AsyncOAuth2Client(
        provider.client_id,
        provider.client_secret,
        scope=scope,
        redirect_uri=f"{settings.url}/api/v1/auth/callback/{name}",
        code_challenge_method="S256",
        timeout=_TIMEOUT_S,
    )


async def _endpoints(provider: OAuthProvider) -> dict[str, Any]:
    if provider.kind == "github":
        return {
            "authorization_endpoint": provider.authorize_url,
            "token_endpoint": provider.token_url,
        }
    url = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    found: dict[str, Any] = await _get(url)
    if found.get("issuer", "").rstrip("/") != provider.issuer.rstrip("/"):
        raise _failed("names another issuer than it was configured with")
    return found


async def _get(url: str, token: str = "") -> Any:
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S) as http:
            response = await http.get(url, headers=headers)
            response.raise_for_status()
            return response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise _failed("did not answer") from error


def _failed(what: str) -> ProviderFailed:
    return ProviderFailed("oauth_provider_failed", f"The sign-in provider {what}. Try again.")


async def finish(
    session: AsyncSession,
    database: Database,
    settings: Settings,
    name: str,
    *,
    code: str,
    state: str,
    cookie: str,
) -> Outcome:
    """Take somebody in who comes back from the provider.

    Raises `oauth_missing_params`, `oauth_state_mismatch`, `oauth_link_session_expired`,
    `oauth_link_target_missing`, `provider_email_unverified`, `account_email_missing`,
    `email_taken`, and as `registration.check` does for who has no account yet.
    """
    provider = provider_of(settings, name)
    if not code or not state:
        raise CtfyError("oauth_missing_params", "The provider sent no `code` or no `state`.")
    # In a transaction of its own: used up, whatever comes of it, and nothing open while we ask.
    async with database.transaction() as first:
        attempt = await first.scalar(
            delete(OAuthAttempt)
            .where(OAuthAttempt.state_hash == token_hash(state), OAuthAttempt.provider == name)
            .returning(OAuthAttempt)
        )
    if attempt is None:
        raise CtfyError("oauth_state_mismatch", "This sign-in was not started here. Start again.")
    # It ends in the browser that began it, or somebody could be signed in as another, or have what
    # is theirs linked to another's account.
    if not random.compare_digest(token_hash(state).encode(), cookie.encode()):
        raise CtfyError("oauth_state_mismatch", "This was begun in another browser. Start again.")
    if attempt.expires_at <= now():
        expired = "oauth_link_session_expired" if attempt.link_user_id else "oauth_state_mismatch"
        raise CtfyError(expired, "This took too long. Start again.")
    if attempt.link_user_id is not None:
        await _require_session(session, attempt)
    person = await _person(provider, settings, name, code, attempt)
    if attempt.link_user_id is not None:
        await _link(session, name, person, attempt.link_user_id)
        return Outcome(attempt.link_user_id, True, attempt.redirect_to)
    user_id = await _sign_in(session, settings, name, person, knows_code=attempt.knows_code)
    return Outcome(user_id, False, attempt.redirect_to)


async def _person(
    provider: OAuthProvider, settings: Settings, name: str, code: str, attempt: OAuthAttempt
) -> Person:
    from authlib.integrations.httpx_client import OAuthError

    endpoints = await _endpoints(provider)
    async with _client(provider, settings, name) as client:
        try:
            token = await client.fetch_token(
                endpoints["token_endpoint"], code=code, code_verifier=attempt.verifier
            )
        except (OAuthError, httpx.HTTPError, ValueError) as error:
            raise _failed("refused the code") from error
    if provider.kind == "github":
        return await _github_person(provider, token["access_token"])
    return await _oidc_person(provider, endpoints, token, attempt.nonce)


async def _oidc_person(
    provider: OAuthProvider, endpoints: dict[str, Any], token: dict[str, Any], nonce: str
) -> Person:
    """Who an ID token names, after all that OpenID Connect Core 3.1.3.7 has one check."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    keys = await _get(endpoints["jwks_uri"])
    registry = jwt.JWTClaimsRegistry(
        leeway=_CLOCK_SKEW_S,
        iss={"essential": True, "value": endpoints["issuer"]},
        sub={"essential": True},
        aud={"essential": True, "value": provider.client_id},
        exp={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        signed = jwt.decode(
            token.get("id_token", ""), KeySet.import_key_set(keys), algorithms=_ALGORITHMS
        )
        claims = signed.claims
        registry.validate(claims)
    except (JoseError, ValueError) as error:
        raise _failed("sent an ID token that is not valid") from error
    return Person(
        subject=str(claims["sub"]),
        email=str(claims.get("email", "")).lower(),
        email_verified=claims.get("email_verified") is True,
        display_name=str(claims.get("name", "")),
        login=str(claims.get("preferred_username", "")),
        avatar_url=str(claims.get("picture", "")),
    )


_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"]


async def _github_person(provider: OAuthProvider, token: str) -> Person:
    user = await _get(f"{provider.api_url}/user", token)
    emails = await _get(f"{provider.api_url}/user/emails", token)
    primary: dict[str, Any] = next((e for e in emails if e.get("primary")), {})
    return Person(
        subject=str(user["id"]),
        email=str(primary.get("email", "")).lower(),
        email_verified=primary.get("verified") is True,
        display_name=str(user.get("name") or user["login"]),
        login=str(user["login"]),
        avatar_url=str(user.get("avatar_url", "")),
    )


async def _sign_in(
    session: AsyncSession, settings: Settings, name: str, person: Person, *, knows_code: bool
) -> str:
    """The account of a person; a new one when nobody has this identity or address."""
    identity = await _identity(session, name, person)
    if identity is not None:
        identity.last_used_at = now()
        return identity.user_id
    if not person.email:
        raise CtfyError("account_email_missing", "The provider told us no e-mail address of yours.")
    if not person.email_verified:
        raise CtfyError(
            "provider_email_unverified", "Verify your e-mail address with the provider first."
        )
    user = await session.scalar(select(User).where(User.email == person.email))
    second = user is not None and await totp.is_on(session, user.id)
    if user is not None and (second or user.email_verified_at is None):
        # Whoever registered this address never proved that it is theirs. And whoever reads
        # somebody's mail makes an account elsewhere with it, but has not their second factor.
        raise Conflict(
            "email_taken",
            "An account has this address already. Sign in to it, then link this provider.",
        )
    if user is None:
        registration.check(settings, person.email, knows_code=knows_code)
        user = User(
            id=new_id(),
            email=person.email,
            email_verified_at=now(),
            display_name=visible(person.display_name[:120]) or visible(person.login) or "Player",
            avatar_url=person.avatar_url[:500],
        )
        session.add(user)
        await session.flush()
    _add(session, name, person, user.id)
    return user.id


async def _require_session(session: AsyncSession, attempt: OAuthAttempt) -> None:
    """Raise `oauth_link_session_expired` once the session has ended that asked for a link."""
    live = select(Token.id).where(
        Token.id == attempt.link_token_id,
        Token.user_id == attempt.link_user_id,
        Token.revoked_at.is_(None),
        Token.expires_at > now(),
    )
    if await session.scalar(live) is None:
        raise CtfyError(
            "oauth_link_session_expired", "You have signed out since. Sign in and start again."
        )


async def _link(session: AsyncSession, name: str, person: Person, user_id: str) -> None:
    user = await session.scalar(select(User).where(User.id == user_id, User.deleted_at.is_(None)))
    if user is None:
        raise CtfyError("oauth_link_target_missing", "The account to link to is gone.")
    identity = await _identity(session, name, person)
    if identity is not None and identity.user_id != user_id:
        raise Conflict("identity_taken", "This is linked to another account already.")
    if identity is None:
        _add(session, name, person, user_id)


async def _identity(session: AsyncSession, name: str, person: Person) -> Identity | None:
    found: Identity | None = await session.scalar(
        select(Identity).where(Identity.provider == name, Identity.subject == person.subject)
    )
    return found


def _add(session: AsyncSession, name: str, person: Person, user_id: str) -> None:
    session.add(
        Identity(
            user_id=user_id,
            provider=name,
            subject=person.subject,
            email=person.email,
            display_name=person.display_name[:200],
            login=person.login[:200],
            avatar_url=person.avatar_url[:500],
        )
    )
    emit(session, IdentityLinked(user_id=user_id, provider=name), actor_id=user_id)
