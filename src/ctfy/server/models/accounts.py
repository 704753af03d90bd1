"""Accounts: signing in, tokens, the caller's own profile."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import EmailStr, Field

from ctfy.core.enums import ScopeLevel as ScopeLevel
from ctfy.server.models.base import Request, Response
from ctfy.server.models.competitions import CompetitionMembershipInfo
from ctfy.server.models.fields import Answers, PublicAnswer
from ctfy.server.models.names import Name

Role = Literal["user", "admin", "super_admin"]
TokenKind = Literal["user", "fine_grained"]
MAX_PASSWORD = 256


class RegisterRequest(Request):
    """A new account with a password."""

    email: EmailStr
    password: Annotated[str, Field(min_length=12, max_length=MAX_PASSWORD)]
    display_name: Annotated[Name, Field(max_length=120)] = ""
    proof: Annotated[str, Field(max_length=512)] = ""
    code: Annotated[str, Field(max_length=128)] = Field(
        "", description="The organisers' code, where registering takes one"
    )
    fields: Answers = {}


class RegistrationChallenge(Response):
    """What a registration must prove: `sha256(challenge + ":" + n)` begins with `bits` zero bits.

    The `proof` is `challenge:n`. 0 bits: none is asked for.
    """

    challenge: str = ""
    bits: int = 0


class LoginRequest(Request):
    """Sign in with a password."""

    email: EmailStr
    password: Annotated[str, Field(min_length=1, max_length=MAX_PASSWORD)]
    totp_code: Annotated[str, Field(max_length=64)] = Field(
        "", description="Of the authenticator, or a recovery code; asked for by `totp_required`"
    )


class TotpState(Response):
    """Whether two-factor sign-in is on. `required`: of the caller, before anything else."""

    enabled: bool = False
    recovery_codes_left: int = 0
    required: bool = False


class TotpPassword(Request):
    """The current password; empty where the account has none."""

    password: Annotated[str, Field(max_length=MAX_PASSWORD)] = ""


class TotpSetup(Response):
    """What an authenticator is given: the secret in base32, and as the address in a QR code."""

    secret: str
    uri: str = ""


class TotpCode(Request):
    """Six digits of an authenticator; a recovery code where it turns two-factor sign-in off."""

    code: Annotated[str, Field(min_length=1, max_length=64)]


class TotpOff(TotpPassword, TotpCode):
    """Both, to turn it off."""


class TotpRecoveryCodes(Response):
    """Codes that sign in once each, where the authenticator is lost."""

    codes: list[str] = []


class AuthTokenResponse(Response):
    """A session token, shown once; empty when the browser got it as a cookie."""

    token: str
    redirect_to: str = "/"


class TokenInfo(Response):
    """A token as its owner sees it, without its secret."""

    id: str
    kind: str
    label: str = ""
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    ip_address: str = ""
    user_agent: str = ""
    is_current: bool = False
    competition_access: str = "none"
    competition_ids: list[str] = []
    permissions: dict[str, str] = {}


class CreateFineGrainedTokenRequest(Request):
    """A new `pf_` token. Left out, access and permissions are all that such a token can hold."""

    label: Annotated[str, Field(max_length=64)] = ""
    expires_in_days: Annotated[int, Field(ge=0, le=1825)] | None = None
    competition_access: str | None = None
    competition_ids: Annotated[list[str], Field(max_length=1000)] = []
    permissions: dict[str, str] | None = None


class CreateFineGrainedTokenResponse(TokenInfo):
    """A minted token; `token` is shown this once."""

    token: str


class ScopeCatalogEntry(Response):
    """One category that a token's permissions can name."""

    key: str
    label: str
    description: str
    competition_scoped: bool
    max_level: str


class TokenScopesResponse(Response):
    """Every scope category and level."""

    categories: list[ScopeCatalogEntry] = []
    levels: list[str] = []


class OAuthProviderInfo(Response):
    """A way to sign in with an account elsewhere."""

    name: str
    enabled: bool
    authorize_path: str


class PasswordAuthInfo(Response):
    """Whether passwords are accepted."""

    enabled: bool = False


