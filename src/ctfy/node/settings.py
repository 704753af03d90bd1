"""A node's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import psutil
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ProviderName = Literal["auto", "docker", "sandbox"]


class NodeSettings(BaseSettings):
    """How one node runs, from `CTFY_NODE_*`. Durations are seconds."""

    model_config = SettingsConfigDict(env_prefix="CTFY_NODE_", extra="ignore")

    data_dir: Path = Path("data/node")
    challenges_dir: Path = Path("examples/challenges")
    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535, description="0: any free one")
    public_url: str = Field("", description="Where the platform reaches the node; empty: host:port")
    public_host: str = Field("", description="Where players reach instances; empty: loopback only")
    capacity: int = Field(
        default_factory=lambda: fitting(psutil.virtual_memory().total, psutil.cpu_count() or 1),
        ge=1,
        le=10_000,
        description="How many instances at once; without it, as many as memory and cores carry",
    )
    display_name: str = "node"
    labels: dict[str, str] = {}
    provider: ProviderName = "auto"
    container_runtime: str = Field("", description="As runsc, for docker; empty: the engine's own")
    instance_networks: str = Field(
        "10.213.0.0/16", description="Whose parts the networks of docker instances are"
    )
    spare_networks: int = Field(
        32, ge=0, le=1000, description="How many networks to make ahead, for starts at once"
    )
    vpn_image: str = Field("ctfy/openvpn:2.6", description="What VPN servers run from")
    disk_mb: int = Field(1024, ge=1, description="What an instance may write to its own disk")
    keep_instances: bool = Field(
        False, description="A stop leaves docker instances running, for the next start to adopt"
    )
    own_token: str = Field(
        "", description="Serve whoever knows this token, without joining a platform"
    )
    heartbeat_s: float = Field(30, gt=0)
    ready_timeout_s: float = Field(240, gt=0, description="How long a service may take to answer")


def fitting(memory: int, cores: int) -> int:
    """How many instances a machine carries: `memory` in bytes.

    An instance may use 512 MB and a core, and hardly any does: memory is promised twice, a core
    to 32, and 1 GB stays for the node itself. `capacity` says otherwise where that is wrong.
    """
    spare = memory - 1024**3
    return max(1, min(spare // (256 * 1024**2), 32 * cores))
