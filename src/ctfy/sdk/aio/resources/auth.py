# Written by tools/async_sdk.py from ctfy/sdk/resources/auth.py.
# Change that file, then run the tool.
"""`client.auth`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.accounts import (
    AuthTokenResponse,
    CreateFineGrainedTokenResponse,
    DeviceCodeResponse,
    DeviceInfoResponse,
    DeviceTokenResponse,
    LinkedIdentity,
    LinkStartResponse,
    PasswordSetResponse,
    ProvidersResponse,
    RegistrationChallenge,
    TokenInfo,
    TokenScopesResponse,
    TotpRecoveryCodes,
    TotpSetup,
    TotpState,
)
from ctfy.server.models.fields import FieldValue


class AuthResource:
    """Signing in, and tokens."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def register(
        self,
        email: str,
        password: str,
        display_name: str = "",
        *,
        proof: str = "",
        code: str = "",
        fields: Mapping[str, FieldValue] | None = None,
    ) -> AuthTokenResponse:
        """Create an account; its first session token.

        `proof` answers `registration_challenge()` on servers that ask for one; `code` is the
        organisers', where `providers().registration.rule` is `code`; `fields` answer
        `client.site.fields()`, by their names.
        """
        body: dict[str, Any] = {"email": email, "password": password, "proof": proof}
        body["display_name"] = display_name
        if code:
            body["code"] = code
        if fields:
            body["fields"] = dict(fields)
        return await self._http.fetch(AuthTokenResponse, "POST", "/auth/register", json=body)

    async def registration_challenge(self) -> RegistrationChallenge:
        """The proof of work that registering takes here; 0 bits: none."""
        return await self._http.fetch(RegistrationChallenge, "GET", "/auth/register/challenge")

    async def login(self, email: str, password: str, *, totp_code: str = "") -> AuthTokenResponse:
        """Sign in; a session token.

        `totp_code`: of the authenticator, or a recovery code, where two-factor sign-in is on: the
        server refuses with `totp_required` without one.
        """
        body = {"email": email, "password": password}
        if totp_code:
            body["totp_code"] = totp_code
        return await self._http.fetch(AuthTokenResponse, "POST", "/auth/login", json=body)

    async def totp(self) -> TotpState:
        """Whether two-factor sign-in is on."""
        return await self._http.fetch(TotpState, "GET", "/auth/totp")

    async def set_up_totp(self, password: str = "") -> TotpSetup:
        """A secret for an authenticator; nothing is asked for until `confirm_totp`."""
        return await self._http.fetch(
            TotpSetup, "POST", "/auth/totp/setup", json={"password": password}
        )

    async def confirm_totp(self, code: str) -> list[str]:
        """Turn it on with a code of the authenticator; the recovery codes, shown this once."""
        body = {"code": code}
        return (
            await self._http.fetch(TotpRecoveryCodes, "POST", "/auth/totp/confirm", json=body)
        ).codes

    async def disable_totp(self, code: str, password: str = "") -> TotpState:
        """Turn it off, with a code, or a recovery code, and the password."""
        body = {"password": password, "code": code}
        return await self._http.fetch(TotpState, "POST", "/auth/totp/disable", json=body)

    async def logout(self) -> None:
        """End the session in use, on the server."""
        await self._http.call("POST", "/auth/logout")

    async def device_code(self) -> DeviceCodeResponse:
        """Begin to sign in without a browser at hand: show `user_code` to the person."""
        return await self._http.fetch(DeviceCodeResponse, "POST", "/auth/device/code")

    async def device_token(self, device_code: str) -> DeviceTokenResponse:
        """Whether the person approved; asked every `interval` seconds."""
        body = {"device_code": device_code}
        return await self._http.fetch(DeviceTokenResponse, "POST", "/auth/device/token", json=body)

    async def device_info(self, user_code: str) -> DeviceInfoResponse:
        """Which device waits behind a code."""
        params = {"user_code": user_code}
        return await self._http.fetch(DeviceInfoResponse, "GET", "/auth/device/info", params=params)

    async def approve_device(self, user_code: str) -> DeviceInfoResponse:
        """Let a device sign in as the caller."""
        body = {"user_code": user_code}
        return await self._http.fetch(DeviceInfoResponse, "POST", "/auth/device/approve", json=body)

    async def deny_device(self, user_code: str) -> DeviceInfoResponse:
        """Turn a device away."""
        body = {"user_code": user_code}
        return await self._http.fetch(DeviceInfoResponse, "POST", "/auth/device/deny", json=body)

    async def set_password(
        self,
        new_password: str,
        current_password: str = "",
        *,
        revoke_tokens: bool = False,
        revoke_identities: bool = False,
    ) -> PasswordSetResponse:
        """Set or change the password; every other session ends. What else opens the account."""
        body: dict[str, str | bool] = {
            "new_password": new_password,
            "current_password": current_password,
        }
        asked = {"revoke_tokens": revoke_tokens, "revoke_identities": revoke_identities}
        body |= {name: value for name, value in asked.items() if value}
        return await self._http.fetch(PasswordSetResponse, "POST", "/auth/password", json=body)

    async def delete_password(self) -> None:
        """Sign in with linked accounts only."""
        await self._http.call("DELETE", "/auth/password")

    async def forgot_password(self, email: str) -> None:
        """Have a link mailed that sets a new password."""
        await self._http.call("POST", "/auth/password/forgot", json={"email": email})

    async def reset_password(
        self, token: str, new_password: str, *, totp_code: str = ""
    ) -> AuthTokenResponse:
        """Set a new password with the token of a mailed link, and sign in.

        `totp_code`: where two-factor sign-in is on, as for `login`.
        """
        body = {"token": token, "new_password": new_password}
        if totp_code:
            body["totp_code"] = totp_code
        return await self._http.fetch(AuthTokenResponse, "POST", "/auth/password/reset", json=body)

    async def send_verification(self) -> None:
        """Have the link mailed again that verifies the caller's address."""
        await self._http.call("POST", "/auth/email/send-verification")

    async def verify_email(self, token: str) -> None:
        """Verify an address with the token of a mailed link."""
        await self._http.call("POST", "/auth/email/verify", json={"token": token})

    async def list_identities(self, offset: int = 0, limit: int = 50) -> list[LinkedIdentity]:
        """The accounts elsewhere that sign the caller in."""
        return await self._http.fetch_page(
            LinkedIdentity, "/auth/identities", offset=offset, limit=limit
        )

    async def unbind_identity(self, identity_id: str) -> None:
        """Let go of a linked account."""
        await self._http.call("DELETE", f"/auth/identities/{identity_id}")

    async def start_oauth_link(self, provider: str) -> LinkStartResponse:
        """Begin to link an account elsewhere: open the address in a browser.

        Where that browser did not ask itself, the way ends at its settings, which can.
        """
        return await self._http.fetch(
            LinkStartResponse, "POST", f"/auth/identities/link/{provider}"
        )

    async def providers(self) -> ProvidersResponse:
        """Every way to sign in here."""
        return await self._http.fetch(ProvidersResponse, "GET", "/auth/providers")

    async def list_tokens(self, offset: int = 0, limit: int = 50) -> list[TokenInfo]:
        """The caller's sessions and API tokens, newest first."""
        return await self._http.fetch_page(TokenInfo, "/auth/tokens", offset=offset, limit=limit)

    async def mint_token(
        self,
        label: str,
        expires_in_days: int | None = None,
        *,
        competition_access: str | None = None,
        competition_ids: list[str] | None = None,
        permissions: dict[str, str] | None = None,
    ) -> CreateFineGrainedTokenResponse:
        """Mint a `pf_` token; its `token` is shown this once."""
        body = {
            "label": label,
            "expires_in_days": expires_in_days,
            "competition_access": competition_access,
            "competition_ids": competition_ids or [],
            "permissions": permissions,
        }
        return await self._http.fetch(
            CreateFineGrainedTokenResponse, "POST", "/auth/tokens", json=body
        )

    async def revoke_token(self, token_id: str) -> None:
        """Revoke one token."""
        await self._http.call("DELETE", f"/auth/tokens/{token_id}")

    async def revoke_other_tokens(self) -> None:
        """Sign out everywhere else and revoke every API token."""
        await self._http.call("DELETE", "/auth/tokens/others")

    async def token_scopes(self) -> TokenScopesResponse:
        """What a token's permissions can name."""
        return await self._http.fetch(TokenScopesResponse, "GET", "/auth/tokens/scopes")