class RegistrationRule(Response):
    """Who makes an account here by themselves; `domains` are those of the rule of that name."""

    rule: Literal["open", "closed", "code", "domains"] = "open"
    domains: list[str] = []


class ProvidersResponse(Response):
    """Every way to sign in here, and who may sign up."""

    providers: list[OAuthProviderInfo] = []
    password_auth: PasswordAuthInfo = PasswordAuthInfo()
    registration: RegistrationRule = RegistrationRule()


class UserInfo(Response):
    """A person as others see them."""

    id: str
    display_name: str = ""
    avatar_url: str = ""
    created_at: datetime | None = None
    bio: str | None = None
    country: str | None = None
    website_url: str | None = None
    timezone: str | None = None
    social_links: dict[str, str] = {}
    solves: int = 0
    attempts: int = 0
    last_active_at: datetime | None = None
    fields: list[PublicAnswer] = []


class ProfilePatchRequest(Request):
    """What a person tells of themselves; a field left out stays, null empties it."""

    display_name: Annotated[Name, Field(max_length=120)] | None = None
    bio: Annotated[str, Field(max_length=280)] | None = None
    country: str | None = None
    website_url: Annotated[str, Field(max_length=200)] | None = None
    timezone: Annotated[str, Field(max_length=80)] | None = None
    social_links: dict[str, str] | None = None


class MeResponse(UserInfo):
    """The caller."""

    email: str = ""
    is_admin: bool = False
    role: Role = "user"
    providers: list[str] = []
    token_kind: str = "user"
    profile_visibility: dict[str, bool] = {}
    competition_teams: list[CompetitionMembershipInfo] = []
    competition_admin_ids: list[str] = []
    email_verified: bool = False
    must_set_up_totp: bool = Field(
        False, description="Whether anything but two-factor sign-in is refused until it is on"
    )
    missing_fields: list[str] = Field(
        [], description="Required fields of the platform's that the caller has not answered"
    )


class NewPassword(Request):
    """A new password, and what else of the account's ways in goes with the old one."""

    new_password: Annotated[str, Field(min_length=12, max_length=MAX_PASSWORD)]
    revoke_tokens: bool = Field(False, description="Revoke every API token, too")
    revoke_identities: bool = Field(False, description="Unlink every account elsewhere, too")


class SetPasswordRequest(NewPassword):
    """A new password. The current one is needed when there is one."""

    current_password: Annotated[str, Field(max_length=MAX_PASSWORD)] = ""


class LinkedIdentity(Response):
    """An account elsewhere that signs its person in here."""

    id: str
    provider: str
    provider_email: str = ""
    provider_display_name: str = ""
    provider_user_id: str = ""
    provider_login: str = ""
    avatar_url: str = ""
    created_at: datetime | None = None
    last_used_at: datetime | None = None


class PasswordSetResponse(Response):
    """What still opens an account, besides its new password and the session in use."""

    status: str = "set"
    tokens: list[TokenInfo] = []
    identities: list[LinkedIdentity] = []


class LinkStartRequest(Request):
    """What linking an account takes of whoever has a second factor."""

    totp_code: Annotated[str, Field(max_length=64)] = ""


class LinkStartResponse(Response):
    """Where the browser goes to link an account."""

    authorize_url: str


class DeviceCodeResponse(Response):
    """A device's codes. Show `user_code`, ask for the token every `interval` seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceTokenRequest(Request):
    """Ask whether the device was approved."""

    device_code: Annotated[str, Field(min_length=1, max_length=512)]


class DeviceTokenResponse(Response):
    """`pending`, `approved` (with the token, this once), `denied` or `expired`."""

    status: str
    token: str = ""


class DeviceApproveRequest(Request):
    """The code that the device shows."""

    user_code: Annotated[str, Field(min_length=1, max_length=64)]


class DeviceInfoResponse(Response):
    """Which device waits behind a code."""

    status: str
    requested_at: datetime | None = None
    requester_ip: str = ""
    requester_user_agent: str = ""


class EmailRequest(Request):
    """An address."""

    email: EmailStr


class MailedTokenRequest(Request):
    """The token of a mailed link."""

    token: Annotated[str, Field(min_length=1, max_length=512)]


class PasswordResetRequest(NewPassword, MailedTokenRequest):
    """A new password, with the token of a mailed link."""

    totp_code: Annotated[str, Field(max_length=64)] = Field(
        "", description="Where two-factor sign-in is on"
    )


class DeleteMeRequest(Request):
    """The caller's display name, typed to confirm."""

    confirm_display_name: Annotated[str, Field(min_length=1, max_length=120)]


