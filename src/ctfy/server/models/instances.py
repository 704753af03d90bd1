"""Instances and their attack surface."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ctfy.core.enums import ServiceType as ServiceType
from ctfy.server.models.base import Request, Response, Unbelieved
from ctfy.server.models.challenges import AttachmentInfo, ChallengeCategory, QuestionInput

NetworkTopology = Literal["simple", "engagement"]


class Credential(Response):
    """A login that belongs to a service."""

    username: str
    password: str | None = None
    key_file: str | None = None


class ServiceEndpoint(Response):
    """Where one service of an instance is reached."""

    service_type: ServiceType
    host: str
    port: int
    credentials: Credential | None = None
    path: str = "/"
    label: str = ""

    @property
    def url(self) -> str:
        """The address as a URL; a TCP service has no path."""
        path = self.path if self.service_type in (ServiceType.HTTP, ServiceType.HTTPS) else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.service_type.value}://{host}:{self.port}{path}"


class VpnEndpoint(Response):
    """The OpenVPN server of an engagement instance."""

    proto: Literal["udp", "tcp"] = "udp"
    host: str
    port: int
    config_url: str = ""


class AttackSurface(Response):
    """Everything a player is given to start from."""

    services: Unbelieved[ServiceEndpoint] = []
    provided_files: Unbelieved[AttachmentInfo] = []
    flag_path: str | None = None
    vpn: VpnEndpoint | None = None


WaitingFor = Literal["", "node", "labels", "memory", "place", "turn"]


class StartRequest(Request):
    """Launch an instance. `ttl` in seconds; left out, the platform's default."""

    challenge_id: Annotated[str, Field(min_length=1, max_length=128)]
    proxy_output_dir: Annotated[str, Field(max_length=1024)] | None = None
    ttl: Annotated[int, Field(ge=1)] | None = None
    competition_id: Annotated[str, Field(max_length=64)] = ""


class StartResponse(Response):
    """The new instance's id; its status is polled. `queue_position` 0: not waiting."""

    id: str
    status: str = "starting"
    queue_position: int = 0
    waiting_for: WaitingFor = ""


class InstanceStatusResponse(Response):
    """How far an instance is; `queue_position` 1 is next, 0 is not waiting for a node.

    `waiting_for`: what it waits for meanwhile. A `node` that takes instances at all, one with its
    `labels`, with `memory` and disk, with a free `place`; its `turn` when there is one.
    """

    id: str
    status: str = "starting"
    attack_surface: AttackSurface | None
    error: str = ""
    cert_volume: str = ""
    queue_position: int = 0
    waiting_for: WaitingFor = ""
    stop_reason: str = ""


class InstanceQuestionInfo(Response):
    """A question with the team's standing on it."""

    id: str
    prompt: str
    mode: str | None
    choices: list[str] | None
    requires: list[str]
    unlocked: bool = True
    answered_correctly: bool = False
    attempts_remaining: int | None
    attempts_cap: int | None
    input: QuestionInput | None = None


class InstanceInfo(Response):
    """An instance as its team sees it. Times are Unix seconds, `ttl` seconds."""

    id: str
    challenge_id: str = ""
    team_id: str = ""
    competition_id: str = ""
    node_id: str = ""
    name: str = ""
    category: ChallengeCategory | None
    difficulty: str = ""
    status: str = "starting"
    started_at: float = 0.0
    ttl: int = 0
    expires_at: float = 0.0
    services: list[ServiceEndpoint]
    description: str = ""
    questions: list[InstanceQuestionInfo]
    attachments: list[AttachmentInfo]
    network_topology: NetworkTopology = "simple"
    vpn_endpoint: VpnEndpoint | None
    entry_urls: list[str]
    queue_position: int = 0
    waiting_for: WaitingFor = ""
    error: str = ""
    stop_reason: str = ""


class RenewResponse(Response):
    """The new expiry, Unix seconds."""

    status: str = "renewed"
    id: str
    expires_at: float


class StopResponse(Response):
    """The instance is gone from its node."""

    status: str = "stopped"
    id: str
