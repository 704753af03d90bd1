"""Accounts: signing in, tokens, the caller's own profile."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import EmailStr, Field

from ctfy.server.models.base import Request, Response
from ctfy.server.models.competitions import CompetitionMembershipInfo

Role = Literal["user", "admin", "super_admin"]
TokenKind = Literal["user", "fine_grained"]
MAX_PASSWORD = 256


class ScopeLevel(StrEnum):
    """What a token may do in one scope category; each level holds the ones before it."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


class RegisterRequest(Request):
    """A new account with a password."""

    email: EmailStr
    password: Annotated[str, Field(min_length=12, max_length=MAX_PASSWORD)]
    display_name: Annotated[str, Field(max_length=120)] = ""


class LoginRequest(Request):
    """Sign in with a password."""

    email: EmailStr
    password: Annotated[str, Field(min_length=1, max_length=MAX_PASSWORD)]


class AuthTokenResponse(Response):
    """A session token, shown once."""

    token: str
    redirect_to: str = "/"


class TokenInfo(Response):
    """A token as its owner sees it, without its secret."""

    id: str
    kind: str
    label: str = ""
    created_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime | None
    ip_address: str = ""
    user_agent: str = ""
    is_current: bool = False
    competition_access: str = "none"
    competition_ids: list[str]
    permissions: dict[str, str]


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

    categories: list[ScopeCatalogEntry]
    levels: list[str]


class OAuthProviderInfo(Response):
    """A way to sign in with an account elsewhere."""

    name: str
    enabled: bool
    authorize_path: str


class PasswordAuthInfo(Response):
    """Whether passwords are accepted."""

    enabled: bool = False


class ProvidersResponse(Response):
    """Every way to sign in here."""

    providers: list[OAuthProviderInfo]
    password_auth: PasswordAuthInfo


class UserInfo(Response):
    """A person as others see them."""

    id: str
    display_name: str = ""
    avatar_url: str = ""
    created_at: datetime | None
    bio: str | None = None
    country: str | None = None
    website_url: str | None = None
    timezone: str | None = None
    social_links: dict[str, str] = {}
    solves: int = 0
    attempts: int = 0
    last_active_at: datetime | None


class MeResponse(UserInfo):
    """The caller."""

    email: str = ""
    is_admin: bool = False
    role: Role = "user"
    providers: list[str]
    token_kind: str = "user"
    profile_visibility: dict[str, bool] = {}
    competition_teams: list[CompetitionMembershipInfo]
    competition_admin_ids: list[str]
