"""The platform's settings, from `CTFY_*` environment variables."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """How one server runs. Durations are seconds."""

    model_config = SettingsConfigDict(env_prefix="CTFY_", extra="ignore")

    database_url: str = Field("", description="PostgreSQL URL; empty: embedded in `data_dir`")
    data_dir: Path = Path("data")
    challenges_dir: Path = Path("examples/challenges")
    host: str = "127.0.0.1"
    port: int = Field(8100, ge=1, le=65535)
    secret_key: str = Field("", description="Root of all derived secrets; empty: kept in data_dir")
    database_pool_size: int = Field(10, ge=1)
    worker_concurrency: int = Field(20, ge=1)

    bootstrap_email: str = "admin@example.org"
    bootstrap_password: str = Field("", description="The first super admin's; empty: make none")
    bootstrap_node_token: str = Field("", description="A registration token that works once")
    bootstrap_demo: bool = Field(False, description="Have a demo competition if there is none")

    password_auth_enabled: bool = True
    rate_limiting_enabled: bool = True
    rate_limits: dict[str, str] = Field(
        default={
            "register": "60/hour",
            "login": "30/minute",
            "submit": "120/minute",
            "start": "120/minute",
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
    sweep_interval_s: int = Field(30, ge=1, le=59)

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
