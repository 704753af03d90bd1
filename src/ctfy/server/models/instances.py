"""Instances and their attack surface."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ctfy.core.target import AttackSurface as AttackSurface
from ctfy.core.target import Credential as Credential
from ctfy.core.target import ServiceEndpoint as ServiceEndpoint
from ctfy.core.target import ServiceType as ServiceType
from ctfy.core.target import VpnEndpoint as VpnEndpoint
from ctfy.server.models.base import Request, Response
from ctfy.server.models.challenges import AttachmentInfo, ChallengeCategory, QuestionInput

NetworkTopology = Literal["simple", "engagement"]


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
    attack_surface: AttackSurface | None = None
    error: str = ""
    cert_volume: str = ""
    queue_position: int = 0
    waiting_for: WaitingFor = ""
    stop_reason: str = ""


class InstanceQuestionInfo(Response):
    """A question with the team's standing on it."""

    id: str
    prompt: str
    mode: str | None = None
    choices: list[str] | None = None
    requires: list[str] = []
    unlocked: bool = True
    answered_correctly: bool = False
    attempts_remaining: int | None = None
    attempts_cap: int | None = None
    input: QuestionInput | None = None


class InstanceInfo(Response):
    """An instance as its team sees it. Times are Unix seconds, `ttl` seconds."""

    id: str
    challenge_id: str = ""
    team_id: str = ""
    competition_id: str = ""
    node_id: str = ""
    name: str = ""
    category: ChallengeCategory | None = None
    difficulty: str = ""
    status: str = "starting"
    started_at: float = 0.0
    ttl: int = 0
    expires_at: float = 0.0
    services: list[ServiceEndpoint] = []
    description: str = ""
    questions: list[InstanceQuestionInfo] = []
    attachments: list[AttachmentInfo] = []
    network_topology: NetworkTopology = "simple"
    vpn_endpoint: VpnEndpoint | None = None
    entry_urls: list[str] = []
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
