"""`client.auth`."""

from __future__ import annotations

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.accounts import (
    AuthTokenResponse,
    CreateFineGrainedTokenResponse,
    ProvidersResponse,
    TokenInfo,
    TokenScopesResponse,
)


class AuthResource:
    """Signing in, and tokens."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def register(self, email: str, password: str, display_name: str = "") -> AuthTokenResponse:
        """Create an account; its first session token."""
        body = {"email": email, "password": password, "display_name": display_name}
        return self._http.fetch(AuthTokenResponse, "POST", "/auth/register", json=body)

    def login(self, email: str, password: str) -> AuthTokenResponse:
        """Sign in; a session token.

        >>> token = client.auth.login("you@example.org", "…").token
        """
        body = {"email": email, "password": password}
        return self._http.fetch(AuthTokenResponse, "POST", "/auth/login", json=body)

    def providers(self) -> ProvidersResponse:
        """Every way to sign in here."""
        return self._http.fetch(ProvidersResponse, "GET", "/auth/providers")

    def list_tokens(self, offset: int = 0, limit: int = 50) -> list[TokenInfo]:
        """The caller's tokens, newest first."""
        return self._http.fetch_page(TokenInfo, "/auth/tokens", offset=offset, limit=limit)

    def mint_token(
        self,
        label: str,
        expires_in_days: int | None = None,
        *,
        competition_access: str | None = None,
        competition_ids: list[str] | None = None,
        permissions: dict[str, str] | None = None,
    ) -> CreateFineGrainedTokenResponse:
        """Mint a `pf_` token; its `token` is shown this once.

        >>> client.auth.mint_token("harness", 30, permissions={"instances": "write"})
        """
        body = {
            "label": label,
            "expires_in_days": expires_in_days,
            "competition_access": competition_access,
            "competition_ids": competition_ids or [],
            "permissions": permissions,
        }
        return self._http.fetch(CreateFineGrainedTokenResponse, "POST", "/auth/tokens", json=body)

    def revoke_token(self, token_id: str) -> None:
        """Revoke one token."""
        self._http.request("DELETE", f"/auth/tokens/{token_id}")

    def revoke_other_tokens(self) -> None:
        """Revoke every token but the one in use."""
        self._http.request("DELETE", "/auth/tokens/others")

    def token_scopes(self) -> TokenScopesResponse:
        """What a token's permissions can name."""
        return self._http.fetch(TokenScopesResponse, "GET", "/auth/tokens/scopes")
