"""Worker nodes: joining, beating, and the node's own API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ctfy.server.models.base import Request, Response, Unbelieved, without_nul
from ctfy.server.models.instances import AttackSurface

NodeInstanceStatus = Literal["starting", "ready", "error"]
Percent = Annotated[float, Field(ge=0, le=100)]
_ADDRESS = r"https?://([a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?"


def _address(url: str) -> str:
    """`url` as it is. Raises ValueError where its port or IPv6 address cannot be."""
    urlsplit(url).port  # noqa: B018 - which looks at both
    return url


class NodeInfo(Response):
    """A node as everybody may see it.

    `memory_mb` and `cpus`: what its instances may take together; none where it does not tell.
    """

    id: str
    url: str
    display_name: str = ""
    capacity: int = 0
    running: int = 0
    is_healthy: bool = True
    last_heartbeat: datetime | None = None
    registered_at: datetime | None = None
    labels: dict[str, str] = {}
    cpu_percent: float = 0.0
    memory_percent: float = 0.0
    disk_percent: float = 0.0
    draining: bool = False
    memory_mb: int | None = None
    cpus: float | None = None


class NodeMost(Request):
    """What one instance may have at most on a node; what is left out has no such bound."""

    memory_mb: Annotated[int, Field(ge=1)] | None = None
    cpus: Annotated[float, Field(gt=0)] | None = None
    processes: Annotated[int, Field(ge=1)] | None = None
    disk_mb: Annotated[int, Field(ge=1)] | None = None


class NodeRegister(Request):
    """A node joins with a one-time registration token; what it offers is as in its heartbeats."""

    url: Annotated[str, Field(pattern=f"^{_ADDRESS}$", max_length=512), AfterValidator(_address)]
    # Existing clients send none: the node then goes by its address.
    display_name: Annotated[str, Field(max_length=120)] = ""
    capacity: Annotated[int, Field(ge=1, le=10_000)] = 50
    labels: Annotated[dict[str, str], Field(max_length=64)] = {}
    memory_mb: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    cpus: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    most: NodeMost | None = None


class NodeRegisterResponse(NodeInfo):
    """The node's id and its own token."""

    token: str = ""


class NodeHeartbeat(Request):
    """A node's sign of life.

    `memory_mb` and `cpus` are what its instances may take together, `most` what one of them may.
    Where a node tells none of it, its places alone count.
    """

    id: Annotated[str, Field(min_length=1, max_length=64)]
    running: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    capacity: Annotated[int, Field(ge=0, le=10_000)] = 50
    cpu_percent: Percent = 0.0
    memory_percent: Percent = 0.0
    disk_percent: Percent = 0.0
    sampled_at: Annotated[float, Field(ge=0)] = 0.0
    url: Annotated[
        str, Field(pattern=f"^({_ADDRESS})?$", max_length=512), AfterValidator(_address)
    ] = ""
    ready_challenges: Annotated[list[str], Field(max_length=10_000)] | None = None
    latency_ms: Annotated[float, Field(ge=0)] = 0.0
    memory_mb: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    cpus: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    most: NodeMost | None = None


class CreateInviteRequest(Request):
    """A one-time registration token for a node."""

    ttl_seconds: Annotated[int, Field(ge=60, le=604_800)] = 3600


class CreateInviteResponse(Response):
    """The registration token, shown once."""

    id: str
    registration_token: str
    expires_at: datetime | None = None


class NodeInviteInfo(Response):
    """An invite: `pending`, `consumed`, `expired` or `revoked`."""

    id: str
    created_at: datetime | None = None
    expires_at: datetime | None = None
    status: str
    consumed_by_node_id: str = ""


class NodeStartRequest(Request):
    """The platform asks a node for an instance. `ttl` in seconds."""

    challenge_id: Annotated[str, Field(min_length=1, max_length=128)]
    instance_id: Annotated[str, Field(pattern=r"^[a-zA-Z0-9-]{1,64}$")]
    ttl: Annotated[int, Field(ge=1)]
    answers: dict[str, str] = {}
    proxy_output_dir: str | None = None
    challenge_digest: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


