"""The platform's settings, from `CTFY_*` environment variables."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from pathlib import Path
from typing import Annotated, Literal

import psycopg
from limits import parse
from psycopg.conninfo import conninfo_to_dict
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from ctfy.challenge.modes import modes
from ctfy.server.models.site import AccentColor, EventName, FooterText, LandingText


class OAuthProvider(BaseModel):
    """One way to sign in elsewhere.

    `oidc` finds everything at `issuer`; `google` is that with Google's issuer; `github` speaks
    OAuth alone, at `authorize_url`, `token_url` and `api_url`, which an own GitHub server changes.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["oidc", "google", "github"] = "oidc"
    client_id: str
    client_secret: str
    issuer: str = ""
    authorize_url: str = "https://github.com/login/oauth/authorize"
    token_url: str = "https://github.com/login/oauth/access_token"
    api_url: str = "https://api.github.com"

    @model_validator(mode="after")
    def _has_issuer(self) -> OAuthProvider:
        if self.kind == "google" and not self.issuer:
            self.issuer = "https://accounts.google.com"
        if self.kind == "oidc" and not self.issuer:
            raise ValueError("`issuer` is missing")
        return self


# By address: `register` (new accounts), `device` (sign-ins begun with a device or a provider).
# Failures alone: `login` (wrong passwords, by address), `account` (the same, by account), `guess`
# (links, device codes, the code of registration, taken addresses, each by address), `token`
# (invalid tokens, by address). `mail` is by who gets it; the others are by person.
RATE_LIMITS = {
    "register": "600/hour",
    "login": "30/minute",
    "account": "10/minute",
    "totp": "20/hour",
    "guess": "30/minute",
    "token": "300/minute",
    "device": "300/minute",
    "mail": "5/hour",
    "submit": "120/minute",
    "upload": "30/hour",
    "start": "120/minute",
    "redeem": "30/minute",
    "invite": "60/hour",
}
QUESTION_ATTEMPT_CAPS: dict[str, int | None] = {
    name: mode.wrong_attempts for name, mode in modes().items() if mode.wrong_attempts is not None
}


def _is_rate(value: str) -> str:
    if value != "none":
        try:
            parse(value)
        except ValueError:
            raise ValueError("is no rate: write it as in 120/minute, or none") from None
    return value


def _are_networks(value: str) -> str:
    for part in _parts(value):
        try:
            ipaddress.ip_network(part)
        except ValueError:
            raise ValueError(
                f"{part!r} is neither an address nor a network: write 10.0.0.5 or 10.0.0.0/8, and "
                "commas between several"
            ) from None
    return value


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _is_domain(value: str) -> str:
    domain = value.strip().lower().removeprefix("@")
    if not _DOMAIN.fullmatch(domain.removeprefix("*.")):
        raise ValueError(f"{value!r} is no domain: write example.org, or *.example.org")
    return domain


def _is_sender(value: str) -> str:
    if not value:  # as environments leave it that send no mail
        return _SENDER_OF_NOBODY
    if len(value.splitlines()) != 1 or not _SENDER.search(value):
        raise ValueError("must be an address, as ctfy <noreply@example.org>")
    return value


_SENDER_OF_NOBODY = "ctfy <noreply@example.org>"
_SENDER = re.compile(r"[^@\s<>]+@[^@\s<>]+>?$")
_DOMAIN = re.compile(r"(?=.{1,253}$)([\w](?:[\w-]{0,61}[\w])?\.)+[\w](?:[\w-]{0,61}[\w])?")
MailDomain = Annotated[str, Field(max_length=256), AfterValidator(_is_domain)]
Cap = Annotated[int, Field(ge=1, le=1_000_000)]
RateLimit = Annotated[str, Field(max_length=64), AfterValidator(_is_rate)]


