"""The platform at a glance. Times are Unix seconds."""

from __future__ import annotations

from typing import Literal

from ctfy.server.models.base import Response

Metric = Literal["launches", "submissions", "solves", "running_instances", "teams", "active_users"]


class AdminOverviewCounts(Response):
    """Nodes, and how many of them are healthy."""

    total: int = 0
    healthy: int = 0


class AdminOverview(Response):
    """Counts of everything."""

    nodes: AdminOverviewCounts = AdminOverviewCounts()
    capacity: int = 0
    running_instances: int = 0
    teams_total: int = 0
    solves_total: int = 0
    solves_today: int = 0
    users_total: int = 0
    users_active_24h: int = 0
    users_new_24h: int = 0
    queued_instances: int = 0
    draining_nodes: int = 0
    open_incidents: int = 0
    running_tasks: int = 0


class AdminStuckInstance(Response):
    """An instance that takes too long to start."""

    instance_id: str
    challenge_id: str = ""
    team_id: str = ""
    node_id: str = ""
    requested_at: float = 0.0
    stuck_for_s: float = 0.0


class AdminRecentError(Response):
    """An instance that failed lately."""

    instance_id: str
    challenge_id: str = ""
    team_id: str = ""
    node_id: str = ""
    error: str = ""
    stopped_at: float = 0.0


class AdminUnhealthyNode(Response):
    """A node that fell silent."""

    node_id: str
    display_name: str = ""
    url: str = ""
    last_heartbeat_ts: float = 0.0
    downtime_s: float = 0.0


class AdminSilentChallenge(Response):
    """A challenge that is launched, and that nobody answers: broken, or far too hard."""

    challenge_id: str
    name: str = ""
    launches: int = 0
    submissions: int = 0


class AdminNodeWarning(Response):
    """Something about a node that an operator can do better; `code` says what.

    `shared_host`: instances are at the platform's own host name, so browsers send them sessions.
    `limits_per_process`: the machine gives the node no cgroups for its sandboxes.
    """

    node_id: str
    display_name: str = ""
    code: str = ""
    detail: str = ""


class AdminHealthFlags(Response):
    """What an operator should look at now."""

    stuck_starting: list[AdminStuckInstance] = []
    recent_errors: list[AdminRecentError] = []
    unhealthy_nodes: list[AdminUnhealthyNode] = []
    silent_challenges: list[AdminSilentChallenge] = []
    node_warnings: list[AdminNodeWarning] = []


class AdminTimeseriesBucket(Response):
    """A count from `ts` on; `partial`: this bucket goes on."""

    ts: float = 0.0
    value: int = 0
    partial: bool = False


class AdminTimeseries(Response):
    """One metric over time."""

    metric: str = ""
    window_s: int = 0
    bucket_s: int = 0
    buckets: list[AdminTimeseriesBucket] = []


class AdminTrafficTeamRow(Response):
    """A team's traffic."""

    team_id: str
    team_name: str = ""
    instance_count: int = 0
    request_count: int = 0
    last_activity_at: float = 0.0


class AdminTrafficInstanceRow(Response):
    """An instance's traffic; `live`: it runs now."""

    instance_id: str
    team_id: str
    team_name: str = ""
    challenge_id: str = ""
    name: str = ""
    status: str = ""
    request_count: int = 0
    started_at: float = 0.0
    stopped_at: float = 0.0
    live: bool = False


class AdminTrafficSummary(Response):
    """Who sends how much, busiest first; the instances of the last day, and those that run."""

    teams: list[AdminTrafficTeamRow] = []
    instances: list[AdminTrafficInstanceRow] = []
    total_requests: int = 0


class AdminChallengeLastError(Response):
    """The latest failed launch."""

    ts: float = 0.0
    message: str = ""
    instance_id: str = ""


class AdminChallengeStatsRow(Response):
    """How a challenge does. Rates from 0 to 1, durations in seconds."""

    challenge_id: str
    name: str = ""
    difficulty: str = ""
    category: str = ""
    tags: list[str] = []
    question_count: int = 0
    launches: int = 0
    errors: int = 0
    error_rate: float = 0.0
    avg_launch_s: float = 0.0
    p50_launch_s: float = 0.0
    p95_launch_s: float = 0.0
    solve_rate: float = 0.0
    running_count: int = 0
    last_error: AdminChallengeLastError | None = None
    recent_launch_durations: list[float] = []


class AdminChallengeTimeseriesBucket(Response):
    """Launches from `ts` on."""

    ts: float = 0.0
    launches: int = 0
    errors: int = 0
    error_rate: float = 0.0
    p50_launch_s: float = 0.0
    p95_launch_s: float = 0.0
    partial: bool = False


class AdminChallengeTimeseries(Response):
    """A challenge's launches over time."""

    challenge_id: str = ""
    window_s: int = 0
    bucket_s: int = 0
    buckets: list[AdminChallengeTimeseriesBucket] = []


class AdminChallengeLatencyBucket(Response):
    """How many launches took how long."""

    label: str
    count: int = 0