class NodeStartResponse(Response):
    """The node took the order."""

    instance_id: str
    status: str


class NodeInstanceState(Response):
    """How far an instance is on its node."""

    instance_id: str
    status: NodeInstanceStatus
    attack_surface: Annotated[AttackSurface | None, BeforeValidator(without_nul)] = None
    error: str = ""
    challenge_id: str = ""
    challenge_digest: str = ""
    expires_at: float = 0.0
    request_count: int = 0
    last_traffic_at: float = 0.0


class NodeInstanceHealth(Response):
    """Whether an instance's service answers."""

    is_healthy: bool


class NodeInstanceLogs(Response):
    """What an instance's processes printed, newest last."""

    logs: str


class FlowContent(Response):
    """What was sent: at most 1 MiB of it in `body`, and `body_bytes` in all."""

    body: str
    body_encoding: Literal["utf-8", "base64"]
    body_bytes: int


class FlowMessage(FlowContent):
    """A request, with its method and path, or a response, with its status and reason."""

    headers: Unbelieved[tuple[str, str]]
    truncated: bool
    http_version: str = "1.1"
    method: str = ""
    path: str = "/"
    status: int = 0
    reason: str = ""


class FlowPart(FlowContent):
    """A piece of a stream, `at` Unix seconds."""

    at: float
    sender: Annotated[Literal["client", "service"], Field(alias="from")]


class NodeFlow(Response):
    """An HTTP exchange with an instance, or one TCP stream. `started_at` in Unix seconds."""

    kind: Literal["http", "tcp"]
    service: str
    client: str
    started_at: Annotated[float, Field(ge=0, lt=253_402_300_800)]  # until the year 9999
    duration_ms: float
    request: FlowMessage | None = None
    response: FlowMessage | None = None
    bytes_from_client: int = 0
    bytes_from_service: int = 0
    truncated: bool = False
    data: Unbelieved[FlowPart] = []

    @model_validator(mode="after")
    def _is_whole(self) -> NodeFlow:
        """An exchange has a request: whoever reads one relies on it."""
        if self.kind == "http" and self.request is None:
            raise ValueError("an HTTP exchange without a request")
        return self

    def recorded(self) -> dict[str, Any]:
        """The flow as its node wrote it."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def line(self) -> bytes:
        """The same as JSON."""
        return self.model_dump_json(by_alias=True, exclude_unset=True).encode()


class NodeContainer(Response):
    """One container or sandbox of an instance."""

    name: str
    service: str
    status: str
    image: str = ""
    is_sidecar: bool = False


class NodeHealthResponse(Response):
    """A node's own view of itself."""

    status: str = "ok"
    version: str = ""
    provider: str = ""
    instances_host: str = ""
    isolation: str = ""
    running: int = 0
    capacity: int = 0
    cpu_percent: float = 0.0
    memory_percent: float = 0.0
    disk_percent: float = 0.0


class NodeRescanResponse(Response):
    """What a look at a node's challenges folder found, by challenge id."""

    added: Unbelieved[str]
    removed: Unbelieved[str]
    changed: Unbelieved[str]
    broken: Unbelieved[str] = []
    total: int


class NodeAccepted(Response):
    """The node builds or pulls; its state says how far it is."""

    status: str
    challenge_id: str = ""


class NodePatch(Request):
    """Change a node; what is left out stays. `draining`: it gets no new instances."""

    display_name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    labels: Annotated[dict[str, str], Field(max_length=64)] | None = None
    draining: bool | None = None


class NodeHealthSample(Response):
    """A node at one moment, `ts` in Unix seconds; how long its answer took in `latency_ms`."""

    node_id: str = ""
    ts: float = 0.0
    is_healthy: bool = True
    cpu_percent: float = 0.0
    memory_percent: float = 0.0
    disk_percent: float = 0.0
    latency_ms: float = 0.0
    running: int = 0


class NodeAgentRuntime(Response):
    """How a harness reaches an instance: through a proxy with this certificate, or directly."""

    kind: str
    ca_volume: str = ""
    proxy_url: str = ""
    ca_cert_pem: str = ""
    target_hosts: list[str]
