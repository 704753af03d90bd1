"""The platform's settings, from `CTFY_*` environment variables."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


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


class Settings(BaseSettings):
    """How one server runs. Durations are seconds."""

    model_config = SettingsConfigDict(env_prefix="CTFY_", extra="ignore")

    database_url: str = Field("", description="PostgreSQL URL; empty: embedded in `data_dir`")
    data_dir: Path = Path("data")
    challenges_dir: Path = Path("examples/challenges")
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
    oauth_providers: dict[str, OAuthProvider] = Field(
        default={}, description="Ways to sign in with an account elsewhere, by name"
    )
    node_image: str = Field("", description="The container image that nodes run, where they do")
    github_repository: str = Field("", description="`owner/name` that star_gazer asks a star for")
    smtp_host: str = Field("", description="The mail server; empty: no mail is sent")
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_username: str = ""
    smtp_password: str = ""
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_from: str = "ctfy <noreply@example.org>"
    verified_email_required: bool = Field(
        False, description="Only people whose address is verified can enter a competition"
    )
    registration_proof_bits: int = Field(
        0, ge=0, le=32, description="Leading zero bits of the proof of work that registering takes"
    )
    password_auth_enabled: bool = True
    rate_limiting_enabled: bool = True
    rate_limits: dict[str, str] = Field(
        default={
            "register": "60/hour",
            "login": "30/minute",
            "device": "60/minute",
            "mail": "5/hour",
            "submit": "120/minute",
            "start": "120/minute",
            "redeem": "30/minute",
            "invite": "60/hour",
        },
        description="What is limited, and to how much per address or team",
    )
    question_attempt_caps: dict[str, int] = {"single_select": 3, "multi_select": 10, "static": 10}
    default_instance_ttl_s: int = Field(86_400, ge=1)
    max_instance_ttl_s: int = Field(7 * 86_400, ge=1)
    max_instances_per_team: int = Field(100, ge=1)
    instance_start_timeout_s: int = Field(300, ge=1)
    node_silence_s: float = Field(90, gt=0, description="Silence after which a node is unhealthy")
    node_unreachable_s: float = Field(
        15, gt=0, description="How long a starting instance waits for a node that does not answer"
    )
    stalled_job_s: float = Field(10, gt=0, description="Silence that gives up a worker's jobs")
    snapshot_cron: str = Field("*/5 * * * *", description="When standings are written down")
    sweep_interval_s: int = Field(30, ge=1, le=59)

    @property
    def url(self) -> str:
        """Where people reach the server, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

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
