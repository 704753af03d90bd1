"""`client.auth`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctfy.sdk.base import BaseHttpClient
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

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def register(
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

        >>> token = client.auth.register("you@example.org", "a long password").token
        """
        body: dict[str, Any] = {"email": email, "password": password, "proof": proof}
        body["display_name"] = display_name
        if code:  # servers of a version before know no such field
            body["code"] = code
        if fields:
            body["fields"] = dict(fields)
        return self._http.fetch(AuthTokenResponse, "POST", "/auth/register", json=body)

    def registration_challenge(self) -> RegistrationChallenge:
        """The proof of work that registering takes here; 0 bits: none.

        >>> client.auth.registration_challenge().bits
        0
        """
        return self._http.fetch(RegistrationChallenge, "GET", "/auth/register/challenge")

    def login(self, email: str, password: str, *, totp_code: str = "") -> AuthTokenResponse:
        """Sign in; a session token.

        `totp_code`: of the authenticator, or a recovery code, where two-factor sign-in is on: the
        server refuses with `totp_required` without one.

        >>> token = client.auth.login("you@example.org", "…").token
        """
        body = {"email": email, "password": password}
        if totp_code:  # servers of a version before know no such field
            body["totp_code"] = totp_code
        return self._http.fetch(AuthTokenResponse, "POST", "/auth/login", json=body)

    def totp(self) -> TotpState:
        """Whether two-factor sign-in is on.

        >>> client.auth.totp().enabled
        """
        return self._http.fetch(TotpState, "GET", "/auth/totp")

    def set_up_totp(self, password: str = "") -> TotpSetup:
        """A secret for an authenticator; nothing is asked for until `confirm_totp`.

        >>> print(client.auth.set_up_totp("…").uri)
        """
        return self._http.fetch(TotpSetup, "POST", "/auth/totp/setup", json={"password": password})

    def confirm_totp(self, code: str) -> list[str]:
        """Turn it on with a code of the authenticator; the recovery codes, shown this once.

        >>> client.auth.confirm_totp("123456")
        """
        body = {"code": code}
        return self._http.fetch(TotpRecoveryCodes, "POST", "/auth/totp/confirm", json=body).codes

    def disable_totp(self, code: str, password: str = "") -> TotpState:
        """Turn it off, with a code, or a recovery code, and the password.

        >>> client.auth.disable_totp("123456", "…").enabled
        """
        body = {"password": password, "code": code}
        return self._http.fetch(TotpState, "POST", "/auth/totp/disable", json=body)

    def logout(self) -> None:
        """End the session in use, on the server.

        >>> client.auth.logout()
        """
        self._http.call("POST", "/auth/logout")

    def device_code(self) -> DeviceCodeResponse:
        """Begin to sign in without a browser at hand: show `user_code` to the person.

        >>> code = client.auth.device_code()
        >>> print(code.verification_uri, code.user_code)
        """
        return self._http.fetch(DeviceCodeResponse, "POST", "/auth/device/code")

    def device_token(self, device_code: str) -> DeviceTokenResponse:
        """Whether the person approved; asked every `interval` seconds.

        >>> client.auth.device_token(code.device_code).status
        'pending'
        """
        body = {"device_code": device_code}
        return self._http.fetch(DeviceTokenResponse, "POST", "/auth/device/token", json=body)

    def device_info(self, user_code: str) -> DeviceInfoResponse:
        """Which device waits behind a code.

        >>> client.auth.device_info("BCDF-GHJK").requester_ip
        """
        params = {"user_code": user_code}
        return self._http.fetch(DeviceInfoResponse, "GET", "/auth/device/info", params=params)

    def approve_device(self, user_code: str) -> DeviceInfoResponse:
        """Let a device sign in as the caller.

        >>> client.auth.approve_device("BCDF-GHJK").status
        'approved'
        """
        body = {"user_code": user_code}
        return self._http.fetch(DeviceInfoResponse, "POST", "/auth/device/approve", json=body)

    def deny_device(self, user_code: str) -> DeviceInfoResponse:
        """Turn a device away.

        >>> client.auth.deny_device("BCDF-GHJK").status
        'denied'
        """
        body = {"user_code": user_code}
        return self._http.fetch(DeviceInfoResponse, "POST", "/auth/device/deny", json=body)

    def set_password(
        self,
        new_password: str,
        current_password: str = "",
        *,
        revoke_tokens: bool = False,
        revoke_identities: bool = False,
    ) -> PasswordSetResponse:
        """Set or change the password; every other session ends. What else opens the account.

        >>> left = client.auth.set_password("a new long password", "the old password")
        >>> [token.label for token in left.tokens]
        """
        body: dict[str, str | bool] = {
            "new_password": new_password,
            "current_password": current_password,
        }
        asked = {"revoke_tokens": revoke_tokens, "revoke_identities": revoke_identities}
        body |= {name: value for name, value in asked.items() if value}
        return self._http.fetch(PasswordSetResponse, "POST", "/auth/password", json=body)

    def delete_password(self) -> None:
        """Sign in with linked accounts only.

        >>> client.auth.delete_password()
        """
        self._http.call("DELETE", "/auth/password")

    def forgot_password(self, email: str) -> None:
        """Have a link mailed that sets a new password.

        >>> client.auth.forgot_password("you@example.org")
        """
        self._http.call("POST", "/auth/password/forgot", json={"email": email})

    def reset_password(
        self, token: str, new_password: str, *, totp_code: str = ""
    ) -> AuthTokenResponse:
        """Set a new password with the token of a mailed link, and sign in.

        `totp_code`: where two-factor sign-in is on, as for `login`.

        >>> client.auth.reset_password(token, "a new long password").token
        """
        body = {"token": token, "new_password": new_password}
        if totp_code:
            body["totp_code"] = totp_code
        return self._http.fetch(AuthTokenResponse, "POST", "/auth/password/reset", json=body)

    def send_verification(self) -> None:
        """Have the link mailed again that verifies the caller's address.

        >>> client.auth.send_verification()
        """
        self._http.call("POST", "/auth/email/send-verification")

    def verify_email(self, token: str) -> None:
        """Verify an address with the token of a mailed link.

        >>> client.auth.verify_email(token)
        """
        self._http.call("POST", "/auth/email/verify", json={"token": token})

    def list_identities(self, offset: int = 0, limit: int = 50) -> list[LinkedIdentity]:
        """The accounts elsewhere that sign the caller in.

        >>> [identity.provider for identity in client.auth.list_identities()]
        ['github']
        """
        return self._http.fetch_page(LinkedIdentity, "/auth/identities", offset=offset, limit=limit)

    def unbind_identity(self, identity_id: str) -> None:
        """Let go of a linked account.

        >>> client.auth.unbind_identity(identity.id)
        """
        self._http.call("DELETE", f"/auth/identities/{identity_id}")

    def start_oauth_link(self, provider: str) -> LinkStartResponse:
        """Begin to link an account elsewhere: open the address in a browser.

        Where that browser did not ask itself, the way ends at its settings, which can.

        >>> webbrowser.open(client.auth.start_oauth_link("github").authorize_url)
        """
        return self._http.fetch(LinkStartResponse, "POST", f"/auth/identities/link/{provider}")

    def providers(self) -> ProvidersResponse:
        """Every way to sign in here.

        >>> client.auth.providers().password_auth.enabled
        True
        """
        return self._http.fetch(ProvidersResponse, "GET", "/auth/providers")

    def list_tokens(self, offset: int = 0, limit: int = 50) -> list[TokenInfo]:
        """The caller's sessions and API tokens, newest first.

        >>> [token.label for token in client.auth.list_tokens()]
        """
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
        """Revoke one token.

        >>> client.auth.revoke_token(token.id)
        """
        self._http.call("DELETE", f"/auth/tokens/{token_id}")

    def revoke_other_tokens(self) -> None:
        """Sign out everywhere else and revoke every API token.

        >>> client.auth.revoke_other_tokens()
        """
        self._http.call("DELETE", "/auth/tokens/others")

    def token_scopes(self) -> TokenScopesResponse:
        """What a token's permissions can name.

        >>> [scope.key for scope in client.auth.token_scopes().categories]
        """
        return self._http.fetch(TokenScopesResponse, "GET", "/auth/tokens/scopes")
