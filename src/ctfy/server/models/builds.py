"""Building and pulling challenges across the fleet."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ctfy.server.models.base import Request, Response, Unbelieved

BuildStatus = Literal["unbuilt", "building", "built", "failed"]
PullStatus = Literal["unpulled", "pulling", "pulled", "failed"]


class ChallengeBuildNodeState(Response):
    """A challenge on one node; `node_error`: the node did not answer."""

    node_id: str
    status: str = "unbuilt"
    built_at: float = 0.0
    error: str = ""
    node_error: str = ""


class ChallengeBuildStateRow(Response):
    """A challenge on every node: built where all have built it."""

    challenge_id: str
    aggregated: str = "unbuilt"
    nodes: list[ChallengeBuildNodeState] = []


class ChallengeBuildStateResponse(Response):
    """Every challenge on every node."""

    rows: list[ChallengeBuildStateRow] = []


class ChallengePullNodeState(Response):
    """A challenge's images on one node; `node_error`: the node did not answer."""

    node_id: str
    status: str = "unpulled"
    pulled_at: float = 0.0
    error: str = ""
    node_error: str = ""


class ChallengePullStateRow(Response):
    """A challenge's images on every node: pulled where all have them."""

    challenge_id: str
    aggregated: str = "unpulled"
    nodes: list[ChallengePullNodeState] = []


class ChallengePullStateResponse(Response):
    """Every challenge's images on every node."""

    rows: list[ChallengePullStateRow] = []


class ChallengeBuildKickoffNodeResult(Response):
    """What came of building on one node: the challenges that it was to build."""

    node_id: str
    ok: bool
    status: str = ""
    queued: list[str] = []
    skipped_built: list[str] = []
    skipped_in_progress: list[str] = []
    error: str = ""


class ChallengeBuildKickoffResponse(Response):
    """The result of a task that builds; `challenge_id` is empty where it was several."""

    challenge_id: str = ""
    nodes: list[ChallengeBuildKickoffNodeResult] = []


class ChallengePullKickoffNodeResult(Response):
    """What came of pulling on one node: the challenges whose images it was to pull."""

    node_id: str
    ok: bool
    status: str = ""
    queued: list[str] = []
    skipped_pulled: list[str] = []
    skipped_in_progress: list[str] = []
    error: str = ""


class ChallengePullKickoffResponse(Response):
    """The result of a task that pulls; `challenge_id` is empty where it was several."""

    challenge_id: str = ""
    nodes: list[ChallengePullKickoffNodeResult] = []


class ChallengeRescanNodeResult(Response):
    """How many challenges a node found, or why it did not look."""

    node_id: str
    ok: bool
    total: int | None = None
    error: str | None = None


class ChallengeRescanResult(Response):
    """The result of a rescan: what came and went in the platform's folder, and what nodes found.

    `broken`: challenges that the audit refuses; they stay as they were.
    """

    total: int
    added: list[str] = []
    removed: list[str] = []
    changed: list[str] = []
    broken: list[str] = []
    nodes: list[ChallengeRescanNodeResult] = []


class PrebuildScopeRequest(Request):
    """Which challenges; left out: all."""

    challenge_ids: Annotated[list[str], Field(max_length=10_000)] | None = None


class NodeBuildRow(Response):
    """A challenge on this node. `built_at` in Unix seconds."""

    challenge_id: str
    status: BuildStatus = "unbuilt"
    built_at: float = 0.0
    error: str = ""


class NodeBuildState(Response):
    """Every challenge on this node."""

    rows: Unbelieved[NodeBuildRow]


class NodeBuildLine(Response):
    """A line of what was said while a challenge was built or pulled; `seq` counts from 1."""

    seq: int
    line: str = ""


class NodeBuildLog(Response):
    """What this node said of a challenge, the newest lines; older ones are gone."""

    lines: Unbelieved[NodeBuildLine]


class NodePullRow(Response):
    """A challenge's images on this node. `pulled_at` in Unix seconds."""

    challenge_id: str
    status: PullStatus = "unpulled"
    pulled_at: float = 0.0
    error: str = ""


class NodePullState(Response):
    """Every challenge's images on this node."""

    rows: Unbelieved[NodePullRow]
