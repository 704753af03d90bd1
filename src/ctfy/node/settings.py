"""A node's settings."""

from __future__ import annotations

from pathlib import Path

import psutil
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_PLACE_MB = 512  # what an instance counts as whose challenge says nothing


class NodeSettings(BaseSettings):
    """How one node runs, from `CTFY_NODE_*`. Durations are seconds.

    What only one provider has to be told is in its own settings.
    """

    model_config = SettingsConfigDict(env_prefix="CTFY_NODE_", extra="ignore")

    data_dir: Path = Path("data/node")
    challenges_dir: Path | None = Field(None, description="None: what the platform gives")
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
    memory_mb: int = Field(
        default_factory=lambda fields: fields["capacity"] * _PLACE_MB,
        ge=512,
        description="Memory that instances may be promised together; without it, 512 MB a place",
    )
    cpus: float = Field(
        default_factory=lambda fields: float(fields["capacity"]),
        ge=1,
        description="Processors that they may be promised together; without it, one a place",
    )
    most_memory_mb: int = Field(
        default_factory=lambda: psutil.virtual_memory().total // 1024**2,
        ge=16,
        description="What one instance may have at most; without it, what the machine has",
    )
    most_cpus: float = Field(
        default_factory=lambda: float(psutil.cpu_count() or 1),
        gt=0,
        description="The same of processors; without it, as many as there are",
    )
    most_processes: int = Field(4096, ge=1, description="The same of processes")
    most_disk_mb: int = Field(10_240, ge=1, description="The same of what it writes to its disk")
    display_name: str = "node"
    labels: dict[str, str] = {}
    provider: str = Field("auto", description="`auto`: the best that this machine can run")
    keep_instances: bool = Field(
        False, description="A stop leaves docker instances running, for the next start to adopt"
    )
    own_token: str = Field(
        "", description="Serve whoever knows this token, without joining a platform"
    )
    join_timeout_s: float = Field(
        20, gt=0, description="How long a platform that does not answer yet is asked to let it join"
    )
    heartbeat_s: float = Field(30, gt=0)
    ready_timeout_s: float = Field(240, gt=0, description="How long a service may take to answer")

    @property
    def most(self) -> dict[str, float]:
        """What one instance may have at most, by the names that challenges ask by."""
        return {
            "memory_mb": self.most_memory_mb,
            "cpus": self.most_cpus,
            "processes": self.most_processes,
            "disk_mb": self.most_disk_mb,
        }


def fitting(memory: int, cores: int) -> int:
    """How many instances a machine carries: `memory` in bytes.

    An instance may use 512 MB and a core, and hardly any does: memory is promised twice, a core
    to 32, and 1 GB stays for the node itself. `capacity` says otherwise where that is wrong.
    """
    spare = memory - 1024**3
    return max(1, min(spare // (256 * 1024**2), 32 * cores))