class CalendarBucket(Response):
    """One day."""

    date: str = ""
    count: int = 0


class TagStat(Response):
    """How much of what carries a tag is solved."""

    tag: str = ""
    solved: int = 0
    total: int = 0


class DifficultyStat(Response):
    """How much of a difficulty is solved."""

    difficulty: str = ""
    solved: int = 0
    total: int = 0


class TrendPoint(Response):
    """The solves of one day."""

    date: str = ""
    solves: int = 0


class ProfileStats(Response):
    """What a person or team did: attempts by day, solves by tag, difficulty and day."""

    calendar: list[CalendarBucket] = []
    by_tag: list[TagStat] = []
    by_difficulty: list[DifficultyStat] = []
    solve_trend: list[TrendPoint] = []


class UserSolveTrend(Response):
    """The solves of the last days, a point per day."""

    solve_trend: list[TrendPoint] = []


class MySolveSummary(Response):
    """A challenge that the caller's teams solved; the best of their ranks."""

    challenge_id: str
    best_rank: int
    solved_at: datetime | None = None


class MilestoneProgress(Response):
    """How far the caller's teams are with a challenge of several questions."""

    challenge_id: str
    solved_question_ids: list[str] = []
    total_questions: int = 0


class AdminUserInfo(UserInfo):
    """A person as operators see them."""

    email: str = ""
    role: Role = "user"
    promoted_by: str | None = None
    promoted_at: datetime | None = None
    providers: list[str] = []
    suspended_at: datetime | None = None
    suspended_reason: str = ""
    email_verified: bool = False
    totp_enabled: bool = False


class NewUserRequest(Request):
    """An account for somebody: with a password, or with a link that sets one."""

    email: EmailStr
    display_name: Annotated[Name, Field(max_length=120)] = ""
    role: Role = "user"
    password: Annotated[str, Field(min_length=12, max_length=MAX_PASSWORD)] | None = None
    mail: bool | None = Field(
        None, description="Mail the link, or show it; left out: mailed where mail is configured"
    )


class SignInLink(Response):
    """A link that sets a password and signs in, once. `url` is shown this once, unless mailed."""

    user_id: str
    display_name: str = ""
    email: str = ""
    url: str = ""
    expires_at: datetime | None = None
    mailed: bool = False


class NewUserResponse(Response):
    """A new account; its link, unless it was made with a password."""

    user: AdminUserInfo
    link: SignInLink | None = None


class SignInLinksRequest(Request):
    """For whom to make links. Earlier ones of theirs stop working."""

    user_ids: Annotated[list[str], Field(min_length=1, max_length=500)]
    mail: bool | None = Field(
        None, description="Mail them, or show them; left out: mailed where mail is configured"
    )


class SignInLinksResponse(Response):
    """The links, in the order in which they were asked for."""

    links: list[SignInLink] = []


class UpdateUserRequest(Request):
    """What an operator changes of somebody's account; a field left out stays."""

    email: EmailStr | None = None
    display_name: Annotated[Name, Field(min_length=1, max_length=120)] | None = None


class GivePasswordRequest(Request):
    """A password that an operator gives somebody; sessions and API tokens end."""

    new_password: Annotated[str, Field(min_length=12, max_length=MAX_PASSWORD)]
    revoke_identities: bool = Field(False, description="Unlink every account elsewhere, too")


class UpdateUserRoleRequest(Request):
    """The new role."""

    role: Role


class SuspendUserRequest(Request):
    """Why somebody is suspended."""

    reason: Annotated[str, Field(max_length=500)] = ""
