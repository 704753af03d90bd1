"""What is kept of instances that are over. Times are Unix seconds."""

from __future__ import annotations

from typing import Any

from ctfy.core.enums import ChallengeCategory
from ctfy.server.models.base import Response
from ctfy.server.models.instances import AttackSurface


class InstanceRecordInfo(Response):
    """An instance that is over, in a line."""

    id: str
    team_id: str = ""
    challenge_id: str = ""
    node_id: str = ""
    name: str = ""
    category: ChallengeCategory | None = None
    difficulty: str = ""
    status: str = ""
    stop_reason: str = ""
    error: str = ""
    error_detail: str = ""
    started_at: float = 0.0
    stopped_at: float = 0.0
    duration_s: float = 0.0
    ttl: int = 0
    solved: bool = False
    attempts: int = 0
    request_count: int = 0
    team_name: str = ""
    competition_id: str = ""
    user_id: str = ""


class InstanceRecordInfoDetail(InstanceRecordInfo):
    """The same with how it was made, what it showed, and where its artifacts lie in the store."""

    spec: dict[str, Any] = {}
    surface: AttackSurface | None = None
    artifact_dir: str = ""


class InstanceRecordArtifacts(Response):
    """What the archive holds of an instance."""

    has_manifest: bool = False
    has_container_log: bool = False
    events_count: int = 0
    submissions_count: int = 0
    traffic_count: int = 0
    pcap_bytes: int = 0
    total_bytes: int = 0
    archived_at: float = 0.0
    pruned_at: float = 0.0


class ContainerLog(Response):
    """What an instance's processes printed."""

    logs: str


class InstanceRecordDetail(Response):
    """A record and its artifacts."""

    record: InstanceRecordInfoDetail
    artifacts: InstanceRecordArtifacts = InstanceRecordArtifacts()
