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
    nodes: list[ChallengeBuildNodeState]


class ChallengeBuildStateResponse(Response):
    """Every challenge on every node."""

    rows: list[ChallengeBuildStateRow]


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
    nodes: list[ChallengePullNodeState]


class ChallengePullStateResponse(Response):
    """Every challenge's images on every node."""

    rows: list[ChallengePullStateRow]


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


class NodePullRow(Response):
    """A challenge's images on this node. `pulled_at` in Unix seconds."""

    challenge_id: str
    status: PullStatus = "unpulled"
    pulled_at: float = 0.0
    error: str = ""


class NodePullState(Response):
    """Every challenge's images on this node."""

    rows: Unbelieved[NodePullRow]