class Settings(BaseSettings):
    """How one server runs. Durations are seconds."""

    model_config = SettingsConfigDict(env_prefix="CTFY_", extra="ignore")

    database_url: str = Field("", description="PostgreSQL URL; empty: embedded in `data_dir`")
    data_dir: Path = Path("data")
    challenges_dir: Path = Path("challenges")
    host: str = "127.0.0.1"
    port: int = Field(8100, ge=1, le=65535)
    secret_key: str = Field("", description="Root of all derived secrets; empty: kept in data_dir")
    database_pool_size: int = Field(20, ge=1)
    worker_concurrency: int = Field(20, ge=1)

    bootstrap_email: str = "admin@example.org"
    bootstrap_password: str = Field("", description="The first super admin's; empty: make none")
    bootstrap_node_token: str = Field("", description="A registration token that works once")
    bootstrap_demo: bool = Field(False, description="Have a demo competition if there is none")

    public_url: str = Field("", description="Where people reach the server; empty: host and port")
    trusted_proxies: Annotated[str, AfterValidator(_are_networks)] = Field(
        "",
        description="Addresses or networks of proxies whose `X-Forwarded-For` is believed, with "
        "commas between them; empty: nobody's",
    )
    oauth_providers: dict[str, OAuthProvider] = Field(
        default={}, description="Ways to sign in with an account elsewhere, by name"
    )
    node_image: str = Field("", description="The container image that nodes run, where they do")
    event_name: EventName = Field("ctfy", description="What the platform is called, everywhere")
    accent_color: AccentColor = Field(
        "", description="Of links and buttons, as #087050; empty: the platform's own"
    )
    landing_text: LandingText = Field("", description="Markdown on the page that visitors open")
    footer_text: FooterText = Field("", description="Markdown below every page")
    github_repository: str = Field("", description="`owner/name` that star_gazer asks a star for")
    smtp_host: str = Field(
        "",
        max_length=255,
        description="The mail server; empty: no mail is sent. Another one forgets the password",
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="The mail server's port")
    smtp_username: str = Field(
        "", max_length=255, description="Who signs in to the mail server; empty: nobody does"
    )
    smtp_password: str = Field(
        "", max_length=1024, description="What they sign in with; written, and never shown"
    )
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the way to the mail server is encrypted: starttls, tls or none"
    )
    smtp_from: Annotated[str, AfterValidator(_is_sender)] = Field(
        _SENDER_OF_NOBODY, max_length=320, description="Whom mails come from"
    )
    verified_email_required: bool = Field(
        False, description="Only people whose address is verified can enter a competition"
    )
    registration_proof_bits: int = Field(
        0, ge=0, le=32, description="Leading zero bits of the proof of work that registering takes"
    )
    # What operators may change while the platform runs: `platform_settings` lists these.
    registration: Literal["open", "closed", "code", "domains"] = Field(
        "open", description="Who makes an account by themselves: open, closed, code or domains"
    )
    registration_code: str = Field(
        "", max_length=128, description="What `code` asks for; empty: nobody knows it"
    )
    registration_domains: list[MailDomain] = Field(
        [],
        max_length=1000,
        description="The mail domains of `domains`, as example.org, or *.example.org for all below",
    )
    password_auth_enabled: bool = Field(True, description="Whether passwords are accepted")
    require_totp_for_operators: bool = Field(
        False, description="Whether operators can do nothing before they set up two-factor sign-in"
    )
    rate_limiting_enabled: bool = Field(True, description="Whether anything is limited by rate")
    rate_limits: dict[str, RateLimit] = Field(
        default=RATE_LIMITS,
        description="How often per address or account, as in 120/minute; none: without limit",
    )
    disabled_challenges: list[str] = Field(
        [], max_length=10_000, description="Challenges of which nobody can launch an instance"
    )
    question_attempt_caps: dict[str, Cap | None] = Field(
        default=QUESTION_ATTEMPT_CAPS,
        description="How often a team may be wrong on a question, by its mode; null: no cap",
    )
    default_instance_ttl_s: int = Field(
        86_400, ge=1, le=31_536_000, description="How long an instance lives unless asked"
    )
    max_instance_ttl_s: int = Field(
        7 * 86_400, ge=1, le=31_536_000, description="The longest that an instance can live"
    )
    compose_up_timeout_s: int = Field(
        300, ge=10, le=7200, description="How long an instance may take to start"
    )
    admin_shell_idle_timeout_s: int = Field(
        600, ge=1, le=86_400, description="Silence after which an admin shell is closed"
    )
    admin_shell_hard_timeout_s: int = Field(
        3600, ge=1, le=86_400, description="The longest that an admin shell can be open"
    )
    admin_shell_max_concurrent_per_admin: int = Field(
        3, ge=1, le=100, description="How many admin shells one person can have at once"
    )
    admin_shell_mint_rate_limit: RateLimit = Field(
        "10/minute", description="How often one person can ask for an admin shell"
    )
    admin_shell_session_ttl_s: int = Field(
        60, ge=5, le=3600, description="How long a ticket to an admin shell can be used"
    )
    admin_shell_allowed_origins: list[str] = Field(
        [],
        max_length=100,
        description="Browser origins that may open an admin shell, beside the server's own",
    )

    admin_shell_enabled: bool = Field(False, description="Whether there are admin shells at all")
    max_instances_per_team: int = Field(100, ge=1)
    node_silence_s: float = Field(90, gt=0, description="Silence after which a node is unhealthy")
    node_unreachable_s: float = Field(
        15, gt=0, description="How long a starting instance waits for a node that does not answer"
    )
    stalled_job_s: float = Field(10, gt=0, description="Silence that gives up a worker's jobs")
    job_intervals: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {}, description="How often scheduled jobs run, by name; others as they do by default"
    )
    notification_networks: Annotated[str, AfterValidator(_are_networks)] = Field(
        "",
        description="Addresses or networks, not public, that notifications may go to even so, with "
        "commas between them; empty: public addresses alone",
    )
    metrics_token: str = Field("", description="Opens /metrics; empty: there are none")
    store_url: str = Field("", description="Where archives go, as s3://bucket; empty: `data_dir`")
    record_max_age_days: float = Field(90, gt=0, description="Older archives are removed")
    record_max_bytes: int = Field(
        50 * 1024**3, ge=0, description="The oldest archives beyond this size are removed"
    )
    event_max_age_days: float = Field(90, gt=0, description="Older events are removed")
    placement_max_load: float = Field(
        95, gt=0, le=100, description="Memory in use, %, above which a node gets no instance"
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str) -> str:
        """What no driver of ours opens is refused before anything is started."""
        if value:
            if not value.startswith(("postgresql://", "postgres://")):
                raise ValueError("must begin with postgresql://, as postgresql://user@host/name")
            try:
                conninfo_to_dict(value)
            except psycopg.ProgrammingError as error:
                raise ValueError(f"is no URL of a database: {str(error).strip()}") from error
        return value

    @field_validator("rate_limits")
    @classmethod
    def _known_limits(cls, value: dict[str, str]) -> dict[str, str]:
        """What is not named keeps its default."""
        if unknown := sorted(value.keys() - RATE_LIMITS.keys()):
            raise ValueError(f"nothing called {unknown} is limited; use: {', '.join(RATE_LIMITS)}")
        return {**RATE_LIMITS, **value}

    @field_validator("question_attempt_caps")
    @classmethod
    def _known_caps(cls, value: dict[str, int | None]) -> dict[str, int | None]:
        """What is not named keeps its default."""
        if unknown := sorted(value.keys() - QUESTION_ATTEMPT_CAPS.keys()):
            known = ", ".join(QUESTION_ATTEMPT_CAPS)
            raise ValueError(f"no mode called {unknown} has a cap; use: {known}")
        return {**QUESTION_ATTEMPT_CAPS, **value}

    @property
    def url(self) -> str:
        """Where people reach the server, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def proxies(self) -> list[str]:
        """The trusted proxies, each an address or a network."""
        return _parts(self.trusted_proxies)

    @property
    def reachable_networks(self) -> list[str]:
        """Where notifications may go besides public addresses."""
        return _parts(self.notification_networks)

    def secret(self) -> bytes:
        """The root secret: `secret_key`, else a random one made once in `data_dir`."""
        if self.secret_key:
            return self.secret_key.encode()
        path = self.data_dir / "secret.key"
        try:
            with open(path, "x", opener=_private) as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        return path.read_text().strip().encode()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
