"""What only the docker provider has to be told."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DockerSettings(BaseSettings):
    """How a node uses its Docker engine, from `CTFY_NODE_*`."""

    model_config = SettingsConfigDict(env_prefix="CTFY_NODE_", extra="ignore")

    container_runtime: str = Field("", description="As runsc; empty: the engine's own")
    instance_networks: str = Field(
        "10.213.0.0/16", description="Whose parts the networks of instances are"
    )
    spare_networks: int = Field(
        32, ge=0, le=1000, description="How many networks to make ahead, for starts at once"
    )
    vpn_image: str = Field("ctfy/openvpn:2.6", description="What VPN servers run from")
    disk_mb: int = Field(1024, ge=1, description="What an instance may write to its own disk")
