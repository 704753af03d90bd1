"""What the platform says about itself."""

from __future__ import annotations

from ctfy.server.models.base import Response


class HealthResponse(Response):
    """Alive, and which version: clients compare `major.minor` with their own.

    `idempotency_keys`: a POST that is repeated with its `Idempotency-Key` is done once.
    """

    status: str = "ok"
    hostname: str = ""
    running_instances: int = 0
    capacity: int = 0
    version: str = ""
    idempotency_keys: bool = False


class ClusterInfo(Response):
    """What a node needs to join."""

    platform_url: str
    node_image: str


class MetaPlatform(Response):
    """Where the platform's code comes from."""

    commit_sha: str | None = None
    commit_url: str | None = None
    repo_url: str = ""


class MetaChallenges(MetaPlatform):
    """Where the challenges come from, and how many there are."""

    total: int = 0


class MetaResponse(Response):
    """Version, origin and counts. Times are Unix seconds.

    What counts teams, people, nodes and instances is null for visitors; what counts challenges
    and solves counts those that whoever asks may see.
    """

    version: str = ""
    platform: MetaPlatform = MetaPlatform()
    challenges: MetaChallenges = MetaChallenges()
    started_at_ts: float = 0.0
    server_time_ts: float = 0.0
    teams_total: int | None = None
    users_total: int | None = None
    nodes_total: int | None = None
    nodes_healthy: int | None = None
    running_instances: int | None = None
    solves_total: int | None = None
    admin_shell_enabled: bool = False
